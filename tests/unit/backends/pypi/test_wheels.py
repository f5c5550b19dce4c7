"""Choosing and installing wheels, for other machines than this one too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi import wheels
from pypackage.backends.pypi.wheels import Site, Wheel
from pypackage.core.errors import InstallError, SolveError
from pypackage.core.progress import SILENT
from tests.support import wheels as making


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
    assert wheels.present(records) == {"graphviz": "0.20", "pytorch-cpu": "2.1"}


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
        making.wheel(shelf, "many", tag=tag)
    (chosen,) = wheels.resolve(["many"], Site("3.11.4", {}, platform="linux-64"))
    assert chosen.url.endswith(
        "many-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    )
    assert len(chosen.sha256) == 64


def test_resolve__glibc_of_the_workers__is_heeded(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making.wheel(shelf, "fresh", tag="cp311-cp311-manylinux_2_28_x86_64")
    site = Site("3.11.4", {}, platform="linux-64")
    assert wheels.resolve(["fresh"], site)
    monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.26")
    with pytest.raises(SolveError, match="fresh"):
        wheels.resolve(["fresh"], site)


def test_resolve__platform_that_uv_does_not_know__is_refused() -> None:
    with pytest.raises(SolveError, match="linux-s390x"):
        wheels.resolve(["one"], Site("3.11.4", {}, platform="linux-s390x"))


def test_install__for_another_platform__puts_everything_in_its_place(
    shelf: Path, tmp_path: Path
) -> None:
    files = {
        "far/__init__.py": "",
        "far-1.0.data/scripts/go-far": "#!python\nprint('far')\n",
        "far-1.0.data/data/share/far.txt": "far\n",
    }
    making.wheel(shelf, "far", files=files, tag="cp312-cp312-manylinux_2_17_aarch64")
    site = Site("3.12.1", {}, platform="linux-aarch64")
    chosen = wheels.resolve(["far"], site)
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    wheels.install(chosen, prefix, Path("/opt/there"), site, SILENT)
    modules = prefix / "lib/python3.12/site-packages"
    found = sorted(p.relative_to(prefix).as_posix() for p in prefix.rglob("*") if p.is_file())
    assert found == [
        "bin/go-far",
        *(f"lib/python3.12/site-packages/far-1.0.dist-info/{name}" for name in INFO),
        "lib/python3.12/site-packages/far/__init__.py",
        "share/far.txt",
    ]
    script = (prefix / "bin/go-far").read_text()
    assert script.startswith("#!/bin/sh\n")
    assert str(tmp_path) not in script
    record = (modules / "far-1.0.dist-info/RECORD").read_text()
    assert "../../../bin/go-far,sha256=" in record
    assert "../../../share/far.txt," in record


INFO = ("INSTALLER", "METADATA", "RECORD", "REQUESTED", "WHEEL")


def test_install__wheel_that_is_not_the_one_locked__is_refused(shelf: Path, tmp_path: Path) -> None:
    path = making.wheel(shelf, "one")
    wheel = Wheel("one", "1.0", path.as_uri(), "0" * 64)
    site = Site("3.12.1", {}, platform="linux-aarch64")
    with pytest.raises(InstallError, match=r"(?s)one.*0{64}"):
        wheels.install([wheel], tmp_path, tmp_path, site, SILENT)


def test_described__installed__has_what_the_metadata_requires(shelf: Path, tmp_path: Path) -> None:
    making.wheel(shelf, "one", requires=["two>=1; python_version < '3'"])
    site = Site("3.12.1", {}, platform="linux-aarch64")
    chosen = wheels.resolve(["one"], site)
    wheels.install(chosen, tmp_path / "prefix", tmp_path, site, SILENT)
    (known,) = wheels.described(chosen, tmp_path / "prefix")
    assert known.requires_dist == ("two>=1; python_version < '3'",)
