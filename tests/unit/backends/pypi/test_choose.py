"""Choosing packages of PyPI, for other machines than this one too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi import choose
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.placeholders import Present
from pypackage.core.errors import SolveError
from tests.support import wheels


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


def test_present__packages_that_depend_on_python__by_their_names_on_pypi() -> None:
    records = [
        ("python", "3.11.7", ["openssl"]),
        ("graphviz", "9.0", ["libglib"]),  # the program, not PyPI's graphviz
        ("python-graphviz", "0.20", ["python >=3"]),
        ("pytorch-cpu", "2.1", ["python_abi 3.11.*"]),
    ]
    assert choose.present(records) == {
        "graphviz": Present("0.20"),
        "pytorch-cpu": Present("2.1"),
    }


def test_resolve__several_wheels__takes_the_one_for_this_python_and_the_oldest_machines(
    shelf: Path,
) -> None:
    for tag in (
        "py3-none-any",
        "cp39-abi3-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_34_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp312-cp312-manylinux_2_17_x86_64",
    ):
        wheels.wheel(shelf, "many", tag=tag)
    (chosen,) = choose.resolve(["many"], ResolutionContext("3.11.4", {}, platform="linux-64"))
    assert chosen.url.endswith(
        "many-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    )
    assert len(chosen.sha256) == 64


def test_resolve__glibc_of_the_workers__is_heeded(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.wheel(shelf, "fresh", tag="cp311-cp311-manylinux_2_28_x86_64")
    context = ResolutionContext("3.11.4", {}, platform="linux-64")
    assert choose.resolve(["fresh"], context)
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.26")
    with pytest.raises(SolveError, match="fresh"):
        choose.resolve(["fresh"], context)


def test_resolve__platform_that_uv_does_not_know__is_refused() -> None:
    with pytest.raises(SolveError, match="linux-s390x"):
        choose.resolve(["one"], ResolutionContext("3.11.4", {}, platform="linux-s390x"))
