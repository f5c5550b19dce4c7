"""Distributions whose RECORD or files are damaged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pypackage.backends.host import distribution_package
from pypackage.core.errors import SolveError
from pypackage.python import distributions


def test_files__pipe_or_impossible_name__neither_hangs_nor_breaks(tmp_path: Path) -> None:
    info = tmp_path / "tiny-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (info / "RECORD").write_text("ti\0ny.py,,\ntiny.py,,\n")
    os.mkfifo(tmp_path / "tiny.py")
    (found,) = distributions.scan([tmp_path])
    assert found.listed == ("tiny.py",)
    with pytest.raises(SolveError, match=r"lacks its file .*tiny\.py"):
        distribution_package.states(found)
