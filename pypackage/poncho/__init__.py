"""The functions of poncho's Python modules, with the same names and arguments.

Programs that use `ndcctools.poncho` only need to change the import.
"""

from __future__ import annotations

from pypackage.poncho import package_analyze, package_create

__all__ = ["package_analyze", "package_create"]
