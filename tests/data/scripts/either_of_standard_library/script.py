try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib
try:
    import zoneinfo
except ImportError:
    from backports import zoneinfo
