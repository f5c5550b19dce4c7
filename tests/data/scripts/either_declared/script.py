# /// script
# dependencies = ["ujson"]
# ///
try:
    import orjson
except ImportError:
    import ujson
