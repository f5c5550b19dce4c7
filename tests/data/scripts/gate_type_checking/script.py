import typing
import typing as t
from typing import TYPE_CHECKING
from typing import TYPE_CHECKING as CHECKED
from typing_extensions import TYPE_CHECKING as CHECKED_TOO

if TYPE_CHECKING:
    import a1
else:
    import b1
if typing.TYPE_CHECKING and b1:
    import a2
if not t.TYPE_CHECKING:
    import b2
else:
    import a3
if CHECKED:
    from a4 import x

    def never():
        import a5
elif b2:
    import b3
if TYPE_CHECKING or b3:
    import b4
if CHECKED_TOO:
    import a6
