try:
    try:
        import simplejson
    except ImportError:
        import ujson
except Exception:
    import orjson

try:
    def load():
        import tomli

    load()
except Exception:
    import tomlkit
