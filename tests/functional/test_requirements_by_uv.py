"""Requirements files as uv itself reads them, offline, with an index of wheels of one's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.core.errors import PackageError
from pypackage.core.package_names import normalize
from pypackage.requirements.formats import requirements_txt
from tests.support import wheels

UV = Path(sys.executable).with_name("uv")
INDEX = ("a", "b-c", "d")
HASHED = "a==1.0 \\\n    --hash=sha256:HASH \\\n    --hash=sha256:" + "0" * 64 + "\n"
TAKEN = [
    "a\n",
    "A == 1.0 # comment\n",
    "a>=0.5,<2;python_version>'3'\n",
    "a ; sys_platform == 'win32'\nd\n",
    "a[x,y]~=1.0\nB.c\n",
    "b_c===1.0\nd!=2\n",
    "a (>=1.0)\n",
    "a==1.*\n\n   # comment\n\td\n",
    "# a \\\nd\n",
    "\ufeffa\r\nd\r\n",
    "a\n-r more.txt\n",
    "a\n--requirement=more.txt\n",
    "a\n-c bounds.txt\n",
    "a\n--constraint bounds.txt\nd\n",
    "--pre\n--prefer-binary\na\n",
    "--only-binary :all:\na\n",
    "--only-binary=a\na\n",
    "--find-links wheels\na\n",
    "-f wheels\na\n",
    "--no-index\na\n",
    "--extra-index-url https://example.invalid/simple\n--no-index\na\n",
    "a @ ./wheels/a-1.0-py3-none-any.whl\n",
    "./wheels/a-1.0-py3-none-any.whl\n",
    "a @ file:FOLDER/wheels/a-1.0-py3-none-any.whl\n",
    "file://FOLDER/wheels/a-1.0-py3-none-any.whl\n",
    "a @ file://FOLDER/wheels/a-1.0-py3-none-any.whl ; python_version > '3'\n",
    HASHED,
    "--require-hashes\n" + HASHED,
]
REFUSED = [
    "a b\n",
    "a=1.0\n",
    "a==\n",
    "a>>1\n",
    "conda-forge::a\n",
    "a ; python_version\n",
    "a[x\n",
    "-r missing.txt\n",
    "-c missing.txt\n",
    "./missing\n",
    "--no-such-option\na\n",
    "<<<<<<< HEAD\na\n",
    "[packages]\na = '*'\n",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("uv")
    for name in INDEX:
        wheels.wheel(there / "wheels", name)
    (there / "more.txt").write_text("d\n")
    (there / "bounds.txt").write_text("a<2\nb-c<2\n")
    return there


def by_uv(file: Path) -> set[str] | str:
    """The names that uv takes from a file, or why it does not take it."""
    argv = ["pip", "compile", "--no-config", "--offline", "--no-header", "--no-annotate"]
    argv += ["--no-index", "--find-links", "wheels", "--no-deps", "--python", sys.executable]
    done = subprocess.run(
        [UV, *argv, "--quiet", "--cache-dir", file.parent / "cache", file.name],
        capture_output=True,
        text=True,
        cwd=file.parent,
        env={"PATH": os.defpath, "HOME": str(file.parent)},
        timeout=60,
    )
    if done.returncode:
        return done.stderr
    texts = (text for text in done.stdout.splitlines() if not text.startswith(("-", " ", "#")))
    found = (re.match(r"(?:\./wheels/|file://.*/)?([\w.-]+?)(?=-1\.0-|[\s=@]|$)", t) for t in texts)
    return {normalize(one[1]) for one in found if one}


def by_us(file: Path) -> set[str] | str:
    from pypackage.requirements import pep508

    try:
        found = requirements_txt.read(file.read_bytes(), file.name, str(file.parent))
    except PackageError as error:
        return str(error.message)
    every = [pep508.parse(one) for one in found.pip]
    here = pep508.markers("")
    return {normalize(one.name) for one in every if pep508.holds(one, here)}


@pytest.mark.parametrize("text", TAKEN)
def test_read__what_uv_takes__names_the_same_packages(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    digest = wheels_digest(folder / "wheels" / "a-1.0-py3-none-any.whl")
    file = folder / "r.txt"
    file.write_bytes(text.replace("FOLDER", str(folder)).replace("HASH", digest).encode())
    monkeypatch.chdir(folder)
    theirs = by_uv(file)
    assert isinstance(theirs, set), theirs
    assert by_us(file) == theirs


@pytest.mark.parametrize("text", REFUSED)
def test_read__what_uv_refuses__is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = folder / "r.txt"
    file.write_text(text)
    monkeypatch.chdir(folder)
    assert isinstance(by_uv(file), str)
    assert isinstance(by_us(file), str)


def wheels_digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
