"""Choosing packages of PyPI, for other machines than this one too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi import choose
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.placeholders import Present
from pypackage.core.errors import InputPathError, SolveError
from tests.support import wheels
from tests.support.http import login, serve


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


def test_resolve__constraints_at_a_url__bound_what_is_chosen(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.wheel(shelf, "tiny", "1.0")
    wheels.wheel(shelf, "tiny", "2.0")
    (tmp_path / "bounds.txt").write_text("tiny<2\n")
    with serve(tmp_path) as server:
        server.on("*", login("me", "opens-it"))
        url = server.url.replace("://", "://me:opens-it@")
        monkeypatch.setenv("PIP_CONSTRAINT", f"{url}/bounds.txt")
        (chosen,) = choose.resolve(["tiny"], ResolutionContext("3.11.4", {}))
    assert chosen.version == "1.0"


def test_resolve__constraint_on_what_is_present__bounds_it_no_more(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.wheel(shelf, "tiny", requires=["Big-Thing>=1"])
    (tmp_path / "inner.txt").write_text("big_thing<2\n")
    (tmp_path / "bounds.txt").write_text("-c inner.txt\nother<1 ; python_version > '3'\n")
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "bounds.txt"))
    context = ResolutionContext("3.11.4", {"big-thing": Present("2.0")})
    assert [one.name for one in choose.resolve(["tiny"], context)] == ["tiny"]


def test_resolve__file_of_constraints_that_is_missing__is_told(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.wheel(shelf, "tiny")
    monkeypatch.setenv("PIP_CONSTRAINT", "/nowhere/bounds.txt")
    with pytest.raises(InputPathError, match=r"pip or uv is configured with.*/nowhere/bounds\.txt"):
        choose.resolve(["tiny"], ResolutionContext("3.11.4", {}))


def test_resolve__extra_of_what_is_present__brings_what_it_requires(shelf: Path) -> None:
    wheels.wheel(shelf, "tiny", requires=["big[fast]"])
    wheels.wheel(shelf, "speed")
    big = Present("2.0", ("speed; extra == 'fast'",))
    chosen = choose.resolve(["tiny"], ResolutionContext("3.11.4", {"big": big}))
    assert [one.name for one in chosen] == ["speed", "tiny"]
