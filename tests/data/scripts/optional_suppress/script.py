import contextlib
from contextlib import suppress as quiet

with contextlib.suppress(ImportError):
    import a
with quiet(ModuleNotFoundError), open("x"):
    import b
with quiet(Exception):
    import c
with quiet(KeyError):
    import d
with suppress_nothing(ImportError):
    import e
