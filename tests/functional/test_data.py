"""Data by git and from the web: in the archive, and under its variable's name at run time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channel
from tests.support.http import Server, half, no_answer, serve, status
from tests.support.needs import need
from tests.support.tools import Tools

GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.example",
}


def git(folder: Path, *words: str) -> str:
    argv = [need("git"), "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(argv, cwd=folder, env=GIT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A repository of three commits, tagged at the second, with a branch at the first."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "--quiet")
    commits = []
    for number in ("1", "2", "3"):
        (folder / "state.txt").write_text(number)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", number)
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "tag", "second", commits[1])
    git(folder, "branch", "old", commits[0])
    return folder, commits


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "plain.dat").write_bytes(bytes(range(256)) * 4000)
    (folder / "packed.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    with tarfile.open(folder / "set.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("inner/one.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    with serve(folder) as server:
        yield server


def needs(tools: Tools, channel: Channel, **keys: Any) -> Path:
    path = tools.cwd / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["shared-data"]}
    data = {"python": channel.python.version, "modules": [], "conda": conda, **keys}
    path.write_text(json.dumps(data))
    return path


def created(tools: Tools, path: Path) -> Path:
    """Make the archive and unpack it."""
    done = tools.create("-q", path, "./e.tar.gz")
    assert done.returncode == 0, done.stderr
    folder = tools.cwd / "there"
    folder.mkdir()
    subprocess.run(["tar", "xzf", "e.tar.gz", "-C", folder], cwd=tools.cwd, check=True)
    return folder


def variables(prefix: Path) -> dict[str, Path]:
    lines = (prefix / "etc/pypackage/data").read_text().splitlines()
    return {name: prefix / path for name, _, path in (line.partition("=") for line in lines)}


def test_data__of_both_kinds__is_in_the_archive_under_its_name(
    tools: Tools, channel: Channel, repository: tuple[Path, list[str]], web: Server
) -> None:
    folder, commits = repository
    http = {
        "PLAIN": {"type": "file", "url": f"{web.url}/plain.dat"},
        "TABLE": {"type": "file", "compression": "gzip", "url": f"{web.url}/packed.csv.gz"},
        "SET": {"type": "tar", "compression": "gzip", "url": f"{web.url}/set.tar.gz"},
    }
    git_data = {
        "NEWEST": {"remote": str(folder)},
        "TAGGED": {"remote": folder.as_uri(), "ref": "second"},
        "BRANCH": {"remote": str(folder), "ref": "old"},
        "COMMIT": {"remote": folder.as_uri(), "ref": commits[1][:10]},
    }
    prefix = created(tools, needs(tools, channel, git=git_data, http=http))
    found = variables(prefix)
    assert found["PLAIN"].name == "plain.dat"
    assert found["PLAIN"].read_bytes() == bytes(range(256)) * 4000
    assert (found["TABLE"].name, found["TABLE"].read_text()) == ("packed.csv", "a,b\n")
    assert (found["SET"] / "inner/one.txt").read_text() == "one"
    states = {name: (found[name] / "state.txt").read_text() for name in git_data}
    assert states == {"NEWEST": "3", "TAGGED": "2", "BRANCH": "1", "COMMIT": "2"}
    record = json.loads((prefix / "etc/pypackage/data.json").read_text())
    assert [record[name]["ref"] for name in ("NEWEST", "BRANCH")] == [commits[2], commits[0]]
    assert record["NEWEST"]["remote"] == "local"
    assert not list(prefix.rglob(".git"))
    assert str(folder) not in (prefix / "etc/pypackage/data.json").read_text()


@pytest.mark.slow
def test_http__connection_that_breaks__is_resumed(
    tools: Tools, channel: Channel, web: Server
) -> None:
    content = (web.folder / "plain.dat").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    web.on("/plain.dat", status(503), times=1)
    web.on("/plain.dat", half(), times=2)
    http = {"D": {"url": f"{web.url}/plain.dat", "sha256": digest}}
    prefix = created(tools, needs(tools, channel, http=http))
    assert variables(prefix)["D"].read_bytes() == content
    asked = [request.range for request in web.requests]
    assert asked[0] == ""
    assert asked[-1].startswith("bytes=")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"http": {"D": {"url": "{url}/nothing"}}}, "404"),
        ({"http": {"D": {"url": "{url}/plain.dat", "sha256": "0" * 64}}}, "not what was asked for"),
        ({"http": {"D": {"url": "{url}/plain.dat", "type": "tar"}}}, "cannot be unpacked"),
        ({"git": {"D": {"remote": "{url}/no.git"}}}, "D: cannot get http"),
        ({"git": {"D": {"remote": "{repository}", "ref": "nowhere"}}}, "nowhere of"),
    ],
)
def test_data__that_cannot_be_had__exits_5_and_leaves_nothing(
    tools: Tools,
    channel: Channel,
    repository: tuple[Path, list[str]],
    web: Server,
    source: dict[str, Any],
    says: str,
) -> None:
    text = json.dumps(source).replace("{url}", web.url).replace("{repository}", str(repository[0]))
    done = tools.create(needs(tools, channel, **json.loads(text)), "mine")
    assert done.returncode == 5, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()
    assert not (tools.environments / "mine").exists()


@pytest.mark.slow
def test_http__server_that_never_answers__exits_5(
    tools: Tools, channel: Channel, web: Server
) -> None:
    web.on("*", no_answer())
    url = f"{web.url}/plain.dat?token=secret".replace("//", "//me:secret@")
    http = {"D": {"url": url}}
    done = tools.create(needs(tools, channel, http=http), "mine")
    assert done.returncode == 5
    assert "cannot download http://127.0.0.1" in done.stderr
    assert "secret" not in done.stderr
    assert len(web.requests) == 5


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"git": {"a-b": {"remote": "x"}}}, "git.a-b: not a name"),
        ({"git": {"PATH": {"remote": "x"}}}, "git.PATH: the shell or the runner needs"),
        ({"http": {"UID": {"url": "x"}}}, "http.UID: the shell or the runner needs"),
        ({"git": {"A": {}}}, "git.A: remote: missing"),
        ({"http": {"A": {"url": "x", "type": "zip"}}}, "http.A.type: expected one of file, tar"),
        ({"http": {"A": {"url": "x", "sha256": "12"}}}, "http.A.sha256: expected 64"),
    ],
)
def test_specification__not_valid__exits_3_and_names_the_place(
    tools: Tools, channel: Channel, keys: dict[str, Any], says: str
) -> None:
    done = tools.create(needs(tools, channel, **keys), "mine")
    assert done.returncode == 3
    assert says in done.stderr
