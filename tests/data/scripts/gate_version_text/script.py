import sys

if sys.version < "3":
    import zq_two
if sys.version.startswith("2"):
    import zq_two_too
if sys.version >= "3":
    import zq_three
if sys.version >= "3.11.7 (main":
    import zq_exact
