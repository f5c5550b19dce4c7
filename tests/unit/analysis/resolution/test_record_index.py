from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.analysis.resolution.record_index import FileList

RECORD = (
    "../../../bin/tool,sha256=x,1\r\n"
    "a/__init__.py,sha256=x,1\na/b.py,sha256=x,1\nab/c.py,,\na/d/e.py,,\n"
    '"q,r/x.py",,\n"s/t,u.py",,\ns/v.py,,\n'
    "single.py,sha256=x,1\nsingle-1.0.dist-info/RECORD,,\next.cpython-311.so,,\n"
)


@pytest.mark.parametrize("ends", ["", "\r"])
def test_file_list__any_layout__has_each_top_level_name(tmp_path: Path, ends: str) -> None:
    (tmp_path / "RECORD").write_bytes(RECORD.replace("\n", f"{ends}\n").encode())
    listed = FileList(str(tmp_path), str(tmp_path))
    for top in ("a", "ab", "s", "single", "single-1", "ext"):
        assert listed.may_have(top.encode()), top
    for top in ("b", "c", "x", "bin", "tool", "sing", "e"):
        assert not listed.may_have(top.encode()), top


def test_file_list__list_was_changed__new_names(tmp_path: Path) -> None:
    for names in ("a", "bc"):
        (tmp_path / "RECORD").write_text(f"{names}/__init__.py,,\n")
        assert FileList("", str(tmp_path)).may_have(names.encode())
    assert not FileList("", str(tmp_path)).may_have(b"a")


@pytest.mark.parametrize("record", [None, ""])
def test_file_list__none__modules_of_top_level_txt(tmp_path: Path, record: str | None) -> None:
    if record is not None:
        (tmp_path / "RECORD").write_text(record)
    assert FileList("", str(tmp_path)).may_have(b"any")
    (tmp_path / "top_level.txt").write_text("a\nb\n")
    listed = FileList("", str(tmp_path))
    assert [listed.may_have(top) for top in (b"a", b"b", b"any")] == [True, True, False]
