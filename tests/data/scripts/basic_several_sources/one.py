import a
try:
    import b
except ImportError:
    b = None
