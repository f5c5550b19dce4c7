"""Layers folders and thin archives, through the executable: only what is new is written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.tools import Tools


@pytest.fixture
def needs(channel: Channel, tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text("VALUE = 1\n")
    path = tmp_path / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["greeting", "many-files"]}
    given = {"modules": ["own"], "conda": conda, "local": ["own.py"]}
    path.write_text(json.dumps({"python": channel.python.version, **given}))
    return path


def created(tools: Tools, *arguments: str | Path) -> str:
    """What a create that succeeds prints, without the end of the line."""
    done = tools.create(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.removesuffix("\n")


def parts(folder: Path) -> set[str]:
    return {path.name for path in (folder / "parts").iterdir()}


def test_layers__by_name_path_and_manifest__share_parts_and_join_to_the_archive(
    tools: Tools, needs: Path, tmp_path: Path
) -> None:
    assert created(tools, "--format", "layers", needs, "mine") == "mine.layers"
    assert (tools.environments / "mine/bin/greet").is_file()
    assert created(tools, needs, "./one.layers") == "one.layers"
    assert parts(tmp_path / "one.layers") == parts(tmp_path / "mine.layers")
    (tmp_path / "shared").mkdir()
    assert created(tools, needs, "shared/first.json") == "shared/first.json"
    (tmp_path / "own.py").write_text("VALUE = 2\n")
    assert created(tools, needs, "shared/second.json") == "shared/second.json"
    new = parts(tmp_path / "shared") - parts(tmp_path / "mine.layers")
    assert sum((tmp_path / "shared/parts" / name).stat().st_size for name in new) < 32 << 10
    assert created(tools, needs, "./whole.tar.gz") == "whole.tar.gz"
    assert created(tools, "--join", "shared/second.json", "./joined.tar.gz") == "joined.tar.gz"
    assert (tmp_path / "joined.tar.gz").read_bytes() == (tmp_path / "whole.tar.gz").read_bytes()


def test_since__changed_module__is_small_and_joins_to_the_archive(
    tools: Tools, needs: Path, tmp_path: Path
) -> None:
    created(tools, needs, "./old.tar.gz")
    (tmp_path / "own.py").write_text("VALUE = 2\n")
    created(tools, needs, "./new.tar.gz")
    assert created(tools, "--since", "old.tar.gz", needs, "./thin.tar.gz") == "thin.tar.gz"
    assert (tmp_path / "thin.tar.gz").stat().st_size < 32 << 10
    created(tools, "--join", "thin.tar.gz", "old.tar.gz", "joined.tar.gz")
    assert (tmp_path / "joined.tar.gz").read_bytes() == (tmp_path / "new.tar.gz").read_bytes()
    assert created(tools, "--since", "old.tar.gz", needs, "./thin.tar.gz") == "thin.tar.gz"


WRONG: dict[str, tuple[int, str, list[str]]] = {
    "since no such thing": (2, "other.txt has no parts", ["--since", "other.txt", "R", "e.tar.gz"]),
    "since nothing": (2, "no such archive: gone", ["--since", "gone", "R", "e.tar.gz"]),
    "since for a zip file": (1, "--since makes a .tar.gz", ["--since", "old", "R", "e.zip"]),
    "since for a package": (1, "--since is for archives", ["--since", "old", "R", "e.deb"]),
    "since with list": (1, "--since goes with", ["--since", "old", "--list"]),
    "join of no such thing": (2, "other.txt has no parts", ["--join", "other.txt", "e.tar.gz"]),
    "join of nothing": (2, "no such archive: gone", ["--join", "gone", "e.tar.gz"]),
    "join to a zip file": (1, "cannot join", ["--join", "old", "e.zip"]),
    "join to a name": (1, "name a path", ["--join", "old", "mine"]),
    "join of one": (1, "--join needs", ["--join", "e.tar.gz"]),
    "join with requirements": (1, "goes with none", ["R", "--join", "old", "e.tar.gz"]),
    "requirements as target": (1, "would replace an input", ["R", "./requirements.json"]),
    "other file as target": (6, "is not the manifest of an environment", ["R", "./other.json"]),
    "own folder as target": (6, "is not a layers folder", ["--format", "layers", "R", "./thesis"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_layers__wrong_command__is_one_line_and_its_exit_code(
    tools: Tools, needs: Path, tmp_path: Path, what: str
) -> None:
    code, message, arguments = WRONG[what]
    (tmp_path / "other.txt").write_text("something else\n")
    (tmp_path / "other.json").write_text("{}\n")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/main.tex").touch()
    before = sorted(os.listdir(tmp_path))
    options = ["--app-version", "1", "--maintainer", "Me <me@example.org>"]
    words = [str(needs) if word == "R" else word for word in arguments]
    done = tools.create(*(options if "e.deb" in words else []), *words)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_since__the_archive_that_is_replaced__is_refused(
    tools: Tools, needs: Path, tmp_path: Path
) -> None:
    created(tools, needs, "./e.tar.gz")
    before = (tmp_path / "e.tar.gz").read_bytes()
    done = tools.create("--since", "e.tar.gz", needs, "./e.tar.gz")
    assert done.returncode == 1
    assert "e.tar.gz would replace an input" in done.stderr
    assert (tmp_path / "e.tar.gz").read_bytes() == before


def test_create__of_a_layers_folder_or_thin_archive__says_what_to_give_instead(
    tools: Tools, needs: Path
) -> None:
    created(tools, needs, "./made.layers")
    created(tools, "--since", "made.layers", needs, "./thin.tar.gz")
    for name in ("made.layers", "made.layers/manifest.json", "thin.tar.gz"):
        done = tools.create(name, "./other.tar.gz")
        assert done.returncode in (2, 3), name
        assert "an environment that was made already" in done.stderr
        assert "--join" in done.stderr


NAMES = ("whole.tar.gz", "made.layers", "thin.tar.gz")


@pytest.mark.slow
def test_report__of_layers_and_of_a_thin_archive__are_those_of_the_whole(
    tools: Tools, needs: Path
) -> None:
    told = [
        created(tools, "--report", "-", *options, needs, name).split("\n", 1)[1]
        for name, *options in (
            ("./whole.tar.gz",),
            ("./made.layers",),
            ("./thin.tar.gz", "--since", "whole.tar.gz"),
        )
    ]
    figures = {text.replace(name, "") for text, name in zip(told, NAMES, strict=True)}
    assert len(figures) == 1
