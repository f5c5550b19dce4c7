"""Environments that share parts: the store, layers folders and thin archives."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell.conftest import Runner, once
from tests.shell.environments import MANIFEST, NAMING, SHOW, Environment, Files, relocations
from tests.shell.test_cache import wait_for

COMMON: Files = {
    **NAMING,
    **{f"lib/common{n:02}": os.urandom(60_000) for n in range(40)},
    "lib/link": Path("common00"),
    "share/odd name\u00e9": b"odd",
}


def environment(own: bytes) -> Environment:
    """One whose last part alone differs from others', as a changed module of the user's own."""
    return Environment({**COMMON, "share/own": own, "share/own2": own * 2}, relocations())


ONE, TWO = environment(b"one"), environment(b"two")
# What differs: the list of digests, the end of the tar behind the last file.
NEW = len(set(TWO.members()) - set(ONE.members())) - 1
PARTS = len(ONE.members()) - 1

pack = pytest.mark.parametrize(
    "pack",
    [
        lambda one, folder, _: one.pack(folder / "packed"),
        lambda one, folder, _: one.pack_layers(folder / "packed").parent,
        lambda one, folder, _: one.pack_layers(folder / "packed", "name.json"),
        lambda one, folder, since: one.pack_thin(folder / "packed", since),
    ],
    ids=["archive", "folder", "json", "thin"],
)
Pack = Callable[[Environment, Path, Environment], Path]


def unpacked(said: str) -> int:
    """How many parts were unpacked, as runs with -d tell."""
    return sum(map(int, re.findall(r"(\d+) parts by", said)))


def start(runner: Runner, source: Path, one: Environment) -> str:
    """Start in an environment; what was told."""
    done = runner.run("-d", "-e", source, "report")
    assert (done.returncode, done.stdout) == (0, f"text: {runner.cache / one.id}/share\n"), done
    return done.stderr


def content(folder: Path) -> dict[str, tuple[str, bytes]]:
    """What is in an environment besides what differs from place to place."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = "link", os.readlink(path).encode()
        elif path.is_file() and name not in (MANIFEST, *(e["path"] for e in relocations())):
            found[name] = "x" if os.access(path, os.X_OK) else "", path.read_bytes()
    return {
        n: kept for n, kept in found.items() if not re.search("pre?pared|unpacked|loc.*json", n)
    }


@pack
def test_second_environment__each_form__unpacks_what_is_new_and_is_whole(
    runner: Runner, pack: Pack
) -> None:
    archive = ONE.pack(runner.folder / "one")
    assert unpacked(start(runner, archive, ONE)) == PARTS
    second = pack(TWO, runner.folder, ONE)
    assert unpacked(start(runner, second, TWO)) == NEW
    place, other = runner.cache / TWO.id, runner.cache / ONE.id
    whole = runner.folder / "whole"
    whole.mkdir()
    TWO.pack(runner.folder / "two")
    subprocess.run(["tar", "xf", runner.folder / "two", "-C", whole], check=True)
    assert content(place) == content(whole)
    assert (place / MANIFEST).read_bytes().rstrip() == (whole / MANIFEST).read_bytes().rstrip()
    assert (place / "lib/common20").samefile(other / "lib/common20")
    assert sorted(os.listdir(runner.cache)) == sorted([ONE.id, TWO.id, "parts"])
    assert start(runner, second, TWO).count("\n") == 1, "the next start does nothing"


@once
@pack
def test_environment__empty_node__is_unpacked_or_told_what_to_send(
    runner: Runner, pack: Pack
) -> None:
    source = pack(TWO, runner.folder, ONE)
    if source.name == "packed" and source.is_file() and b"thin" in source.read_bytes()[:40]:
        done = runner.run("-e", source, "report")
        assert (done.returncode, done.stdout) == (3, "")
        assert f"{PARTS - NEW} of {PARTS} parts are missing" in done.stderr
        assert done.stderr.count("\n") == 1
        assert "--since" in done.stderr
        assert os.listdir(runner.cache) == []
    else:
        assert unpacked(start(runner, source, TWO)) == PARTS


def test_layers_folder__parts_are_missing__exits_3_and_says_how_many(runner: Runner) -> None:
    ONE.pack_layers(runner.folder / "one.layers")
    for path in list((runner.folder / "one.layers/parts").iterdir())[:3]:
        path.unlink()
    done = runner.run("-e", "one.layers", "report")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"3 of {PARTS} parts are missing" in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(runner.cache) == []


@once
def test_layers_folder__of_several_environments__one_has_to_be_named(runner: Runner) -> None:
    for one, name in ((ONE, "one.json"), (TWO, "two.json")):
        one.pack_layers(runner.folder / "both", name)
    done = runner.run("-e", "both", "report")
    assert (done.returncode, done.stdout) == (4, "")
    assert "name one by its .json" in done.stderr
    start(runner, runner.folder / "both/one.json", ONE)
    assert unpacked(start(runner, runner.folder / "both/two.json", TWO)) == NEW


@once
def test_layers_folder__file_that_is_no_manifest__exits_3(runner: Runner) -> None:
    (runner.folder / "other.json").write_text(json.dumps({"python": "3.11.7"}, indent=1))
    done = runner.run("-e", "other.json", "report")
    assert (done.returncode, done.stdout) == (3, "")
    assert "not an archive" in done.stderr


@pack
def test_part__one_bit_altered__exits_3_and_leaves_nothing(runner: Runner, pack: Pack) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    source = pack(TWO, runner.folder, ONE)
    folder = source if source.is_dir() else source.parent
    for part in (folder / "parts").glob("*") if folder != runner.folder else [source]:
        altered = bytearray(part.read_bytes())
        altered[-60 % len(altered)] ^= 1  # in the last member that has files
        part.write_bytes(altered)
    before = sorted(os.listdir(runner.cache / "parts"))
    done = runner.run("-e", source, "report")
    assert (done.returncode, done.stdout) == (3, "")
    assert "damaged" in done.stderr
    assert sorted(os.listdir(runner.cache / "parts")) == before
    assert runner.environments() == [ONE.id]


@once
def test_manifest__altered__exits_3(runner: Runner) -> None:
    manifest = ONE.pack_layers(runner.folder / "one.layers")
    manifest.write_text(manifest.read_text().replace("2.17", "2.16"))
    done = runner.run("-e", "one.layers", "report")
    assert (done.returncode, "damaged" in done.stderr) == (3, True)


def test_store__files__cannot_be_written_to_and_rewriting_leaves_them(runner: Runner) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    store = runner.cache / "parts"
    files = [path for path in store.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > len(COMMON)
    assert not [path for path in files if path.stat().st_mode & 0o222]
    assert not [path for path in store.rglob("*") if path.is_dir() and not os.access(path, os.W_OK)]
    for path, original in NAMING.items():
        (kept,) = store.glob(f"*/{path}")
        assert kept.read_bytes() == original
        assert not kept.samefile(runner.cache / ONE.id / path)


@pack
@pytest.mark.parametrize("option", ["--no-cache", "-u"])
def test_private_copy__each_form__shares_no_file_and_may_be_written_to(
    runner: Runner, pack: Pack, option: str
) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    source = pack(TWO, runner.folder, ONE)
    options = [option] if option != "-u" else ["-u", "place"]
    look = 'cd "$CONDA_PREFIX" && find . -type f -links +1 && ls -l share/own lib/common01; report'
    said = runner.output(*options, "-e", source, "sh", "-c", look).splitlines()
    assert [line[:10] for line in said[:-1]] == ["-rw-r--r--"] * 2
    assert said[-1].startswith("text: /")
    assert str(runner.cache / TWO.id) not in said[-1]
    if option == "-u":
        assert content(runner.folder / "place").keys() == content(runner.cache / ONE.id).keys()
    else:
        assert runner.environments() == [ONE.id]


def test_starters__twenty_of_two_environments_at_once__each_part_is_unpacked_once(
    runner: Runner,
) -> None:
    ONE.pack(runner.folder / "one")
    TWO.pack_layers(runner.folder / "two")
    started = [runner.start("-d", "-e", ("./one", "./two")[n % 2], "report") for n in range(20)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
    expected = [(f"text: {runner.cache / one.id}/share\n", 0) for one in (ONE, TWO)] * 10
    assert [(output, code) for output, _, code in ended] == expected
    assert sum(unpacked(said) for _, said, _ in ended) == PARTS + NEW
    assert sorted(os.listdir(runner.cache)) == sorted([ONE.id, TWO.id, "parts"])


def test_parts__file_in_one_and_link_to_elsewhere_in_another__nothing_is_written_there(
    runner: Runner,
) -> None:
    outside = runner.folder.parent / "outside"
    outside.mkdir()
    between: Files = {f"out-{n:03}": os.urandom(6_000) for n in range(50)}
    Environment({"out": outside, **between, "out/evil": b"x"}).pack_layers(runner.folder / "E")
    done = runner.run("-e", "E", "show")
    assert (done.returncode, done.stdout) == (3, "")
    assert "cannot be put together" in done.stderr
    assert list(outside.iterdir()) == []
    assert runner.environments() == []


# Of busybox, cp fails then.
@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
def test_parts__same_path_in_two__the_last_one_counts_as_with_tar(runner: Runner) -> None:
    # With a newline in a name there is no list of digests, which would have both.
    twice = Environment({"./bin/show": b"first", "share/new\nline": b""})
    assert not [member for member in twice.members() if b"first" in member and SHOW in member]
    twice.pack(runner.folder / "E")
    assert runner.output("-e", "./E", "show", "x").endswith("\nx\n")


@once
def test_store__of_another_user__is_left_alone(runner: Runner) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can make a folder of another user")
    archive = ONE.pack(runner.folder / "one")
    start(runner, archive, ONE)
    shutil.rmtree(runner.cache / ONE.id)
    os.chown(runner.cache / "parts", 65534, 65534)
    said = start(runner, archive, ONE)
    assert "no links can be made" in said
    assert (runner.cache / ONE.id / "lib/common20").stat().st_nlink == 1


@once
def test_store__lock_taken_over_while_unpacking__starts_over(runner: Runner) -> None:
    ONE.pack(runner.folder / "one")
    process = runner.start("-e", "./one", "report")
    wait_for(lambda: list(runner.cache.glob("parts.lock.1/new/*")))
    (runner.cache / "parts.lock.2").mkdir()  # of an owner that dies before it tells its name
    output, errors = process.communicate(timeout=30)
    assert (output, errors) == (f"text: {runner.cache / ONE.id}/share\n", "")
    assert sorted(os.listdir(runner.cache)) == sorted([ONE.id, "parts"])


def sizes(runner: Runner) -> Mapping[str, tuple[int, str]]:
    lines = [line.split("\t") for line in runner.output("--cache", "list").splitlines()]
    return {Path(path).name: (int(size[:-1]), state) for size, state, path in lines}


@once
def test_cache_list__shared_files__count_once(runner: Runner) -> None:
    for name, one in (("one", ONE), ("two", TWO)):
        start(runner, one.pack(runner.folder / name), one)
    listed = sizes(runner)
    assert {name: state for name, (_, state) in listed.items()} == {
        "parts": "store",
        ONE.id: "free",
        TWO.id: "free",
    }
    assert listed["parts"][0] > 2400
    assert max(listed[ONE.id][0], listed[TWO.id][0]) < 300


def test_cache_clean__one_environment_in_use__its_parts_stay(runner: Runner) -> None:
    for name, one in (("one", ONE), ("two", TWO)):
        start(runner, one.pack(runner.folder / name), one)
    task = runner.start("-e", "./two", "sh", "-c", "echo begun; exec sleep 60")
    assert task.stdout is not None
    task.stdout.readline()
    runner.run("--cache", "clean")
    task.kill()
    task.communicate()
    assert sorted(os.listdir(runner.cache)) == sorted([TWO.id, "parts"])
    assert len(os.listdir(runner.cache / "parts")) == PARTS
    assert runner.output("--cache", "clean") == ""
    assert os.listdir(runner.cache) == []


def change(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(b"changed")


def replace_by_another(path: Path) -> None:
    path.unlink()
    path.write_bytes(b"changed")


def test_cache_verify__file_changed_by_hand__tells_it_and_clean_mends_it(runner: Runner) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    start(runner, TWO.pack(runner.folder / "two"), TWO)
    assert runner.run("--cache", "verify").stderr == ""
    change(runner.cache / ONE.id / "lib/common07")
    done = runner.run("--cache", "verify")
    assert (done.returncode, done.stdout) == (3, "")
    # All three share the file.
    for place in (ONE.id, TWO.id, r"parts/\w+"):
        assert re.search(f"/{place} is damaged: lib/common07\n", done.stderr)
    runner.output("--cache", "clean")
    start(runner, runner.folder / "one", ONE)
    assert runner.run("--cache", "verify").returncode == 0


@once
@pytest.mark.parametrize("alter", [replace_by_another, Path.unlink])
def test_cache_verify__one_environment_altered_by_hand__tells_it_alone(
    runner: Runner, alter: Callable[[Path], None]
) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    start(runner, TWO.pack(runner.folder / "two"), TWO)
    alter(runner.cache / ONE.id / "lib/common07")
    done = runner.run("--cache", "verify")
    assert done.returncode == 3
    assert re.findall(r"/(\w+) is damaged: (.*)", done.stderr) == [(ONE.id, "lib/common07")]


# ksh93's own $(...) writes files.
@pytest.mark.parametrize(
    "machine", ["dash-gnu", "busybox-busybox", "bash-gnu", "mksh-gnu"], indirect=True
)
def test_cache_verify__nothing_can_be_written__compares_all_the_same(runner: Runner) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    full = replace(runner, before=("sh", "-c", 'ulimit -f 0; exec "$@"', "sh"))
    assert full.output("--cache", "verify") == ""
    change(runner.cache / ONE.id / "lib/common07")
    done = full.run("--cache", "verify")
    assert done.returncode == 3
    assert f"/{ONE.id} is damaged: lib/common07\n" in done.stderr
    assert all(line.startswith("python_package_run: ") for line in done.stderr.splitlines())


@once
def test_cache_verify__environment_being_set_up__is_left_alone(runner: Runner) -> None:
    start(runner, ONE.pack(runner.folder / "one"), ONE)
    (runner.cache / f"{ONE.id}.lock.1").mkdir()
    (runner.cache / f"{ONE.id}.lock.1" / "owner").write_text("another-machine 1 1 0\n")
    change(runner.cache / ONE.id / "lib/common07")
    done = runner.run("--cache", "verify")
    assert f"{ONE.id} is being set up" in done.stderr
    assert "/parts/" in done.stderr
    assert done.returncode == 3


@once
def test_cache_limit__environments_share_parts__only_what_frees_room_is_removed(
    runner: Runner,
) -> None:
    other = Environment({"share/other": os.urandom(600_000)})
    for name, one, hours in (("one", ONE, 3), ("two", TWO, 2), ("other", other, 1)):
        one.pack(runner.folder / name)
        runner.output("-e", f"./{name}")
        mark = runner.cache / one.id / "etc/pypackage/unpacked"
        os.utime(mark, (mark.stat().st_mtime - hours * 3600,) * 2)
    Environment({"share/last": b"last"}).pack(runner.folder / "last")
    runner.output("--cache-limit", "3M", "-e", "./last")
    left = set(runner.environments())
    assert ONE.id not in left
    assert TWO.id not in left
    assert other.id in left
    total = subprocess.run(["du", "-sk", runner.cache], capture_output=True, text=True).stdout
    assert int(total.split()[0]) <= 3 * 1024
    assert not list((runner.cache / "parts").glob("*/lib/common20"))
