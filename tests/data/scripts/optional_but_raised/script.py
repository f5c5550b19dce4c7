import sys

try:
    import a
except ImportError:
    raise SystemExit("a is needed")
try:
    import b
except ImportError as error:
    print(error)
    sys.exit(1)
try:
    import c
except ImportError as error:
    raise RuntimeError("install c") from error
