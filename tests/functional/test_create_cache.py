"""What was made before is taken again: at once, and never when something differs."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.http import Answer, Request, Server
from tests.support.tools import Tools


@pytest.fixture
def tools(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """With a cache of archives of this test's own; packages are those of the session."""
    cache = tmp_path_factory.mktemp("cache")
    (tools.cache / "rattler").mkdir(parents=True, exist_ok=True)
    (cache / "rattler").symlink_to(tools.cache / "rattler")
    return Tools(tools.home, tools.cwd, cache)


@pytest.fixture
def needs(tools: Tools, channel: Channel) -> Path:
    path = tools.cwd / "environment.yml"
    asked = {"channels": [channel.url], "dependencies": ["shared-data"]}  # no Python: quick
    path.write_text(json.dumps(asked))
    return path


@pytest.fixture
def python_needs(tools: Tools, channel: Channel) -> Path:
    path = tools.cwd / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["greeting"]}
    path.write_text(json.dumps({"python": channel.python.version, "conda": conda}))
    return path


def create(tools: Tools, *args: str | Path) -> bool:
    """Create an archive; whether it was made anew."""
    done = tools.create(*args)
    assert done.returncode == 0, done.stderr
    return "packing ..." in done.stderr


def test_archive__of_the_same_packages__is_taken_again_and_is_the_same(
    tools: Tools, needs: Path
) -> None:
    assert create(tools, needs, "./one.tar.gz")
    assert not create(tools, "--lock", "two.lock", needs, "./two.tar.gz")
    one, two = tools.cwd / "one.tar.gz", tools.cwd / "two.tar.gz"
    assert one.read_bytes() == two.read_bytes()
    assert (tools.cwd / "two.lock").read_bytes().startswith(b"version: ")
    two.write_bytes(b"")  # what a user does to it does not reach the cache
    assert not create(tools, needs, "./two.tar.gz")
    assert one.read_bytes() == two.read_bytes()


def test_archive__that_is_there_still__stays_and_is_as_new(tools: Tools, needs: Path) -> None:
    assert create(tools, needs, "./one.tar.gz")
    one = tools.cwd / "one.tar.gz"
    content, number = one.read_bytes(), one.stat().st_ino
    os.utime(needs)
    assert not create(tools, "--lock", "one.lock", needs, "./one.tar.gz")
    assert (one.stat().st_ino, one.read_bytes()) == (number, content)
    assert one.stat().st_mtime >= needs.stat().st_mtime  # as make wants it
    assert (tools.cwd / "one.lock").read_bytes().startswith(b"version: ")
    assert not create(tools, needs, "./one.tar.gz")


@pytest.mark.slow
def test_archive__that_its_user_wrote_to__is_replaced_by_what_it_was(
    tools: Tools, needs: Path
) -> None:
    assert create(tools, needs, "./one.tar.gz")
    one = tools.cwd / "one.tar.gz"
    content = one.read_bytes()
    with one.open("r+b") as file:  # the same length
        file.write(b"\0" * 10)
    assert not create(tools, needs, "./two.tar.gz")
    assert (tools.cwd / "two.tar.gz").read_bytes() == content
    assert not create(tools, needs, "./one.tar.gz")
    assert one.read_bytes() == content
    assert one.stat().st_nlink == 1  # gzip -d refuses others


@pytest.mark.slow
@pytest.mark.parametrize("spoil", [lambda was: was[:1000], lambda was: b"X" + was[1:]])
def test_archive__spoilt_in_the_cache__is_made_anew(
    tools: Tools, needs: Path, spoil: Callable[[bytes], bytes]
) -> None:
    assert create(tools, needs, "./one.tar.gz")
    for path in (tools.cache / "pypackage/archives").iterdir():
        path.write_bytes(spoil(path.read_bytes()))
    assert create(tools, needs, "./two.tar.gz")
    assert (tools.cwd / "one.tar.gz").read_bytes() == (tools.cwd / "two.tar.gz").read_bytes()


def test_archive__made_anew__is_the_same(tools: Tools, needs: Path) -> None:
    assert create(tools, needs, "./one.tar.gz")
    assert create(tools, "--rebuild", needs, "./two.tar.gz")
    assert (tools.cwd / "one.tar.gz").read_bytes() == (tools.cwd / "two.tar.gz").read_bytes()


@pytest.mark.slow
def test_archive__of_other_options__is_made_anew(tools: Tools, python_needs: Path) -> None:
    helper = tools.cwd / "helper.py"
    helper.write_text("X = 1\n")
    assert create(tools, python_needs, "./one.tar.gz")
    below = ["--add", "helper.py:helper.py"]  # of the same name, elsewhere
    for more in (["--exclude", "*/tests"], ["--add", "helper.py"], below):
        assert create(tools, *more, python_needs, "./one.tar.gz"), more
        assert not create(tools, *more, python_needs, "./one.tar.gz"), more
    helper.write_text("X = 22\n")
    assert create(tools, "--add", "helper.py", python_needs, "./one.tar.gz")


# git archive, rsync -a, layers of containers and SOURCE_DATE_EPOCH give files such times.
_RELEASED = 1_700_000_000


def program(folder: Path, text: str) -> Path:
    """A program's folder with one module, whose size and time are those of all its releases."""
    folder.mkdir(exist_ok=True)
    helper = folder / "helper.py"
    helper.write_text(text)
    os.utime(helper, (_RELEASED, _RELEASED))
    return helper


def packed(tools: Tools, archive: str, path: str) -> str:
    with tarfile.open(tools.cwd / archive) as tar:
        file = tar.extractfile(path)
        assert file
        return file.read().decode()


@pytest.mark.parametrize("form", ["file", "folder", "link"])
def test_archive__own_code_of_equal_size_and_time__has_each_its_own(
    tools: Tools, needs: Path, form: str
) -> None:
    for text in ("X = 1\n", "X = 2\n"):
        helper = program(tools.cwd / "mine", text)
        added = {"file": helper, "folder": helper.parent, "link": tools.cwd / "helper.py"}[form]
        if form == "link" and not added.is_symlink():
            added.symlink_to(helper)
        dest = "share" if form == "folder" else "share/helper.py"
        assert create(tools, "--add", f"{added}:{dest}", needs, "./one.tar.gz")
        assert packed(tools, "one.tar.gz", "share/helper.py") == text
        assert not create(tools, "--add", f"{added}:{dest}", needs, "./two.tar.gz")


def test_archive__own_code_edited_while_it_is_made__is_not_taken_for_what_it_was(
    tools: Tools, web_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def edit(_request: Request, answer: Answer) -> Answer:
        program(tools.cwd / "mine", "X = 2\n")
        return answer

    helper = program(tools.cwd / "mine", "X = 1\n")
    needs = tools.cwd / "environment.yml"
    asked = {"channels": [web_server.url], "dependencies": ["shared-data"]}
    needs.write_text(json.dumps(asked))
    web_server.on("*/shared-data-*", edit)
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("packages"))}
    done = tools.create("--add", f"{helper}:share/helper.py", needs, "./one.tar.gz", env=env)
    assert done.returncode == 0, done.stderr
    web_server.behave()
    assert packed(tools, "one.tar.gz", "share/helper.py") == "X = 2\n"
    program(tools.cwd / "mine", "X = 1\n")
    create(tools, "--add", f"{helper}:share/helper.py", needs, "./one.tar.gz")
    assert packed(tools, "one.tar.gz", "share/helper.py") == "X = 1\n"


def test_environment__as_it_was_made__stays_and_the_archive_is_taken_again(
    tools: Tools, needs: Path
) -> None:
    assert create(tools, needs, "mine")
    first = (tools.cwd / "mine.tar.gz").read_bytes()
    number = (tools.environments / "mine").stat().st_ino
    assert not create(tools, needs, "mine")
    assert (tools.environments / "mine").stat().st_ino == number
    assert (tools.cwd / "mine.tar.gz").read_bytes() == first


@pytest.mark.slow
def test_environment__that_was_changed_or_removed__is_made_anew(tools: Tools, needs: Path) -> None:
    assert create(tools, needs, "mine")
    (tools.environments / "mine" / "extra").write_text("by the user")
    assert create(tools, needs, "mine")
    assert not (tools.environments / "mine" / "extra").exists()
    os.rename(tools.environments / "mine", tools.environments / "other")
    assert create(tools, needs, "mine")
    assert (tools.environments / "mine" / "share/shared-data/table.csv").exists()


def test_cache__list_and_clean__tell_and_remove(tools: Tools, needs: Path) -> None:
    create(tools, needs, "./one.tar.gz")
    listed = tools.create("--cache", "list")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.splitlines()[0] == str(tools.cache / "pypackage")
    assert re.search(r"^ +[\d.]+ MB +2  archives$", listed.stdout, re.M)
    cleaned = tools.create("--cache", "clean")
    assert re.fullmatch(r"[\d.]+ MB removed\n", cleaned.stdout)
    assert re.search(r"^ +0\.0 MB +0  archives$", tools.create("--cache", "list").stdout, re.M)
    assert create(tools, needs, "./one.tar.gz")


@pytest.mark.parametrize("way", ["option", "variable"])
def test_cache_limit__is_kept_to(tools: Tools, needs: Path, way: str) -> None:
    if way == "option":
        create(tools, "--cache-limit", "1K", needs, "./one.tar.gz")
    else:
        done = tools.create(needs, "./one.tar.gz", env={"PYPACKAGE_CACHE_LIMIT": "1k"})
        assert done.returncode == 0, done.stderr
    kept = [p for p in (tools.cache / "pypackage").rglob("*") if p.is_file()]
    assert sum(path.stat().st_size for path in kept) <= 1024
    assert (tools.cwd / "one.tar.gz").stat().st_size > 1024


def test_cache_limit__that_is_no_size__exits_1(tools: Tools, needs: Path) -> None:
    done = tools.create("--cache-limit", "much", needs, "./one.tar.gz")
    assert (done.returncode, "'much' is not a size" in done.stderr) == (1, True)


@pytest.mark.slow
def test_cache__that_cannot_be_written_to__is_no_harm(tools: Tools, needs: Path) -> None:
    create(tools, needs, "./one.tar.gz")
    archives = tools.cache / "pypackage" / "archives"
    for path in archives.iterdir():
        path.unlink()
    archives.rmdir()
    archives.write_text("in the way")
    assert create(tools, needs, "./one.tar.gz")


def test_cache__relative_xdg_cache_home__is_ignored_by_all(
    tools: Tools, needs: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tools.cwd / "many").mkdir()
    for number in range(220):  # so many are kept
        (tools.cwd / f"many/m{number}.py").write_text("import json\n")
    home = tmp_path_factory.mktemp("home")
    env = {"XDG_CACHE_HOME": "relative", "RATTLER_CACHE_DIR": None, "HOME": str(home)}
    analyzed = tools.analyze("many", "out.json", env=env)
    assert analyzed.returncode == 0, analyzed.stderr
    created = tools.create(needs, "./one.tar.gz", env=env)
    assert created.returncode == 0, created.stderr
    made = sorted(path.name for path in tools.cwd.iterdir())
    assert made == ["environment.yml", "many", "one.tar.gz", "out.json"]
    kept = {path.name for path in (home / ".cache").iterdir()}
    assert kept == {"pypackage", "rattler"}
    assert any((home / ".cache/pypackage/imports").iterdir())
    listed = tools.create("--cache", "list", env=env).stdout
    assert listed.splitlines()[0] == str(home / ".cache/pypackage")
