import platform
import sys

if sys.version_info[:2] in ((3, 9), (3, 10)):
    import n1
if sys.version_info[:2] in [(3, 10), (3, 11)]:
    import a1
if sys.version_info[:2] not in {(3, 11)}:
    import n2
if sys.version_info[0:2] >= (3, 12):
    import n3
if platform.python_version_tuple()[0] == "2":
    import n4
if sys.version_info[:3] in ((3, 11, 2), (3, 12, 0)):
    import a2
if sys.version_info[:2] in ((3, 9), minimum):
    import a3
if sys.version_info in (3, 11):
    import a4
if sys.hexversion in (1, 2):
    import n5
if sys.version in ("x",):
    import n6
if sys.version_info >= sys.version_info[:2]:
    import a5
if sys.hexversion == sys.hexversion:
    import a6
