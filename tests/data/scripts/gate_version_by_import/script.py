import sys as system
from sys import version_info as v

if v < (3, 9):
    import a
if system.version_info >= (3, 9):
    import b
c = __import__("c") if v[0] < 3 else __import__("d")
