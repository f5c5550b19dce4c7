try:
    import orjson as json
except ImportError:
    try:
        import ujson as json
    except ImportError:
        import simplejson as json
