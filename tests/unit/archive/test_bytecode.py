from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pypackage.archive import bytecode
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package, Relocation
from pypackage.core import platforms
from pypackage.core.store import Store
from tests.support.heard import Heard

TAG = sys.implementation.cache_tag
PYTHON = Package("python", "3.11.7", "h0_0", platforms.here(), "ab" * 32, "u", ())


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment whose interpreter is the tests' own, with three modules."""
    folder = tmp_path / "prefix"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    (folder / "lib").mkdir()
    for name in ("a", "b", "held"):
        (folder / f"lib/{name}.py").write_text(f"{name} = 1\n")
    return folder


def contents(prefix: Path, *more: Entry, python: Package = PYTHON) -> Contents:
    entries = [
        Entry("lib/a.py", prefix / "lib/a.py", package="one"),
        Entry("lib/b.py", prefix / "lib/b.py"),
        Entry("lib/held.py", prefix / "lib/held.py", package="one"),
        *more,
    ]
    return Contents(
        tuple(sorted(entries, key=lambda entry: entry.target)),
        (Relocation("lib/held.py", "text", "/p"),),
        (python, Package("one", "1", "0", "noarch", "cd" * 32, "u", ())),
    )


def complete(given: Contents, prefix: Path, heard: Heard | None = None) -> dict[str, Entry]:
    store = Store(prefix.parent / "store")
    done = bytecode.complete(given, prefix, store, 2, heard or Heard())
    assert [e.target for e in done.entries] == sorted(e.target for e in done.entries)
    return {entry.target: entry for entry in done.entries}


def test_complete__modules__have_byte_code_of_the_same_package(prefix: Path) -> None:
    found = complete(contents(prefix), prefix)
    code = found[f"lib/__pycache__/a.{TAG}.pyc"]
    assert code.package == "one"
    assert code.data is not None
    assert code.data[4:8] == b"\1\0\0\0"
    assert f"lib/__pycache__/b.{TAG}.pyc" in found
    assert f"lib/__pycache__/held.{TAG}.pyc" not in found


def test_complete__byte_code_of_a_session_here__is_replaced_or_left_out(prefix: Path) -> None:
    (prefix / "old.pyc").write_bytes(b"of this machine")
    names = [f"a.{TAG}.pyc", f"a.{TAG}.opt-1.pyc", f"held.{TAG}.pyc", "gone.cpython-31.pyc"]
    old = [Entry(f"lib/__pycache__/{name}", prefix / "old.pyc") for name in names]
    found = complete(contents(prefix, *old), prefix)
    assert [name for name in names if f"lib/__pycache__/{name}" in found] == [names[0], names[3]]
    assert found[f"lib/__pycache__/a.{TAG}.pyc"].data


def test_complete__again__takes_what_was_kept(prefix: Path) -> None:
    first, second, third = Heard(), Heard(), Heard()
    made = complete(contents(prefix), prefix, first)
    assert complete(contents(prefix), prefix, second) == made
    (prefix / "lib/b.py").write_text("b = 2\n")
    assert complete(contents(prefix), prefix, third) != made
    assert [first.steps, second.steps, third.steps] == [["compiling"], [], ["compiling"]]


def test_complete__kept_byte_code_is_damaged__is_made_anew(prefix: Path) -> None:
    made = complete(contents(prefix), prefix)
    for path in (prefix.parent / "store").iterdir():
        damaged = path.read_bytes()[:-1]
        path.write_bytes(damaged)
    heard = Heard()
    assert complete(contents(prefix), prefix, heard) == made
    assert heard.steps == ["compiling"]


def test_complete__store_that_cannot_be_written__is_no_error(prefix: Path) -> None:
    (prefix.parent / "store").write_text("in the way")
    assert f"lib/__pycache__/a.{TAG}.pyc" in complete(contents(prefix), prefix)


@pytest.mark.parametrize(
    ("version", "subdir", "said"),
    [
        ("3.11.7", "win-64", ["Python for win-64 does not run here"]),
        ("3.6.15", PYTHON.subdir, []),
    ],
)
def test_complete__python_that_cannot_make_it__is_left_as_it_is(
    prefix: Path, version: str, subdir: str, said: list[str]
) -> None:
    python = Package("python", version, "0", subdir, "", "", ())
    heard = Heard()
    given = contents(prefix, python=python)
    assert list(complete(given, prefix, heard)) == [entry.target for entry in given.entries]
    assert [message.partition("compile: ")[2] for message in heard.warnings] == said


def test_complete__interpreter_that_does_not_run__is_told(prefix: Path) -> None:
    (prefix / "bin/python").unlink()
    (prefix / "bin/python").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    (prefix / "bin/python").chmod(0o755)
    heard = Heard()
    assert len(complete(contents(prefix), prefix, heard)) == 3
    assert "tasks will have to compile" in heard.warnings[0]
    assert "broken" in heard.warnings[0]
