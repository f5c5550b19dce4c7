"""--python-source, as a user calls it, with sources that are built in no time."""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cpython import stand_in
from tests.support.creating import refused, requirements
from tests.support.http import serve
from tests.support.tools import Tools

pytestmark = pytest.mark.slow

HEADERLESS = {"CC": "gcc", "CPPFLAGS": "-nostdinc"}


@pytest.fixture
def tools(tools: Tools) -> Tools:
    """With a cache of this test alone."""
    return replace(tools, cache=tools.home / "cache")


@pytest.fixture
def source(tools: Tools) -> Path:
    return stand_in(tools.cwd / "mypython.tgz", "3.99.1")


def built(tools: Tools, *args: str | Path, env: dict[str, str | None] | None = None) -> Path:
    """Build an interpreter alone; its folder."""
    done = tools.create("--python-source", *args, env=env)
    assert done.returncode == 0, done.stderr
    python = Path(done.stdout.removesuffix("\n"))
    assert python.is_relative_to(tools.cache / "pypackage/interpreters")
    return python.parent.parent


# --- what it makes -----------------------------------------------------------------------


def test_build__source__is_built_once_and_looked_after(tools: Tools, source: Path) -> None:
    done = tools.create("--python-source", source)
    assert "compiling Python 3.99.1 (log: " in done.stderr
    python = Path(done.stdout.strip())
    again = tools.create("--python-source", source.name)
    assert again.stdout == done.stdout
    assert "compiling" not in again.stderr
    name = python.parent.parent.name
    assert f"interpreter  {name}  3.99.1  " in tools.create("--list").stdout
    assert tools.create("--remove", "3.99.1").returncode == 0
    left = sorted(path.name for path in (tools.cache / "pypackage/interpreters").iterdir())
    assert left == ["making"]
    assert list((tools.cache / "pypackage/interpreters/making").iterdir()) == []


def test_build__log__has_all_that_was_said(tools: Tools, source: Path) -> None:
    prefix = built(tools, source)
    log = prefix.with_name(f"{prefix.name}.log").read_text()
    assert "configured with" in log
    assert "compiling" in log


def test_build__flags__reach_configure_and_tell_interpreters_apart(
    tools: Tools, source: Path
) -> None:
    plain = built(tools, source)
    words = (plain / "words").read_text().split()
    assert f"--prefix={plain}" in words
    assert "--with-ensurepip=install" in words
    assert "--enable-optimizations" not in words
    other = built(tools, source, "--optimize", "--without-ensurepip")
    words = (other / "words").read_text().split()
    assert {"--enable-optimizations", "--with-lto", "--with-ensurepip=no"} <= set(words)
    assert other != plain
    assert built(tools, source, env={"CFLAGS": "-O1"}) not in (plain, other)
    said = refused(tools, 1, "--remove", "3.99.1")
    assert plain.name in said
    assert other.name in said


def test_build__same_source_by_another_name_and_form__is_the_same_only_if_the_bytes_are(
    tools: Tools, source: Path
) -> None:
    prefix = built(tools, source)
    source.rename(tools.cwd / "renamed.tgz")
    assert built(tools, "renamed.tgz") == prefix
    assert built(tools, stand_in(tools.cwd / "p_3.99.1.orig.tar.xz", "3.99.1")) != prefix


def test_build__version__is_downloaded_once_and_a_url_without_digest_each_time(
    tools: Tools, tmp_path: Path
) -> None:
    place = tmp_path / "served/3.99.1"
    place.mkdir(parents=True)
    stand_in(place / "Python-3.99.1.tgz", "3.99.1")
    with serve(place.parent) as server:
        env: dict[str, str | None] = {"PYPACKAGE_PYTHON_MIRROR": server.url}
        prefix = built(tools, "3.99.1", env=env)
        url = f"{server.url}/3.99.1/Python-3.99.1.tgz"
        digest = hashlib.sha256((place / "Python-3.99.1.tgz").read_bytes()).hexdigest()
        assert built(tools, "3.99.1", "--offline", env=env) == prefix
        assert built(tools, f"{url}#sha256={digest}", "--offline") == prefix
        assert len(server.requests) == 1
        assert built(tools, url) == prefix
        assert digest in (prefix / "python-source.json").read_text()
        said = refused(tools, 5, "--python-source", f"{url}#sha256={64 * 'a'}")
        assert f"its sha256 is {digest}" in said
        said = refused(tools, 5, "--python-source", f"{url}?other", "--offline")
        assert "this is offline" in said
        stand_in(place / "Python-3.99.1.tgz", "3.99.1", make="true # another")
        assert built(tools, url) != prefix


def test_build__password_in_the_url__is_not_kept(tools: Tools, tmp_path: Path) -> None:
    stand_in(tmp_path / "p.tgz", "3.99.1")
    with serve(tmp_path) as server:
        url = server.url.replace("://", "://user:hunter9@")
        done = tools.create("-v", "--python-source", f"{url}/p.tgz")
    assert done.returncode == 0, done.stderr
    texts = [p.read_text() for p in tools.cache.rglob("*") if p.is_file() and p.suffix != ".db"]
    assert "hunter9" not in done.stdout + done.stderr + "".join(texts)


def test_build__headers_are_missing__names_modules_and_packages_before(
    tools: Tools, source: Path
) -> None:
    done = tools.create("--python-source", source, env={**HEADERLESS})
    assert done.returncode == 0, done.stderr
    before, _, _ = done.stderr.partition("configuring")
    for word in ("ssl, sqlite3, ctypes", "libssl-dev libsqlite3-dev", "openssl-devel sqlite-devel"):
        assert word in before
    assert "zstd" not in before or "compression.zstd" in before


# --- what is refused ---------------------------------------------------------------------


def test_source__no_python__is_refused(tools: Tools, source: Path) -> None:
    (tools.cwd / "text.tgz").write_text("nothing\n")
    (tools.cwd / "cut.tgz").write_bytes(source.read_bytes()[:-40])
    with tarfile.open(tools.cwd / "other.tgz", "w:gz") as archive:
        archive.add(tools.cwd / "text.tgz", "other-1.0/configure")
    for name in ("text.tgz", "cut.tgz", "other.tgz"):
        said = refused(tools, 2, "--python-source", name)
        assert f"{name} is not a source archive of Python" in said
    assert "cannot read nowhere.tgz" in refused(tools, 2, "--python-source", "nowhere.tgz")
    assert "is not a digest" in refused(tools, 2, "--python-source", "http://host/p.tgz#md5=1")


def test_source__of_another_version__is_refused_before_it_is_built(
    tools: Tools, source: Path
) -> None:
    needs = requirements(tools.cwd, python="3.11.2")
    said = refused(tools, 4, "--python-source", source, needs, "mine")
    assert "of Python 3.99.1, and the requirements ask for 3.11.2" in said
    assert "configuring" not in said
    old = stand_in(tools.cwd / "old.tgz", "3.7.2")
    assert "3.9 and newer" in refused(tools, 4, "--python-source", old)


def test_build__fails__shows_the_end_of_the_log_and_leaves_nothing_else(tools: Tools) -> None:
    source = stand_in(tools.cwd / "p.tgz", "3.99.1", make="echo no luck; false")
    said = refused(tools, 5, "--python-source", source)
    assert "error: Python 3.99.1 cannot be built: make failed" in said
    assert "  no luck" in said
    (log,) = (tools.cache / "pypackage/interpreters").glob("cpython-*")
    assert f"its whole output is in {log}" in said
    assert "no luck" in log.read_text()


def test_build__without_a_compiler_or_in_a_folder_with_a_space__says_what_to_do(
    tools: Tools, source: Path
) -> None:
    said = refused(tools, 5, "--python-source", source, env={"CC": "no-such-compiler"})
    assert "there is no C compiler" in said
    spaced = replace(tools, cache=tools.home / "a cache")
    said = refused(spaced, 5, "--python-source", source)
    assert "set XDG_CACHE_HOME to another folder" in said


def test_source__with_a_lock_or_another_platform__is_refused(tools: Tools, source: Path) -> None:
    needs = requirements(tools.cwd, python="3.99.1")
    said = refused(
        tools, 1, "--python-source", source, "--platform", "linux-ppc64le", needs, "mine"
    )
    assert "not --platform" in said
