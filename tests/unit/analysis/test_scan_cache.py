from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.analysis import implied, scan_cache
from pypackage.analysis.scan_cache import Facts
from pypackage.core.errors import PackageError
from pypackage.pipeline.analyze import Needs, analyze

TARGET = (3, 11)
COUNT = 250  # enough for facts to be kept


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # What was just written is racily clean, and would be read again each time.
    monkeypatch.setattr(scan_cache, "RACY_NS", -(10**18))
    return tmp_path / "cache"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Many files, of which some show needs, export names, and are not among the sources."""
    folder = tmp_path / "tree"
    (folder / "own").mkdir(parents=True)
    (folder / "build").mkdir()
    for i in range(COUNT):
        (folder / f"m{i}.py").write_text("from own import *\nimport build.made\n")
    (folder / "own" / "__init__.py").write_text("__all__ = ['part']\n")
    (folder / "own" / "part.py").write_text("import pandas as pd\npd.read_feather('x')\n")
    (folder / "build" / "made.py").write_text("import yaml\n")
    return folder


def needs_of(folder: Path) -> Needs:
    return analyze([str(folder)], python="3.11")


def test_analyze__many_files_once_more__same_result_and_no_tree_is_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = needs_of(tree)
    assert first.requirements.modules == ("pandas", "yaml")
    assert "pyarrow" in first.requirements.dependencies
    monkeypatch.setattr(implied, "in_file", None)  # to call it is an error
    monkeypatch.setattr("pypackage.analysis.analyzer.scan", None)
    monkeypatch.setattr("pypackage.python.source_tree.parse", None)
    assert needs_of(tree).requirements == first.requirements


def test_analyze__what_was_kept_has_changed__is_seen(tree: Path) -> None:
    needs_of(tree)
    (tree / "own" / "part.py").write_text("import pandas as pd\npd.read_hdf('x')\n")
    (tree / "build" / "made.py").write_text("import requests\n")
    changed = needs_of(tree).requirements
    assert changed.modules == ("pandas", "requests")
    assert "pytables" in changed.dependencies
    assert "pyarrow" not in changed.dependencies
    (tree / "own" / "__init__.py").write_text("__all__ = []\n")
    assert needs_of(tree).requirements.modules == ("pandas", "requests")


def test_facts__asked_again_in_the_same_run_or_the_next__are_found_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("1")
    asked: list[int] = []

    def read() -> str:
        asked.append(1)
        return path.read_text()

    def fact(question: object) -> object:
        facts = Facts(str(tmp_path), TARGET)
        answer = facts.get("kind", str(path), question, read)
        facts.save()
        return answer

    assert [fact("q"), fact("q")] == ["1", "1"]
    assert len(asked) == 1
    assert fact("another") == "1"
    path.write_text("23")
    assert fact("another") == "23"
    assert len(asked) == 3


def test_facts__what_cannot_be_found_or_is_racily_clean__is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> object:
        raise PackageError("no")

    facts = Facts(str(tmp_path), TARGET)
    with pytest.raises(PackageError):
        facts.get("kind", str(tmp_path / "none"), None, fails)
    monkeypatch.setattr(scan_cache, "RACY_NS", 2_000_000_000)
    path = tmp_path / "a.py"
    path.write_text("1")
    assert facts.get("kind", str(path), None, lambda: 1) == 1
    facts.save()
    assert Facts(str(tmp_path), TARGET).get("kind", str(path), None, lambda: 2) == 2


def test_cache__of_another_version_of_the_program__is_replaced_and_not_taken(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text("1")

    def fact(value: str) -> object:
        facts = Facts(str(tmp_path), TARGET)
        found = facts.get("kind", str(path), None, lambda: value)
        facts.save()
        return found

    assert [fact("1"), fact("2")] == ["1", "1"]
    # Another version would have to be installed.
    monkeypatch.setattr(scan_cache, "_program", lambda: b"another program.")
    assert [fact("2"), fact("3")] == ["2", "2"]
    assert len([one for one in cache.rglob("*") if one.is_file()]) == 1
