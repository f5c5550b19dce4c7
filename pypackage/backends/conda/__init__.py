"""The conda engine: solve, install and query with py-rattler.

No other package imports py-rattler. It is asynchronous; each function here runs one operation to
completion and turns its exceptions into errors of pypackage.
"""

from __future__ import annotations

from pypackage.backends.conda.install import install
from pypackage.backends.conda.platforms import check as check_platform
from pypackage.backends.conda.platforms import is_foreign
from pypackage.backends.conda.query import versions
from pypackage.backends.conda.settings import RETRIES, TIMEOUT, Settings
from pypackage.backends.conda.solve import solve

__all__ = [
    "RETRIES",
    "TIMEOUT",
    "Settings",
    "check_platform",
    "install",
    "is_foreign",
    "solve",
    "versions",
]
