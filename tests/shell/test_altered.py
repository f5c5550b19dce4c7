"""Archives of all formats, altered anywhere: refused in a line, or what is in them is all right."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shell import formats
from tests.shell.conftest import Runner, machines
from tests.shell.environments import NAMING, Environment, relocations
from tests.shell.test_formats import EXTRACTING, with_tools

ENVIRONMENT = Environment(
    {
        **NAMING,
        **{f"lib/package{n}/{k}.py": b"x = %d\n" % n * (k + 9) for n in range(5) for k in range(5)},
        "lib/link.py": Path("package1/1.py"),
        "bin/.hidden": b"#!/bin/sh\n",
    },
    relocations(),
)
MARKS = ("unpacked", "prepared", "certificates", "source")
OURS = ("bin/report", "lib/report.bin")  # which are made to name their folder

_Change = Callable[[bytearray, int, random.Random], None]


def _flip(data: bytearray, at: int, chance: random.Random) -> None:
    data[at] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, at: int, _: random.Random) -> None:
    del data[at:]


def _cut_at_a_block(data: bytearray, at: int, _: random.Random) -> None:
    del data[at // 512 * 512 :]


def _drop(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.choice([1, 512, 1000])]


def _double(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = data[at : at + chance.choice([1, 512, 5000])]


def _blank(data: bytearray, at: int, chance: random.Random) -> None:
    size = min(chance.choice([4, 512, 4000]), len(data) - at)
    data[at : at + size] = bytes(size)


def _exchange(data: bytearray, at: int, chance: random.Random) -> None:
    one, other = at // 512 * 512, chance.randrange(len(data)) // 512 * 512
    blocks = bytes(data[one : one + 512]), bytes(data[other : other + 512])
    if len(blocks[0]) == len(blocks[1]) == 512:
        data[other : other + 512], data[one : one + 512] = blocks


def _lengthen(data: bytearray, _: int, chance: random.Random) -> None:
    data += chance.choice([bytes(1024), chance.randbytes(100), b"\n"])


CHANGES: tuple[_Change, ...] = (
    *(_flip, _flip, _cut, _cut_at_a_block, _drop, _double, _blank, _exchange, _lengthen),
)


def altered(whole: bytes, chance: random.Random) -> bytes:
    """One change somewhere, half of them in the first 6,000 bytes, where the manifest is."""
    data = bytearray(whole)
    at = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 6000))
    chance.choice(CHANGES)(data, at, chance)
    return bytes(data)


def content(place: Path) -> dict[str, str | bytes | int]:
    """All that is below a folder, without what the runner writes there."""
    found: dict[str, str | bytes | int] = {}
    for path in place.rglob("*"):
        name = str(path.relative_to(place))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = "folder"
        elif name in OURS:
            found[name] = path.read_bytes().replace(bytes(place), b"").replace(b"\0", b"")
        elif path.name not in MARKS and path.name != "manifest.json":
            found[name] = path.read_bytes()
            found[f"mode of {name}"] = path.stat().st_mode
    return found


def check(runner: Runner, ending: str, number: int, seed: int) -> None:
    """Alter an archive several times, and start each."""
    runner = with_tools(runner, *EXTRACTING)
    archive = runner.folder / f"E.{ending}"
    if ending == "tar.gz":
        ENVIRONMENT.pack(archive)
    else:
        formats.pack(ENVIRONMENT, archive)
    whole = archive.read_bytes()
    place = runner.folder / "place"
    runner.output("-u", place, "-e", archive, "report")
    right = content(place)
    chance = random.Random(seed)
    for _ in range(number):
        shutil.rmtree(place)
        archive.write_bytes(altered(whole, chance))
        done = runner.run("-u", place, "-e", archive, "report")
        assert all(line.startswith("python_package_run: ") for line in done.stderr.splitlines())
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 3, 4), done.stderr
        if done.returncode:
            assert done.stderr
            assert sorted(path.name for path in runner.folder.glob("place*")) == []
            place.mkdir()
        else:
            assert content(place) == right


@pytest.mark.parametrize("machine", machines(["dash-gnu"]), indirect=True)
@pytest.mark.parametrize("ending", ["tar.gz", *formats.ENDINGS])
def test_archive__altered_anywhere__is_refused_or_as_it_was(runner: Runner, ending: str) -> None:
    check(runner, ending, 4, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("machine", machines([]), indirect=True)
@pytest.mark.parametrize("ending", ["tar.gz", *formats.ENDINGS])
def test_archive__altered_many_times__is_refused_or_as_it_was(runner: Runner, ending: str) -> None:
    check(runner, ending, 15, seed=2)
