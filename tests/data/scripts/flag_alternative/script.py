from importlib.util import find_spec

try:
    import tomllib
except ImportError:
    tomllib = None
if tomllib is None:
    import tomli as tomllib

if find_spec("orjson"):
    import orjson as json
else:
    import simplejson as json
if find_spec("yaml") is None:
    raise SystemExit("install yaml")
else:
    import yaml
