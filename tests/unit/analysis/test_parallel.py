from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pypackage.analysis import parallel, scan_cache
from pypackage.analysis.imports import Scan, scan
from pypackage.core.progress import Task

TARGET = (3, 11)
COUNT = 12


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # What was just written is racily clean, and would be read again each time.
    monkeypatch.setattr(scan_cache, "RACY_NS", -(10**18))
    # As with thousands of files: two processes, whose results are one.
    monkeypatch.setattr(parallel, "_FORK", COUNT)
    folder = tmp_path / "tree"
    folder.mkdir()
    for i in range(COUNT):
        guard = "try:\n    import x\nexcept ImportError:\n    pass\n"
        (folder / f"m{i}.py").write_text(f"import a{i}\n{guard}\ndef f(n):\n    __import__(n)\n")
    return folder


def scanned(folder: Path) -> dict[str, Scan]:
    paths = [str(path) for path in sorted(folder.iterdir())]
    return {Path(path).name: found for path, found in parallel.scan_files(paths, TARGET, Task())}


def cache_files(folder: Path) -> list[Path]:
    return [path for path in (folder.parent / "cache").rglob("*") if path.is_file()]


def test_scan_files__cold_and_warm__same_as_one_by_one(tree: Path) -> None:
    expected = {path.name: scan(path.read_bytes(), str(path), TARGET) for path in tree.iterdir()}
    assert scanned(tree) == expected
    (cache,) = cache_files(tree)
    before = cache.stat().st_mtime_ns
    assert scanned(tree) == expected
    assert cache.stat().st_mtime_ns == before


def test_scan_files__unchanged_files__are_not_read_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scanned(tree)
    monkeypatch.setattr(parallel, "scan", None)  # to call it is an error
    assert scanned(tree) == first


def test_scan_files__file_as_young_as_its_scan__is_read_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_cache, "RACY_NS", 600 * 10**9)  # on a busy machine, too
    status = os.stat
    old = status(tree / "m7.py")
    scanned(tree)
    (tree / "m7.py").write_text((tree / "m7.py").read_text().replace("a7", "b7"))
    # No system call sets the ctime: a file system that keeps whole seconds would tell the old one.
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda path: old if path.endswith("m7.py") else status(path))
        found = scanned(tree)
    assert found["m7.py"].imports[0].module == "b7"


def test_scan_files__changed_content__is_seen_whatever_its_time(tree: Path) -> None:
    scanned(tree)
    path = tree / "m7.py"
    times = path.stat()
    path.write_text(path.read_text().replace("a7", "b7"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert scanned(tree)["m7.py"].imports[0].module == "b7"


def test_scan_files__broken_ones__are_left_out(tree: Path) -> None:
    (tree / "m1.py").write_bytes(b"\0")
    (tree / "m2.py").unlink()
    (tree / "m2.py").symlink_to("nowhere")
    assert len(scanned(tree)) == COUNT - 2


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 1000])
def test_scan_files__damaged_cache__is_made_again(tree: Path, content: bytes) -> None:
    expected = scanned(tree)
    (cache,) = cache_files(tree)
    whole = scan_cache.load(str(cache))  # of marshal's bytes several stand for one value
    assert len(whole) == COUNT
    cache.write_bytes(content)
    assert scanned(tree) == expected
    assert scan_cache.load(str(cache)) == whole


def test_scan_files__cache_that_cannot_be_written__is_no_error(tree: Path) -> None:
    (tree.parent / "cache").write_text("not a folder")
    assert len(scanned(tree)) == COUNT


def test_scan_files__same_content_elsewhere__its_own_sys_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import os, sys\nsys.path.insert(0, os.path.dirname(__file__) + '/lib')\n"
    paths = [tmp_path / folder / "s.py" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for _ in range(2):
        found = dict(parallel.scan_files([str(path) for path in paths], TARGET, Task()))
        assert [found[str(path)].paths for path in paths] == [
            (str(path.parent / "lib"),) for path in paths
        ]


def test_scan_files__same_content_by_another_kind_of_name__is_read_as_its_name_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cells = [{"cell_type": "code", "source": "import numpy", "metadata": {}, "outputs": []}]
    text = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    paths = [str(tmp_path / name) for name in ("a.py", "b.ipynb", "c")]
    for path in paths:
        Path(path).write_text(text)
    for _cold_or_warm in range(2):
        found = dict(parallel.scan_files(paths, TARGET, Task()))
        assert [[one.module for one in found[path].imports] for path in paths] == [
            [],
            ["numpy"],
            ["numpy"],
        ]


def test_scan_files__same_content_in_two_folders__paths_of_each(tree: Path) -> None:
    folders = [tree / "one", tree / "two"]
    for folder in folders:
        folder.mkdir()
        (folder / "run.py").write_text("import sys\nsys.path.insert(0, 'lib')\nimport helper\n")
    paths = [str(path) for path in sorted(tree.rglob("*.py"))]
    for _cold_or_warm in range(2):
        found = dict(parallel.scan_files(paths, TARGET, Task()))
        for folder in folders:
            assert found[str(folder / "run.py")].paths == (str(folder / "lib"),)
