import os
import sys
from sys import platform as system

if sys.platform == "win32":
    import win32api
elif sys.platform.startswith("linux"):
    import pyudev
else:
    import pyobjc
if os.name == "nt":
    import colorama
if os.name == "posix":
    import sh
if sys.platform in ("win32", "cygwin"):
    import pywintypes
if system != "darwin":
    import secretstorage
if not sys.platform.startswith("win"):
    import uvloop
