"""The conda engine: solving, installing and indexing by py-rattler.

The only package that knows py-rattler. It is asynchronous inside; each function here runs
one operation to its end and turns what went wrong into an error of this package.
"""

from __future__ import annotations

from pypackage.engine.indexing import index
from pypackage.engine.installing import install
from pypackage.engine.listing import versions
from pypackage.engine.platforms import check as check_platform
from pypackage.engine.platforms import is_foreign
from pypackage.engine.settings import RETRIES, TIMEOUT, Settings
from pypackage.engine.solving import solve

__all__ = [
    "RETRIES",
    "TIMEOUT",
    "Settings",
    "check_platform",
    "index",
    "install",
    "is_foreign",
    "solve",
    "versions",
]
