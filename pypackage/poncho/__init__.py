"""The functions of poncho's Python modules, under their names and with their arguments.

Programs that use `ndcctools.poncho` change the import alone.
"""

from __future__ import annotations

from pypackage.poncho import package_analyze, package_create

__all__ = ["package_analyze", "package_create"]
