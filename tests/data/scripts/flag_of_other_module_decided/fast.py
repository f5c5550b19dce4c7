try:
    import ujson
    FAST = True
except ImportError:
    import orjson
    FAST = False
