"""Passwords in URLs: they open what they are for, and nobody else ever gets to see them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.http import Server, login, serve, slow
from tests.support.tools import Tools

SECRET = "opens-it"


@contextmanager
def command_lines() -> Iterator[set[str]]:
    """The command lines of all processes of this machine while the context lasts."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.002):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
                except OSError:
                    continue

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def traces(*folders: Path) -> list[str]:
    """The files in which the secret stands, or in whose path."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    word = SECRET.encode()
    return [str(path) for path in files if word in bytes(path) or word in path.read_bytes()]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels, an index of them, and a repository, to be served over HTTP."""
    folder = tmp_path_factory.mktemp("shelf")
    wheels.wheel(folder, "said")
    wheels.wheel(folder, "below")
    wheels.index(folder)
    work = folder / "work"
    wheels.sdist(folder, "kept")
    subprocess.run(["tar", "xzf", "kept-1.0.tar.gz"], cwd=folder, check=True)
    (folder / "kept-1.0").rename(work)
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=work, check=True)
    bare = folder / "kept.git"
    subprocess.run(["git", "clone", "-q", "--bare", work, bare], check=True)
    subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
    return folder


@pytest.fixture
def server(shelf: Path) -> Iterator[Server]:
    with serve(shelf) as made:
        made.on("*", login("me", SECRET))
        # On a busy machine a look at all processes takes that long, and must not miss one.
        for pattern in ("*.whl", "/kept.git/info/refs*"):
            made.on(pattern, slow(0.5))
        yield made


def with_login(url: str) -> str:
    return url.replace("://", f"://me:{SECRET}@")


def create(tools: Tools, needs: str, *options: str) -> set[str]:
    """Make an archive of what a file says; the command lines seen meanwhile."""
    path = tools.cwd / "needs"
    path.write_text(needs)
    env = {"UV_CACHE_DIR": str(tools.cwd / "uv"), "PIP_FIND_LINKS": None}
    with command_lines() as seen:
        done = tools.create("-v", "--no-verify", *options, path, "mine", "--format=tar", env=env)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stderr
    path.unlink()
    assert traces(tools.cwd, tools.cache, tools.home) == []
    return seen


def environment_yml(channel: Channel, url: str, *pip: str) -> str:
    lines = [f"- {json.dumps(one)}" for one in (f"--extra-index-url={url}/simple", *pip)]
    return (
        f"channels: [{channel.url}]\ndependencies:\n- python={channel.python.version}\n- pip:\n"
        + "".join(f"  {line}\n" for line in lines)
    )


def test_password__of_an_index_or_url__is_in_no_command_line_and_no_file(
    tools: Tools, channel: Channel, server: Server
) -> None:
    url = with_login(server.url)
    said = f"said @ {url}/said-1.0-py3-none-any.whl"
    seen = create(tools, environment_yml(channel, url, "below", said), "--report=page.html")
    assert any("uv pip compile" in line for line in seen)
    assert [line for line in seen if SECRET in line] == []


def test_password__of_a_repository__is_in_no_command_line_and_no_file(
    tools: Tools, channel: Channel, server: Server
) -> None:
    url = with_login(server.url)
    kept = f"kept @ git+{url}/kept.git@main"
    seen = create(tools, environment_yml(channel, url, kept), "--allow-sdist")
    assert any("git" in line and f"{server.url}/kept.git" in line for line in seen)
    assert [line for line in seen if SECRET in line] == []
    assert f"git+{server.url}/kept.git@" in (tools.cwd / "mine.lock").read_text()


def test_password__of_what_the_host_channel_fetches__is_in_no_command_line_and_no_file(
    tools: Tools, server: Server
) -> None:
    url = with_login(server.url)
    seen = create(tools, f"said @ {url}/said-1.0-py3-none-any.whl\n", "-c", "host")
    assert any("uv pip install" in line for line in seen)
    assert [line for line in seen if SECRET in line] == []


def test_password__of_data__is_in_no_command_line_and_no_file(
    tools: Tools, channel: Channel, server: Server
) -> None:
    url = with_login(server.url)
    data: Mapping[str, object] = {
        "python": channel.python.version,
        "modules": [],
        "conda": {"channels": [channel.url], "dependencies": []},
        "git": {"KEPT": {"remote": f"{url}/kept.git", "ref": "main"}},
        "http": {"INDEX": {"type": "file", "url": f"{url}/simple/said/index.html"}},
    }
    seen = create(tools, json.dumps(data))
    assert any("git" in line and f"{server.url}/kept.git" in line for line in seen)
    assert [line for line in seen if SECRET in line] == []


def test_password__of_a_channel_given_to_the_api__is_in_no_command_line(
    tools: Tools, channel: Channel
) -> None:
    with channel.over_http() as server:
        server.on("*", login("me", SECRET))
        (tools.cwd / "call.py").write_text(
            "import sys\nfrom pypackage.api import create\n"
            "given = {'python': sys.argv[1], 'modules': [], 'conda': {'dependencies': []}}\n"
            "create(given, 'e.tar', channel=[input()], no_verify=True)\n"
        )
        with command_lines() as seen:
            done = subprocess.run(
                [sys.executable, "call.py", channel.python.version],
                input=with_login(server.url),
                cwd=tools.cwd,
                env=tools.environment,
                text=True,
            )
    assert done.returncode == 0
    assert any("pypackage.cli.create" in line for line in seen)
    assert [line for line in seen if SECRET in line] == []
