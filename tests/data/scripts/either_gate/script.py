import sys

try:
    import tomllib
except ImportError:
    if sys.version_info >= (3, 11):
        raise
    import tomli as tomllib
try:
    import orjson
except ImportError:
    if sys.platform == "win32":
        orjson = None
    else:
        raise
