import sys
from typing import TYPE_CHECKING

if sys.version_info >= (3, 8):
    if sys.platform == "win32":
        import a
    elif TYPE_CHECKING:
        import b
    else:
        import c
else:
    if c:
        import d
while sys.version_info < (3, 0):
    import e
if not (TYPE_CHECKING or sys.platform == "darwin"):
    import f
if TYPE_CHECKING and f or f:
    import g
