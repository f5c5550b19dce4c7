import contextlib
import numpy
from contextlib import suppress as quiet

try:
    import ujson as json
except ImportError:
    import json

try:
    import numpy.fft
    import first
except (AttributeError, ModuleNotFoundError):
    import second
else:
    import third
finally:
    import always

try:
    import needed
except ImportError:
    raise SystemExit("needed is needed")

try:
    import needed_too
except ImportError as error:
    print(error)
    sys.exit(1)

try:
    import unrelated
except ValueError:
    import in_handler

with contextlib.suppress(ImportError):
    import suppressed
with quiet(Exception), open("x"):
    import suppressed_too
with quiet(KeyError):
    import not_suppressed

try:

    def later():
        import at_call
except Exception:
    import debugger

try:
    import any_error
except:
    any_error = None

try:
    work()
except ImportError:

    def work():
        import fallback_function

with quiet(ImportError):
    import first, ujson
