try:
    try:
        import a
    except KeyError:
        import b
except ImportError:
    a = None
try:
    try:
        import c
    except ImportError:
        import d
except ImportError:
    d = None
