import sys

missing = []
try:
    import r1
except ImportError:
    missing.append("r1")
try:
    import r2
except ImportError as error:
    missing.append(str(error))
if missing:
    sys.exit("install " + ", ".join(missing))

absent = []
try:
    import o1
except ImportError:
    absent.append("o1")
if absent:
    print("without", absent)
else:
    import o2
