"""From the bytes of a Python source to what it imports, where and why.

Nothing is imported or run: the source is parsed to a tree, and the tree is walked with a
context that says under which conditions each part of it runs. Where this Python's grammar
does not understand a source, its lines are looked at one by one (`fallback`); where there
are thousands of sources, most of them need no tree (`prescan`).
"""

from __future__ import annotations

from pypackage.analysis.imports.model import Import, Remark, Scan, Target, Why, place, target_of
from pypackage.analysis.imports.sources import scan

__all__ = ["Import", "Remark", "Scan", "Target", "Why", "place", "scan", "target_of"]
