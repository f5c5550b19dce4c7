"""Debug information is left out of what is packed, and all else stays."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest

from pypackage.backends.host import strip
from pypackage.backends.host.files import PackageFile
from tests.support.needs import need


@pytest.fixture
def library(tmp_path: Path) -> Path:
    source, made = tmp_path / "x.c", tmp_path / "libx.so"
    source.write_text("int answer(void) {return 42;}\n")
    need("strip")
    subprocess.run([need("gcc"), "-g", "-shared", "-fPIC", source, "-o", made], check=True)
    return made


def test_without_debug__library_with_it__is_smaller_works_and_comes_out_the_same(
    library: Path, tmp_path: Path
) -> None:
    before = library.read_bytes()
    results = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        item = PackageFile("lib/libx.so", source=library)
        (made,) = strip.without_debug([item], tmp_path / name)
        assert made.source
        results.append(made.source.read_bytes())
        assert made.source.stat().st_mode & 0o111 == library.stat().st_mode & 0o111
    assert b".debug_info" in before
    assert b".debug_info" not in results[0]
    assert results[0] == results[1]
    assert ctypes.CDLL(str(made.source)).answer() == 42
    assert library.read_bytes() == before


def test_without_debug__nothing_to_leave_out__same_items(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(".debug_info")
    items = [PackageFile("a", source=tmp_path / "text"), PackageFile("b", link="a")]
    assert strip.without_debug(items, tmp_path) == items


def test_without_debug__no_strip__same_items(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    item = PackageFile("lib/libx.so", source=library)
    assert strip.without_debug([item], tmp_path) == [item]
