"""Random and damaged files: a result or a clear error, whatever they hold."""

from __future__ import annotations

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pypackage.cli import analyze
from tests.fuzz.sources import PIECES, many_sources, sources

LONG_ENOUGH = 5.0
ANY = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@settings(ANY, max_examples=300)
@given(source=sources)
def test_analyze__any_bytes__result_or_clear_error(folder: Path, source: bytes) -> None:
    analyzed(folder, "source.py", source)


@settings(ANY, max_examples=60)
@given(source=sources)
def test_analyze__any_notebook__result_or_clear_error(folder: Path, source: bytes) -> None:
    analyzed(folder, "note.ipynb", notebook(source))
    analyzed(folder, "note.ipynb", source)


@settings(ANY, max_examples=60)
@given(source=sources, name=st.sampled_from(["f", "K.m", "f.g", "<lambda>", "", "."]))
def test_analyze__any_function__result_or_clear_error(
    folder: Path, source: bytes, name: str
) -> None:
    status = analyzed(folder, "source.py", source, "--function", name, fine=(0, 1, 2, 3))
    assert status != 0 or name.strip(".")


@settings(ANY, max_examples=100)
@given(tail=st.lists(st.sampled_from(PIECES), max_size=10).map(b" ".join))
def test_analyze__any_tail__what_stands_before_is_found(folder: Path, tail: bytes) -> None:
    if b"\0" in tail or b"\xff" in tail or b"coding" in tail or b"///" in tail:
        return  # no text, or declared to be something else: an error, not a broken tail
    source = b"import one.deep\nfrom two import x\n\n\ndef f():\n    import three\n\n\n" + tail
    analyzed(folder, "source.py", source)
    found = json.loads((folder / "out.json").read_bytes())
    assert {"one", "two", "three"} <= {*found["modules"], *found.get("optional", {})}


@pytest.mark.slow
def test_analyze__85000_files__result_or_clear_error(folder: Path) -> None:
    for source in many_sources(85_000):
        analyzed(folder, "source.py", source)


@pytest.mark.slow
def test_analyze__15000_notebooks__result_or_clear_error(folder: Path) -> None:
    for source in many_sources(15_000):
        analyzed(folder, "note.ipynb", notebook(source))


def notebook(source: bytes) -> bytes:
    cell = {"cell_type": "code", "source": source.decode("utf-8", "replace").splitlines(True)}
    return json.dumps({"nbformat": 4, "cells": [cell]}).encode()


def analyzed(
    folder: Path, name: str, source: bytes, *options: str, fine: tuple[int, ...] = (0, 3)
) -> int:
    """Analyze a source; its status, when that and what was said are as they should be."""
    path, out = folder / name, folder / "out.json"
    path.write_bytes(source)
    out.unlink(missing_ok=True)
    said, started = io.StringIO(), process_time()
    with contextlib.redirect_stderr(said):
        status = analyze.main(["--python", "3.11", *options, str(path), str(out)])
    path.unlink()  # it would be a local module of the next one
    assert process_time() - started < LONG_ENOUGH
    assert status in fine, said.getvalue()
    assert "Traceback" not in said.getvalue()
    assert "internal error" not in said.getvalue()
    if status == 3:
        assert re.search(rf"error: .*{re.escape(name)}(:\d+| )", said.getvalue()), said.getvalue()
    assert out.exists() == (status == 0)
    return status
