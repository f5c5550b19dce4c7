import sys

if sys.version_info >= (3, 11, 4):
    import a
else:
    import b
