import distutils, tomllib, winreg, msvcrt, nt, test.support, _json, __main__, xml.dom
from __future__ import annotations
