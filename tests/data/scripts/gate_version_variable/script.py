import sys

PY2 = sys.version_info[0] == 2
if PY2:
    import a
else:
    import b
