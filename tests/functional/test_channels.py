"""Channels as sites have them: settings, secrets, certificates, caches, faults, other platforms.

The channel here is tiny, and its Python a shell script: nothing of it is run.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from rattler import Subdir
from rattler.index import index_fs

from tests.support import tls
from tests.support.channels import copy_by_link
from tests.support.creating import refused, requirements
from tests.support.http import (
    Fault,
    Server,
    half,
    login,
    no_answer,
    redirect,
    serve,
    slow,
    status,
    wrong_bytes,
)
from tests.support.needs import need
from tests.support.packages import PLACEHOLDER, Entry, Package, script, text, write
from tests.support.tools import Tools

HERE = str(Subdir.current())
MACOS = "osx-arm64"
THERE = "linux-64" if HERE == "linux-aarch64" else "linux-aarch64"
PYTHON = "3.11.9"


def python(platform: str) -> Package:
    """A Python of a few bytes, with its prefix in a program as the real one has."""
    magic = b"\xcf\xfa\xed\xfe" if platform == MACOS else b"\x7fELF\0"
    return Package(
        "python",
        PYTHON,
        build="h1_0_cpython",
        files={
            "bin/python3.11": script(f"#!/bin/sh\n# {PLACEHOLDER}\n", prefix="text"),
            "bin/python": Entry(link="python3.11"),
            "lib/libpython.so": Entry(magic + PLACEHOLDER.encode() + b"\0", prefix="binary"),
        },
        depends=("__osx >=11.0" if platform == MACOS else "__glibc >=2.17",),
    )


def tool(version: str) -> Package:
    return Package("tool", version, files={"share/tool": text(version)}, noarch="generic")


def command() -> Package:
    """A command of Python, which is linked by what Python there is."""
    return Package(
        "command",
        files={"site-packages/command.data": text("")},
        depends=("python",),
        noarch="python",
        entry_points=("command = command:main",),
    )


SCRIPTED = Package("scripted", post_link="#!/bin/sh\ntouch $PREFIX/scripted\n")
NEW_GLIBC = Package("new-glibc", depends=("__glibc >=2.99",))


def fill(folder: Path, *packages: Package, times: dict[str, int] | None = None) -> Path:
    """Make a channel for all three platforms.

    Args:
        folder: To be made.
        packages: What is in it besides Python.
        times: When packages were built by file name, in milliseconds; by default long ago.
    """
    for platform in (HERE, THERE, MACOS):
        write(python(platform), folder, platform)
    for package in packages:
        for platform in (HERE,) if package.noarch else (HERE, THERE, MACOS):
            write(package, folder, platform)
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False))
    for path in folder.glob("*/repodata.json"):
        repodata = json.loads(path.read_text())
        for name, record in repodata["packages.conda"].items():
            record.pop("indexed_timestamp", None)  # which conda-forge has not either
            record["timestamp"] = (times or {}).get(name, record["timestamp"])
        path.write_text(json.dumps(repodata))
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The channel of most tests."""
    folder = tmp_path_factory.mktemp("small")
    packages = [tool("1.0"), tool("1.5"), tool("2.0"), command(), SCRIPTED, NEW_GLIBC]
    days = {"tool-1.0": 1704067200, "tool-1.5": 1735689599, "tool-2.0": 1735689600}
    times = {f"{name}-0.conda": 1000 * seconds for name, seconds in days.items()}
    return fill(folder, *packages, times=times)


@pytest.fixture
def server(small: Path) -> Iterator[Server]:
    with serve(small) as running:
        yield running


@pytest.fixture
def own_cache(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """Package caches of this test alone, empty."""
    folder = tmp_path_factory.mktemp("cache")
    return {"RATTLER_CACHE_DIR": str(folder / "rattler"), "XDG_CACHE_HOME": str(folder / "xdg")}


def tool_version(archive: Path) -> str:
    with tarfile.open(archive) as tar:
        content = tar.extractfile("share/tool")
        assert content is not None
        return content.read().decode()


def manifest(archive: Path) -> dict[str, object]:
    with tarfile.open(archive) as tar:
        content = tar.extractfile("etc/pypackage/manifest.json")
        assert content is not None
        read: dict[str, object] = json.loads(content.read())
        return read


# --- secrets -----------------------------------------------------------------------------


def traces(secrets: list[str], *folders: Path) -> list[str]:
    """Files below some folders that hold one of some texts."""
    words = [word.encode() for word in secrets]
    return [
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in words)
    ]


def test_login__in_a_channel_s_url__lets_in_and_is_left_nowhere(
    tools: Tools, server: Server, own_cache: dict[str, str | None]
) -> None:
    server.on("*", login("me", "open@sesame"))
    url = server.url.replace("://", "://me:open%40sesame@")
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    done = tools.create("-v", "-c", url, needs, "mine", env=own_cache)
    assert done.returncode == 0, done.stderr
    subprocess.run(["gzip", "-d", "mine.tar.gz"], cwd=tools.cwd, check=True)
    assert "sesame" not in done.stderr
    cache = Path(str(own_cache["RATTLER_CACHE_DIR"])).parent
    assert traces(["sesame"], tools.cwd, tools.home, cache) == []
    with tarfile.open(tools.cwd / "mine.tar") as archive:
        (record,) = [name for name in archive.getnames() if "conda-meta/tool" in name]
    kept = json.loads((tools.environments / "mine" / record).read_text())
    assert kept["url"] == f"{server.url}/noarch/tool-2.0-0.conda"


def test_token__in_a_channel_s_url__lets_in_and_is_left_nowhere(
    tools: Tools, small: Path, own_cache: dict[str, str | None], tmp_path: Path
) -> None:
    copy_by_link(small, tmp_path / "site/t/to-ken/lab")
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    with serve(tmp_path / "site") as site:
        settings = f"channels: [lab]\nchannel_alias: '{site.url}/t/${{TOKEN}}'\n"
        (tools.home / ".condarc").write_text(settings)
        done = tools.create("-v", needs, "mine", env={**own_cache, "TOKEN": "to-ken"})
        assert done.returncode == 0, done.stderr
        assert all(request.path.startswith("/t/to-ken/lab/") for request in site.requests)
    subprocess.run(["gzip", "-d", "mine.tar.gz"], cwd=tools.cwd, check=True)
    assert "to-ken" not in done.stderr
    cache = Path(str(own_cache["RATTLER_CACHE_DIR"])).parent
    assert traces(["to-ken"], tools.cwd, tools.home, cache) == []


@pytest.mark.parametrize("code", [401, 404, 503])
def test_secret__of_a_channel_that_refuses__is_not_told(
    tools: Tools, small: Path, own_cache: dict[str, str | None], tmp_path: Path, code: int
) -> None:
    copy_by_link(small, tmp_path / "site/t/to-ken/lab")
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    with serve(tmp_path / "site") as site:
        url = site.url.replace("://", "://me:sesame@") + "/t/to-ken/lab"
        for pattern, exit_code in (("*/tool-2.0*", 5), ("*/repodata*", 4)):
            site.on(pattern, status(code))
            env = {**own_cache, "CONDA_REMOTE_MAX_RETRIES": "0"}
            said = refused(tools, exit_code, "-v", "-c", url, needs, "mine", env=env)
            assert f"{code} " in said
            assert "sesame" not in said
            assert "to-ken" not in said


def test_login__of_netrc_and_of_a_url__work_side_by_side(
    tools: Tools, server: Server, small: Path, own_cache: dict[str, str | None]
) -> None:
    netrc = tools.home / ".netrc"
    netrc.write_text("machine localhost login you password opensesame\n")
    netrc.chmod(0o600)
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    server.on("*", login("me", "sesame"))
    with serve(small) as other:
        other.on("*", login("you", "opensesame"))
        other.on("*/python-*", status(404))
        urls = [other.url.replace("127.0.0.1", "localhost"), server.url]
        urls[1] = urls[1].replace("://", "://me:sesame@")
        done = tools.create("-c", urls[1], "-c", urls[0], needs, "mine", env=own_cache)
        assert done.returncode == 0, done.stderr
        done = tools.create("-c", urls[0], needs, "other", env=own_cache)
        assert done.returncode == 0, done.stderr


def test_login__that_is_wrong__exits_4(tools: Tools, server: Server) -> None:
    server.on("*", login("me", "sesame"))
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    url = server.url.replace("://", "://me:wrong@")
    said = refused(tools, 4, "-c", url, needs, "mine")
    assert f"cannot read the channels {server.url}" in said
    assert "401" in said
    assert "wrong" not in said


# --- certificates and proxies ------------------------------------------------------------


def test_certificates__of_an_authority_of_the_site__are_as_condarc_says(
    tools: Tools, small: Path, tmp_path: Path
) -> None:
    need("openssl")
    (tmp_path / "tls").mkdir()
    certificates = tls.make(tmp_path / "tls")
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    with serve(small, certificates.server) as site:
        env: dict[str, str | None] = {"CONDA_REMOTE_MAX_RETRIES": "0"}
        said = refused(tools, 4, "-c", site.url, needs, "one.tar", env=env)
        assert "certificate" in said
        (tools.home / ".condarc").write_text(f"ssl_verify: {certificates.authority}\n")
        done = tools.create("-c", site.url, needs, "one.tar")
        assert done.returncode == 0, done.stderr
        env = {"CONDA_SSL_VERIFY": "false"}
        done = tools.create("-c", site.url, needs, "two.tar", env=env)
        assert done.returncode == 0, done.stderr


def test_proxy__of_condarc__is_asked_for_everything(tools: Tools, server: Server) -> None:
    proxy = server.url.replace("://", "://me:sesame@")
    (tools.home / ".condarc").write_text(f"proxy_servers: {{http: '{proxy}'}}\n")
    needs = requirements(tools.cwd, "tool=1.0", python=PYTHON)
    done = tools.create("-v", "-c", "http://channel.invalid", needs, "e.tar")
    assert done.returncode == 0, done.stderr
    assert "sesame" not in done.stderr
    assert server.requests


# --- which channel -----------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two channels, the first with the older tool."""
    fill(tmp_path / "two/old", tool("1.0"))
    fill(tmp_path / "two/new", tool("2.0"))
    return tmp_path / "two"


@pytest.mark.parametrize(
    ("priority", "spec", "version"),
    [
        ("", "tool", "1.0"),
        ("strict", "tool", "1.0"),
        ("flexible", "tool", "1.0"),
        ("flexible", "tool>=2", "2.0"),
        ("disabled", "tool", "2.0"),
    ],
)
def test_channel_priority__of_condarc__decides(
    tools: Tools, two: Path, priority: str, spec: str, version: str
) -> None:
    env: dict[str, str | None] = {"CONDA_CHANNEL_PRIORITY": priority}
    needs = requirements(tools.cwd, spec, python=PYTHON)
    done = tools.create("-c", two / "old", "-c", two / "new", needs, "e.tar", env=env)
    assert done.returncode == 0, done.stderr
    assert tool_version(tools.cwd / "e.tar") == version


def test_channel_priority__strict__takes_no_dependency_from_the_second(
    tools: Tools, tmp_path: Path
) -> None:
    user = Package("user", depends=("tool >=2",), noarch="generic")
    old = fill(tmp_path / "old", tool("1.0"), user)
    new = fill(tmp_path / "new", tool("2.0"))
    needs = requirements(tools.cwd, "user", python=PYTHON)
    said = refused(tools, 4, "-c", old, "-c", new, needs, "e.tar")
    assert "tool" in said
    env: dict[str, str | None] = {"CONDA_CHANNEL_PRIORITY": "flexible"}
    assert tools.create("-c", old, "-c", new, needs, "e.tar", env=env).returncode == 0


@pytest.mark.parametrize(
    "settings",
    [
        "default_channels: [{site}/old, {site}/new]\nchannels: [defaults]",
        "channel_alias: {site}\ncustom_multichannels: {{both: [old, new]}}\nchannels: [both]",
        "custom_channels: {{old: {site}, new: {site}}}\ncustom_multichannels: "
        "{{defaults: [old, new]}}\nchannels: [defaults]",
    ],
)
def test_channels__under_one_name__are_of_the_same_rank(
    tools: Tools, two: Path, settings: str
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    with serve(two) as site:
        (tools.home / ".condarc").write_text(settings.format(site=site.url))
        done = tools.create(needs, "e.tar")
    assert done.returncode == 0, done.stderr
    assert tool_version(tools.cwd / "e.tar") == "2.0"


def test_condarc__with_a_fault__exits_3_and_names_file_and_key(tools: Tools, small: Path) -> None:
    path = tools.home / ".condarc"
    path.write_text("proxy_servers: {http: [http://me:sesame@proxy]}\n")
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    said = refused(tools, 3, "-c", small, needs, "e.tar")
    assert f"{path}: proxy_servers.http: expected a string" in said
    assert "sesame" not in said


# --- caches and no network ---------------------------------------------------------------


def test_pkgs_dirs__of_condarc__hold_the_packages(
    tools: Tools, server: Server, tmp_path: Path
) -> None:
    settings = f"pkgs_dirs: [{tmp_path}/first, {tmp_path}/second]\n"
    (tools.home / ".condarc").write_text(settings)
    env: dict[str, str | None] = {
        "RATTLER_CACHE_DIR": None,
        "XDG_CACHE_HOME": str(tmp_path / "xdg"),
    }
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    assert tools.create("-c", server.url, needs, "e.tar", env=env).returncode == 0
    assert (tmp_path / "first/tool-2.0-0/info/index.json").is_file()
    # One that a package is in already is read, wherever it stands in the list.
    (tools.home / ".condarc").write_text(f"pkgs_dirs: [{tmp_path}/third, {tmp_path}/first]\n")
    server.on("*.conda", status(404))
    done = tools.create("-c", server.url, needs, "e.tar", env=env)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "third/tool-2.0-0").exists()


def test_offline__what_was_made_before__is_made_again_without_a_request(
    tools: Tools, server: Server, own_cache: dict[str, str | None]
) -> None:
    needs = requirements(tools.cwd, "tool<2", python=PYTHON)
    assert tools.create("-c", server.url, needs, "one.tar", env=own_cache).returncode == 0
    server.behave()
    # What is in the cache does, though it is not what would be chosen with the network.
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    done = tools.create("--offline", "-c", server.url, needs, "two.tar", env=own_cache)
    assert done.returncode == 0, done.stderr
    assert server.requests == []
    one, two = ((tools.cwd / name).read_bytes() for name in ("one.tar", "two.tar"))
    assert one == two


def test_offline__something_is_missing__exits_4_and_names_it(
    tools: Tools, server: Server, own_cache: dict[str, str | None]
) -> None:
    needs = requirements(tools.cwd, "tool<2", python=PYTHON)
    assert tools.create("-c", server.url, needs, "one.tar", env=own_cache).returncode == 0
    (tools.cwd / "one.tar").unlink()
    server.behave()
    (tools.home / ".condarc").write_text("offline: true\n")
    needs = requirements(tools.cwd, "tool=2", "command", python=PYTHON)
    said = refused(tools, 4, "-c", server.url, needs, "two.tar", env=own_cache)
    assert "not in the package cache, and this is offline: command-1.0" in said
    assert "tool-2.0-0.conda" in said
    said = refused(tools, 4, "-c", f"{server.url}/other", needs, "two.tar", env=own_cache)
    assert "nothing is remembered of: command, python, tool" in said
    assert server.requests == []


def test_offline__package_of_a_lock_is_missing__exits_5_without_a_request(
    tools: Tools, server: Server, own_cache: dict[str, str | None]
) -> None:
    needs = requirements(tools.cwd, "tool<2", python=PYTHON)
    args = ("-c", server.url, "--lock", "x.lock", needs, "one.tar")
    assert tools.create(*args, env=own_cache).returncode == 0
    (tools.cwd / "one.tar").unlink()
    server.behave()
    empty = str(tools.home / "empty")
    elsewhere: dict[str, str | None] = {"RATTLER_CACHE_DIR": empty, "XDG_CACHE_HOME": empty}
    said = refused(tools, 5, "--offline", "x.lock", "two.tar", env=elsewhere)
    assert "not in the package cache, and this is offline: " in said
    assert "tool-1" in said
    assert server.requests == []


def test_offline__channel_that_is_a_folder__is_read(
    tools: Tools, small: Path, own_cache: dict[str, str | None]
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    args = ["--offline", "-c", "http://127.0.0.1:9", "-c", str(small)]
    done = tools.create(*args, needs, "e.tar", env=own_cache)
    assert done.returncode == 0, done.stderr
    assert tool_version(tools.cwd / "e.tar") == "2.0"


def test_offline__what_neither_is_installed_nor_kept__is_named(tools: Tools) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    needs = requirements(tools.cwd, {"pip": ["no-such-thing-1"]}, python=version)
    env: dict[str, str | None] = {"UV_CACHE_DIR": str(tools.home / "uv")}
    host = f"host:{sys.executable}"
    said = refused(tools, 4, "--offline", "-c", host, needs, "e.tar", env=env)
    assert "this is offline, and not in uv's cache: no-such-thing-1" in said
    assert "Using CPython" not in said


def test_offline__data_of_the_web__is_named(tools: Tools, small: Path) -> None:
    sources = {
        "TABLE": {"type": "file", "url": "http://me:sesame@127.0.0.1:9/table.csv"},
        "NEAR": {"type": "file", "url": (tools.cwd / "near").as_uri()},
    }
    needs = requirements(tools.cwd, "tool", python=PYTHON, http=sources)
    said = refused(tools, 5, "--offline", "-c", small, needs, "e.tar")
    assert "would have to be fetched: TABLE (http://127.0.0.1:9/table.csv)" in said


# --- as of a date ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "version"),
    [
        ("2024-12-30", "1.0"),
        ("2024-12-31", "1.5"),
        ("2025-01-01T00:00:00+01:00", "1.0"),
        ("2025-01-01T00:00:00Z", "2.0"),
    ],
)
def test_exclude_newer__date__takes_what_there_was_then(
    tools: Tools, small: Path, date: str, version: str
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    done = tools.create("--exclude-newer", date, "-c", small, needs, "e.tar")
    assert done.returncode == 0, done.stderr
    assert tool_version(tools.cwd / "e.tar") == version


def test_exclude_newer__what_came_later_is_asked_for__exits_4_and_says_so(
    tools: Tools, small: Path
) -> None:
    needs = requirements(tools.cwd, "tool=2", python=PYTHON)
    said = refused(tools, 4, "--exclude-newer", "2024-06-01", "-c", small, needs, "e.tar")
    assert "tool 2.0 is excluded" in said
    assert "2024-06-01" in said


@pytest.mark.slow
def test_exclude_newer__host_channel__has_what_is_installed_whenever_it_came(
    tools: Tools,
) -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    needs = requirements(tools.cwd, "packaging", python=version)
    host = f"host:{sys.executable}"
    done = tools.create("--exclude-newer", "2020-01-01", "-c", host, needs, "e.tar")
    assert done.returncode == 0, done.stderr


def test_exclude_newer__that_is_no_date__exits_1(tools: Tools, small: Path) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    said = refused(tools, 1, "--exclude-newer", "last week", "-c", small, needs, "e.tar")
    assert "'last week' is not a date" in said


# --- for another platform ----------------------------------------------------------------


@pytest.mark.parametrize("platform", [THERE, MACOS])
def test_platform__another_one__is_packed_and_what_cannot_run_is_told(
    tools: Tools, small: Path, platform: str
) -> None:
    needs = requirements(tools.cwd, "command", "scripted", python=PYTHON)
    done = tools.create("--platform", platform, "-c", small, needs, "mine")
    assert done.returncode == 0, done.stderr
    assert manifest(tools.cwd / "mine.tar.gz")["platform"] == platform
    assert f"post-link scripts for {platform} cannot run here, so not run: scripted" in done.stderr
    assert "no byte code is added" in done.stderr
    prefix = tools.environments / "mine"
    assert not (prefix / "scripted").exists()
    assert "import main" in (prefix / "bin/command").read_text()


def test_platform__macos__programs_are_packed_as_they_were_signed(
    tools: Tools, small: Path
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    done = tools.create("--platform", MACOS, "-c", small, needs, "mine.tar")
    assert done.returncode == 0, done.stderr
    [library] = (file for file in python(MACOS).files if file.startswith("lib/"))
    with tarfile.open(tools.cwd / "mine.tar") as tar:
        content = tar.extractfile(library)
        assert content is not None
        assert content.read() == python(MACOS).files[library].content
    done = tools.run("-e", "mine.tar", "--", "true")
    assert (done.returncode, done.stdout) == (4, "")
    assert f"mine.tar is for {MACOS}, and this machine is {HERE}" in done.stderr


def test_platform__this_one__is_as_without_it(tools: Tools, small: Path) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    for args in ([], ["--platform", HERE]):
        done = tools.create(*args, "-c", small, needs, f"{len(args)}.tar")
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr
    assert (tools.cwd / "0.tar").read_bytes() == (tools.cwd / "2.tar").read_bytes()


@pytest.mark.parametrize("platform", [HERE, THERE])
def test_glibc__that_the_variable_tells__is_solved_for(
    tools: Tools, small: Path, platform: str
) -> None:
    needs = requirements(tools.cwd, "new-glibc", python=PYTHON)
    args = ["--platform", platform, "-c", str(small), str(needs), "e.tar"]
    assert "__glibc" in refused(tools, 4, *args)
    done = tools.create(*args, env={"CONDA_OVERRIDE_GLIBC": "2.99"})
    assert done.returncode == 0, done.stderr
    (tools.cwd / "e.tar").unlink()
    said = refused(tools, 1, *args, env={"CONDA_OVERRIDE_GLIBC": "new!"})
    assert "CONDA_OVERRIDE_" in said


@pytest.mark.parametrize("platform", ["linux", "win-64"])
def test_platform__that_nothing_can_be_made_for__exits_1(
    tools: Tools, small: Path, platform: str
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    said = refused(tools, 1, "--platform", platform, "-c", small, needs, "e.tar")
    assert f"cannot make an environment for '{platform}'" in said


def test_platform__of_the_host_channel__exits_4(tools: Tools) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    said = refused(tools, 4, "--platform", THERE, "-c", "host", needs, "e.tar")
    assert f"nothing for {THERE}" in said


# --- faults ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("fault", [status(503), no_answer()], ids=["503", "no answer"])
def test_channel__that_fails_once__is_asked_again(
    tools: Tools, server: Server, own_cache: dict[str, str | None], fault: Fault
) -> None:
    server.on("*", fault, times=1)
    server.on("*/tool-*", fault, times=1)
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    done = tools.create("-c", server.url, needs, "e.tar", env=own_cache)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", [half(), wrong_bytes()], ids=["half", "wrong bytes"])
def test_channel__whose_repodata_is_spoilt__exits_4(
    tools: Tools, server: Server, own_cache: dict[str, str | None], fault: Fault
) -> None:
    server.on("*/repodata.json", fault)
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    env = {**own_cache, "CONDA_REMOTE_MAX_RETRIES": "0"}
    assert server.url in refused(tools, 4, "-c", server.url, needs, "e.tar", env=env)
    server.behave()
    done = tools.create("-c", server.url, needs, "e.tar", env=own_cache)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "seconds", "code"),
    [("*/repodata*", 60, 4), ("*/tool-*", 60, 5), ("*/tool-*", 5, 5)],
    ids=["index", "package", "some bytes of a package"],
)
def test_channel__that_is_too_slow__is_given_up_in_time(
    tools: Tools,
    server: Server,
    own_cache: dict[str, str | None],
    pattern: str,
    seconds: float,
    code: int,
) -> None:
    server.on(pattern, slow(seconds))
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    env = {**own_cache, "CONDA_REMOTE_READ_TIMEOUT_SECS": "1"}
    said = refused(tools, code, "-c", server.url, needs, "e.tar", env=env, timeout=30)
    assert server.url in said.splitlines()[-2 if code == 5 else -3]
    assert ("no complete answer in" if code == 4 else "4096 bytes came in") in said
    asked = [one for one in server.requests if fnmatch(one.path, pattern)]
    assert len({one.path for one in asked}) == len(asked)


@pytest.mark.parametrize("fault", [half(), status(404)], ids=["half", "404"])
def test_package__that_cannot_be_fetched__is_named_by_its_url(
    tools: Tools, server: Server, own_cache: dict[str, str | None], fault: Fault
) -> None:
    server.on("*/tool-*", fault)
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    env = {**own_cache, "CONDA_REMOTE_MAX_RETRIES": "0"}
    url = server.url.replace("//", "//me:hidden@")
    said = refused(tools, 5, "-q", "-c", url, needs, "e.tar", env=env)
    first = f"python_package_create: error: cannot fetch {server.url}/noarch/tool-2.0-0.conda"
    assert said.splitlines()[0] == first


def test_channel__that_has_moved__is_followed(
    tools: Tools, server: Server, own_cache: dict[str, str | None], tmp_path: Path
) -> None:
    needs = requirements(tools.cwd, "tool", python=PYTHON)
    (tmp_path / "moved").mkdir()
    with serve(tmp_path / "moved") as moved:
        for name in ("noarch/repodata.json", f"{HERE}/repodata.json"):
            moved.on(f"/{name}", redirect(f"{server.url}/{name}"))
        moved.on("*.conda", redirect(f"{server.url}/noarch/tool-2.0-0.conda"))
        moved.on("*/python-*", redirect(f"{server.url}/{HERE}/python-{PYTHON}-h1_0_cpython.conda"))
        done = tools.create("-c", moved.url, needs, "e.tar", env=own_cache)
    assert done.returncode == 0, done.stderr
