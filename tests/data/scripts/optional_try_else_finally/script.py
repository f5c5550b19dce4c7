try:
    import a
except ImportError:
    a = None
else:
    import b
finally:
    import c
