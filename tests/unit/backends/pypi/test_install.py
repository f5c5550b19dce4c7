"""Installing packages of PyPI, for other machines than this one too."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi import choose, install
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core.errors import InstallError
from pypackage.core.progress import SILENT
from tests.support import wheels


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


def test_install__for_another_platform__puts_everything_in_its_place(
    shelf: Path, tmp_path: Path
) -> None:
    files = {
        "far/__init__.py": "",
        "far-1.0.data/scripts/go-far": "#!python\nprint('far')\n",
        "far-1.0.data/data/share/far.txt": "far\n",
    }
    wheels.wheel(shelf, "far", files=files, tag="cp312-cp312-manylinux_2_17_aarch64")
    context = ResolutionContext("3.12.1", {}, platform="linux-aarch64")
    chosen = choose.resolve(["far"], context)
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    install.install(chosen, prefix, Path("/opt/there"), context, SILENT)
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
    path = wheels.wheel(shelf, "one")
    package = PyPIPackage("one", "1.0", path.as_uri(), "0" * 64)
    context = ResolutionContext("3.12.1", {}, platform="linux-aarch64")
    with pytest.raises(InstallError, match=r"(?s)one.*0{64}"):
        install.install([package], tmp_path, tmp_path, context, SILENT)


def test_described__installed__has_what_the_metadata_requires(shelf: Path, tmp_path: Path) -> None:
    wheels.wheel(shelf, "one", requires=["two>=1; python_version < '3'"])
    context = ResolutionContext("3.12.1", {}, platform="linux-aarch64")
    chosen = choose.resolve(["one"], context)
    install.install(chosen, tmp_path / "prefix", tmp_path, context, SILENT)
    (known,) = install.described(chosen, tmp_path / "prefix")
    assert known.requires_dist == ("two>=1; python_version < '3'",)
