"""Contents that are packed for a place that is known."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

import pytest

from pypackage.archive import fixed_place
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Relocation
from pypackage.core import elf
from pypackage.core.errors import PackError, UsageError
from tests.support.catalogue import compiler
from tests.support.needs import missing

PLACE = PurePosixPath("/opt/app")
MARK = "/a-placeholder-of-some-length"


def settled(tmp_path: Path, *entries: Entry, binary: str = "") -> dict[str, Entry]:
    relocations = [
        Relocation(one.target, "binary" if one.target == binary else "text", MARK)
        for one in entries
        if one.data and MARK.encode() in one.data
    ]
    contents = Contents(entries, tuple(relocations), ())
    made = fixed_place.settle(contents, PLACE, tmp_path, tmp_path / "cache", 1)
    assert made.relocations == ()
    assert made.entries == tuple(sorted(made.entries, key=lambda one: one.target))
    return {one.target: one for one in made.entries}


def test_settle__files_that_hold_the_prefix__name_the_place(tmp_path: Path) -> None:
    found = settled(
        tmp_path,
        Entry("etc/a.conf", None, f"root={MARK}/x\n".encode(), package="a"),
        Entry("lib/a.dat", None, b"\0" + MARK.encode() + b"/y\0end", package="a"),
        Entry("bin/conda-unpack", None, b"#!/bin/sh\n"),
        binary="lib/a.dat",
    )
    assert found["etc/a.conf"].data == b"root=/opt/app/x\n"
    padded = b"/opt/app/y".ljust(len(MARK) + 2, b"\0")
    assert found["lib/a.dat"].data == b"\0" + padded + b"\0end"
    assert found["etc/pypackage/prepared"].data == b"/opt/app\n"
    assert "bin/conda-unpack" not in found
    assert found["etc/a.conf"].package == "a"


def test_settle__a_binary_without_room__is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    entry = Entry("lib/a.dat", None, MARK[:4].encode() + b"/y\0")
    contents = Contents((entry,), (Relocation("lib/a.dat", "binary", MARK[:4]),), ())
    with pytest.raises(PackError, match="has room for a prefix of 4 bytes") as caught:
        fixed_place.settle(contents, PLACE, tmp_path, tmp_path / "cache", 1)
    assert "choose a shorter --install-root" in caught.value.hint


def test_settle__a_program_with_a_relative_run_path__has_an_absolute_one_too(
    tmp_path: Path,
) -> None:
    if not compiler():
        missing("there is no C compiler (Debian: gcc)")
    program = tmp_path / "program"
    command = [compiler(), "-x", "c", "-", "-o", str(program), "-Wl,-rpath,$ORIGIN/../lib"]
    subprocess.run(command, input=b"int main(void) { return 0; }", check=True)
    before = program.read_bytes()
    found = settled(tmp_path, Entry("bin/program", program, package="a"))
    made = tmp_path / "made"
    made.write_bytes(found["bin/program"].data or b"")
    described = elf.read(made)
    assert described
    assert described.run_path == ("$ORIGIN/../lib", "/opt/app/lib")
    assert found["bin/program"].mode == 0o755
    assert found["bin/program"].package == "a"
    assert program.read_bytes() == before


def test_epoch__of_a_variable_that_is_no_number__is_refused() -> None:
    contents = Contents((), (), ())
    assert fixed_place.epoch(contents, {"SOURCE_DATE_EPOCH": "12"}) == 12
    assert fixed_place.epoch(contents, {}) == 946_684_800
    for odd in ("now", "-1", "1e9", "٣", "9" * 12, "9" * 5000):
        with pytest.raises(UsageError, match="is not a number of seconds"):
            fixed_place.epoch(contents, {"SOURCE_DATE_EPOCH": odd})
