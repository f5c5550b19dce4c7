import os
import sys

if os.environ.get("X"):
    import a
else:
    import b
if sys.argv and sys.version_info >= (3, 8):
    import c
if sys.argv or sys.version_info < (3, 8):
    import d
if sys.version_info >= required:
    import e
