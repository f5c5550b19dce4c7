"""Find what a Python source imports, where, and whether it is required.

Nothing is imported or run: the source is parsed, and its tree is walked with a context that says
under which conditions each part runs. Where this Python's grammar does not fit the source, its
lines are parsed one by one (`fallback`); in trees of thousands of sources, most are analyzed
without a syntax tree (`prescan`).
"""

from __future__ import annotations

from pypackage.analysis.imports.model import Import, Remark, Scan, Target, Why, place, target_of
from pypackage.analysis.imports.sources import scan

__all__ = ["Import", "Remark", "Scan", "Target", "Why", "place", "scan", "target_of"]
