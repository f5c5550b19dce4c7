from fast import FAST
if FAST:
    import ujson_extra
else:
    import rich
