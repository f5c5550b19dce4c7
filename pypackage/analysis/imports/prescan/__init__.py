"""Find the imports of ordinary sources without parsing them."""

from pypackage.analysis.imports.prescan.scanner import scan as scan
