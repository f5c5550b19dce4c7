"""pip's and uv's settings in every way that packages of PyPI take through `create`.

What has to come of each setting is what the table of docs/python_package_create.md says.
"""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.functional.test_channels import PYTHON, THERE, fill
from tests.support import tls, wheels
from tests.support.channels import Channel
from tests.support.clean import OWN_CONFIGURATION
from tests.support.http import Server, login, serve, status_at_first
from tests.support.needs import need
from tests.support.tools import Tools

PAGE = Path(__file__).parents[2] / "docs/python_package_create.md"
COLUMNS = ("chosen by name", "named by path or URL", "from a lock", "installed here")
WAYS = {
    "host": "installed here",
    "host and PyPI": "chosen by name",
    "conda and PyPI": "chosen by name",
    "platform": "chosen by name",
    "path": "named by path or URL",
    "URL": "named by path or URL",
    "lock": "from a lock",
}
DEAD = "http://127.0.0.1:9"  # nothing listens there


def table() -> dict[str, dict[str, str]]:
    """What comes of each setting (`pip's` or, without one, `uv's`), by column."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[2] in ("honoured", "refused", "no effect"):
            for name in re.findall("`([^`]+)`", cells[0] or cells[1]):
                found[name] = dict(zip(COLUMNS, cells[2:], strict=True))
    return found


TABLE = table()


@dataclass(frozen=True)
class World:
    """What settings point at.

    Attributes:
        channel: With a real Python, for this machine.
        foreign: With one of a few bytes, for another platform too.
        shelf: A folder with wheels of `tiny`, 1.0, 2.0 and 3.0a1, and a source archive of
            `made`, which needs `helper` to be built.
        server: An index of it.
        secure, known: The same over TLS; the second only lets in whom it knows.
        authority, client: Files of certificates.
        lock: In which tiny 2.0 stands.
    """

    channel: Channel
    foreign: Path
    shelf: Path
    server: Server
    secure: Server
    known: Server
    authority: Path
    client: Path
    lock: str = ""


@pytest.fixture(scope="module")
def world(
    session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    need("openssl")
    folder = tmp_path_factory.mktemp("world")
    shelf = folder / "shelf"
    for version in ("1.0", "2.0", "3.0a1"):
        wheels.wheel(shelf, "tiny", version)
    wheels.wheel(shelf, "helper")
    wheels.sdist(shelf, "made", build_requires=["helper"])
    wheels.index(shelf)
    certificates = tls.make(folder)
    known = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    known.load_cert_chain(folder / "server.pem", folder / "server.key")
    known.load_verify_locations(certificates.authority)
    known.verify_mode = ssl.CERT_REQUIRED
    client = folder / "client.pem"
    client.write_text((folder / "server.pem").read_text() + (folder / "server.key").read_text())
    with ExitStack() as stack:
        contexts = (None, certificates.server, known)
        plain, secure, closed = (stack.enter_context(serve(shelf, tls=one)) for one in contexts)
        foreign = fill(folder / "foreign")
        made_world = World(
            channel, foreign, shelf, plain, secure, closed, certificates.authority, client
        )
        tools = session_tools.at(folder, folder)
        done = create(tools, made_world, "conda and PyPI", Setting(), "--lock=a.lock")
        assert done == "tiny 2.0"
        yield replace(made_world, lock=(folder / "a.lock").read_text())


@dataclass(frozen=True)
class Setting:
    """A setting, and what comes of it.

    Attributes:
        env: Variables that make it.
        site: The server of the index; without one the packages lie in a folder.
        effect: What comes of it where it is honoured or refused, by way where they differ.
        name: The package that is asked for.
        options: For `create`.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    site: str = ""
    effect: Mapping[str, str] | str = "tiny 2.0"
    name: str = "tiny"
    options: tuple[str, ...] = ()

    def expected(self, way: str) -> str:
        """How the result begins where it is honoured, or refused."""
        return self.effect if isinstance(self.effect, str) else self.effect[way]


def create(tools: Tools, world: World, way: str, setting: Setting, *options: str) -> str:
    """What is in the archive besides Python, or the line that tells why there is none."""
    where = {
        "host": ["-c", "host"],
        "host and PyPI": ["-c", "host"],
        "platform": ["-c", str(world.foreign), "--platform", THERE],
    }.get(way, ["-c", str(world.channel.folder)])
    site = setting.site or world.server.url
    name = {"tiny": "tiny-2.0-py3-none-any.whl", "made": "made-1.0.tar.gz"}[setting.name]
    pip = {
        "host": "iniconfig",
        "path": f"{setting.name} @ {(world.shelf / name).as_uri()}",
        "URL": f"{setting.name} @ {site}/{name}",
    }.get(way, setting.name)
    python = PYTHON if way == "platform" else world.channel.python.version
    needs = tools.cwd / "needs"
    data = {"python": python, "conda": {"dependencies": [{"pip": [pip]}]}}
    needs.write_text(lock(world, setting) if way == "lock" else json.dumps(data))
    there = {"PIP_INDEX_URL": f"{site}/simple"} if setting.site else {"PIP_NO_INDEX": "1"}
    there |= {} if setting.site else {"PIP_FIND_LINKS": str(world.shelf)}
    own = {"XDG_CONFIG_DIRS": str(tools.cwd), "UV_CACHE_DIR": str(tools.cwd / "uv")}
    env = {**OWN_CONFIGURATION, "PIP_FIND_LINKS": "", **there, **own, **setting.env}
    given = ["-q", "--rebuild", "--no-verify", *where, *options, *setting.options]
    done = tools.create(*given, needs, "e.tar", env={k: v or None for k, v in env.items()})
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr}"
    with tarfile.open(tools.cwd / "e.tar") as tar:
        assert not [member for member in tar if member.issym() and member.linkname[:1] == "/"]
        assert not [name for name in tar.getnames() if "uv_cache" in name]  # has a time in it
        found = [member.name.split("/")[-2] for member in tar if member.name.endswith("/METADATA")]
    return " ".join(one.removesuffix(".dist-info").replace("-", " ") for one in sorted(found))


def lock(world: World, setting: Setting) -> str:
    """The lock that has the package of a setting, at its site."""
    text = world.lock
    if setting.name == "made":
        digest = hashlib.sha256((world.shelf / "made-1.0.tar.gz").read_bytes()).hexdigest()
        text = re.sub(r"(?<=/local/)tiny-2.*whl", "made-1.0.tar.gz", text)
        text = text.replace("name: tiny\n  version: '2.0'", "name: made\n  version: '1.0'")
        text = re.sub(r"(?<=version: '1.0'\n  sha256: )\w+", digest, text)
    return re.sub("file:///local(?=/(tiny|made))", setting.site, text) if setting.site else text


# --- the table ---------------------------------------------------------------------------

SDISTS = ("--allow-sdist",)
NOT_MADE = {way: "exit 5: " if way == "lock" else "exit 4: " for way in WAYS}
NOT_FETCHED = {**NOT_MADE, "path": "tiny 2.0"}


def settings(world: World, tools: Tools) -> dict[str, Setting]:
    """Each setting of the table, made so that one sees what comes of it."""
    here = tools.cwd
    (here / "bounds.txt").write_text("tiny<2\niniconfig<1\n")
    (here / "build-bounds.txt").write_text("helper<1\n")
    (here / "pip.conf").write_text(f"[global]\nno-index = 1\nfind-links = {world.shelf}\n")
    (here / "keyring").write_text("#!/bin/sh\necho opens-it\n")
    (here / "keyring").chmod(0o755)
    server, secure = world.server.url, world.secure.url
    bare = {"PIP_FIND_LINKS": "", "PIP_NO_INDEX": ""}
    dead = {**bare, "PIP_INDEX_URL": f"{DEAD}/simple", "PIP_RETRIES": "0"}
    extra = {**bare, "PIP_INDEX_URL": f"{server}/none", "PIP_EXTRA_INDEX_URL": f"{server}/simple"}
    trusted = {"PIP_CERT": str(world.authority)}
    fresh = {"XDG_CACHE_HOME": str(here / "cache")}  # what was fetched is not asked for again
    asked = {"PIP_KEYRING_PROVIDER": "subprocess", "PATH": f"{here}:{tools.environment['PATH']}"}
    return {
        "constraint": Setting({"PIP_CONSTRAINT": "bounds.txt"}, effect=BOUND),
        "build-constraint": Setting(
            {"PIP_BUILD_CONSTRAINT": "build-bounds.txt"}, "", NOT_MADE, "made", SDISTS
        ),
        "index-url": Setting(dead, server, "exit 4: "),
        "extra-index-url": Setting(extra, server),
        "find-links": Setting({"PIP_FIND_LINKS": str(world.shelf)}),
        "no-index": Setting({"PIP_NO_INDEX": "1"}, server, "exit 4: "),
        "no-binary": Setting({"PIP_NO_BINARY": "tiny"}, effect="exit 4: "),
        "only-binary": Setting({"PIP_ONLY_BINARY": ":all:"}, "", "exit 4: ", "made", SDISTS),
        "prefer-binary": Setting({"PIP_PREFER_BINARY": "1"}),
        "pre": Setting({"PIP_PRE": "1"}, effect="tiny 3.0a1"),
        "require-hashes": Setting({"PIP_REQUIRE_HASHES": "1", "UV_REQUIRE_HASHES": "1"}),
        "cert": Setting(trusted, secure),
        "client-cert": Setting({**trusted, "PIP_CLIENT_CERT": str(world.client)}, world.known.url),
        "trusted-host": Setting({"PIP_TRUSTED_HOST": "127.0.0.1"}, secure),
        "proxy": Setting({"PIP_PROXY": server}, "http://packages.invalid"),
        "timeout": Setting({"PIP_TIMEOUT": "7.5"}, server),
        "retries": Setting({"PIP_RETRIES": "0", **fresh}, server, NOT_FETCHED),
        "keyring-provider": Setting(asked, server.replace("://", "://me@")),
        "PIP_CONFIG_FILE": Setting({**bare, "PIP_CONFIG_FILE": str(here / "pip.conf")}),
        "target": Setting({"PIP_TARGET": str(here / "elsewhere")}),
        "user": Setting({"PIP_USER": "1"}),
        "prefix": Setting({"PIP_PREFIX": str(here / "elsewhere")}),
        "UV_LINK_MODE": Setting({"UV_LINK_MODE": "symlink"}),
        "UV_COMPILE_BYTECODE": Setting({"UV_COMPILE_BYTECODE": "1"}),
    }


BOUND = {way: "exit 4: " if "named" in column else "tiny 1.0" for way, column in WAYS.items()}


def without(way: str, setting: Setting) -> str:
    """What comes of a way where a setting has no effect."""
    if way == "host":
        return "iniconfig"
    return {"tiny": "tiny 2.0", "made": "made 1.0"}[setting.name]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TABLE)
def test_setting__on_each_way__does_what_the_table_says(
    tools: Tools, world: World, name: str, way: str
) -> None:
    setting = settings(world, tools)[name]
    says = TABLE[name][WAYS[way]]
    world.server.behave()
    if name == "retries":
        world.server.on("*", status_at_first(503))
    if name == "keyring-provider":
        world.server.on("*", login("me", "opens-it"))
    done = create(tools, world, way, setting)
    expected = without(way, setting) if says == "no effect" else setting.expected(way)
    assert done.startswith(expected)
    assert says != "refused" or done.startswith("exit ")
    assert not (tools.cwd / "elsewhere").exists()


def test_table__has_every_setting_that_is_tried() -> None:
    assert len(TABLE) == 24


# --- fast: all settings that are to have no effect at once, and a constraint ----------------


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.slow] * ("host" in way)) for way in WAYS]
)
def test_settings__of_a_hostile_site__leave_alone_what_was_chosen(
    tools: Tools, world: World, way: str
) -> None:
    known = settings(world, tools)
    env: dict[str, str] = {}
    for name, row in TABLE.items():
        if name == "constraint" or set(row.values()) == {"no effect"}:
            env |= known[name].env
    (tools.cwd / "uv.toml").write_text(f'[pip]\ntarget = "{tools.cwd}/elsewhere"\n')
    done = create(tools, world, way, Setting(env))
    in_effect = "installed" not in WAYS[way] and "lock" not in WAYS[way]
    assert done.startswith(BOUND[way] if in_effect else without(way, Setting()))
    assert not (tools.cwd / "elsewhere").exists()


@pytest.mark.parametrize("form", ["UV_CONSTRAINT", "pip.conf", "uv.toml"])
def test_constraint__in_any_form__bounds_what_is_chosen(
    tools: Tools, world: World, form: str
) -> None:
    bounds = tools.cwd / "bounds.txt"
    bounds.write_text("tiny<2\n")
    (tools.cwd / "pip").mkdir()
    if form == "uv.toml":
        (tools.cwd / "uv.toml").write_text('constraint-dependencies = ["tiny<2"]\n')
    if form == "pip.conf":
        (tools.cwd / "pip/pip.conf").write_text(f"[global]\nconstraint = {bounds}\n")
    env = {form: str(bounds)} if form == "UV_CONSTRAINT" else {}
    assert create(tools, world, "conda and PyPI", Setting(env)) == "tiny 1.0"
