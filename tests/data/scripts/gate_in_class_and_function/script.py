import sys
from typing import TYPE_CHECKING


class K:
    if TYPE_CHECKING:
        import a

    def m(self):
        if sys.version_info < (3,):
            import b
        else:
            import c
