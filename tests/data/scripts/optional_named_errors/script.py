import contextlib

MISSING = (ImportError, OSError)
ERROR = ModuleNotFoundError
OTHER = (KeyError, OSError)

try:
    import a
except MISSING:
    a = None
try:
    import b
except ERROR:
    b = None
with contextlib.suppress(*MISSING):
    import c
with contextlib.suppress(ERROR):
    import d
quiet = contextlib.suppress(ImportError)
with quiet:
    import e
try:
    import f
except OTHER:
    f = None
with contextlib.suppress(*OTHER):
    import g
