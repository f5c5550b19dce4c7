try:
    from fast import run
except ImportError:
    from slow import run
try:
    import accelerated
except ImportError:
    import plain
try:
    from . import not_built
except ImportError:
    import numpy
