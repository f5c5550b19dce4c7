from importlib import import_module

try:
    import_module("a.sub")
    b = __import__("b")
except ImportError:
    pass
