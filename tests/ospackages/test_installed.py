"""Packages in a minimal Debian without Python, by the real dpkg and rpm."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pypackage.archive.ospackages import install_test
from tests.ospackages import project
from tests.ospackages.project import Project
from tests.support import worker
from tests.support.channels import Channel
from tests.support.needs import missing, need
from tests.support.tools import Tools

pytestmark = [pytest.mark.root, pytest.mark.slow]

NUMPY = """\
def main():
    import numpy
    from hi import EXTRA
    print(numpy.arange(5).sum(), EXTRA)
"""
CONF = "etc/hello/hello.conf"


@pytest.fixture(scope="module")
def debian() -> Path:
    need("bwrap", "dpkg-deb", "rpmbuild", "rpm", "cp")
    if os.geteuid() != 0:
        missing("the roots need root")
    try:
        return worker.make("debian", worker.debian_folder()).root
    except worker.NoWorkerError as error:
        missing(str(error))


@pytest.fixture
def root(debian: Path, tmp_path: Path) -> Path:
    """A copy of it, to be altered."""
    shutil.copytree(debian, tmp_path / "root", symlinks=True, ignore=_devices)
    return tmp_path / "root"


def _devices(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if folder.endswith("/dev")]


@pytest.fixture(scope="module")
def numeric(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Project:
    if not channel.has("numpy"):
        missing("numpy is not installed here (PyPI: numpy)")
    return project.make(tmp_path_factory.mktemp("numeric"), channel, "numpy")


def version(numeric: Project, maker: Tools, format_: str, number: str) -> Path:
    """A version of the application: each has a module, and a configuration, of its own."""
    own = numeric.folder / "hi"
    shutil.rmtree(own)
    own.mkdir()
    (own / "__init__.py").write_text(f"EXTRA = 'version {number}'\n")
    (own / f"only_{number.replace('.', '_')}.py").write_text("")
    (own / "__main__.py").write_text(f"{NUMPY}\nmain()\n")
    (numeric.folder / "hello.conf").write_text(f"made for {number}\n")
    (numeric.folder / "told.sh").write_text(f"echo told {number} >>/var/log/hello.log\n")
    words = ["--format", format_, "--command", "greet", "--systemd-unit", "hello.service"]
    words += ["--config-file", f"hello.conf:/{CONF}"]
    for moment in ("after-install", "after-upgrade", "before-remove"):
        (numeric.folder / f"{moment}.sh").write_text(f"echo {moment} >>/var/log/hello.log\n")
        words += [f"--{moment}", f"{moment}.sh"]
    done = numeric.create(maker, *words, version=number)
    assert done.returncode == 0, done.stderr
    return numeric.folder / done.stdout.strip()


def inside(root: Path, *argv: str, bind: Path | None = None) -> str:
    binds = ["--ro-bind", str(bind), f"/tmp/{bind.name}"] if bind else []
    return install_test._inside(root, argv, binds).decode()


def check_upgrade(
    root: Path, install: Callable[[Path], object], versions: tuple[Path, Path]
) -> None:
    """Install one version over the other, with a configuration file that the user has changed."""
    install(versions[0])
    assert inside(root, "/opt/hello/bin/python", "-m", "hi") == "10 version 1.0\n"
    assert inside(root, "greet", "you") == "hello, you\n"
    (root / CONF).write_text("changed by me\n")
    install(versions[1])
    assert inside(root, "/opt/hello/bin/python", "-m", "hi") == "10 version 1.1\n"
    assert (root / CONF).read_text() == "changed by me\n"
    assert {path.name for path in (root / "opt/hello").rglob("only_*.py")} == {"only_1_1.py"}


def told(root: Path) -> list[str]:
    return (root / "var/log/hello.log").read_text().split()


def test_deb__installed_upgraded_and_purged__leaves_nothing(
    numeric: Project, maker: Tools, root: Path
) -> None:
    versions = (version(numeric, maker, "deb", "1.0"), version(numeric, maker, "deb", "1.1"))
    before = set(install_test._files(root))

    def install(deb: Path) -> None:
        inside(root, "dpkg", "-i", "--force-confold", f"/tmp/{deb.name}", bind=deb)

    check_upgrade(root, install, versions)
    told_here = subprocess.run(  # as in the building of images: there is no /proc
        ["chroot", root, "/opt/hello/bin/python", "-m", "hi"], capture_output=True, text=True
    )
    assert told_here.stdout == "10 version 1.1\n", told_here.stderr
    inside(root, "dpkg", "-P", "hello")
    assert not set(install_test._files(root)) - before
    assert told(root) == ["after-install", "after-upgrade", "before-remove"]


def test_rpm__installed_upgraded_and_removed__leaves_nothing_but_the_users_own(
    numeric: Project, maker: Tools, root: Path
) -> None:
    versions = (version(numeric, maker, "rpm", "1.0"), version(numeric, maker, "rpm", "1.1"))
    before = set(install_test._files(root))

    def rpm(*words: str | Path) -> None:
        done = subprocess.run(
            ["rpm", "--root", root, "--dbpath", "/var/lib/rpm", *words],
            check=True,
            capture_output=True,
            text=True,
        )
        usual = re.compile(r"rpm: (RPM should not|However assuming)|warning: .*\.rpm(save|new)$")
        lines = (done.stdout + done.stderr).splitlines()
        assert [line for line in lines if not usual.match(line)] == []

    check_upgrade(root, lambda made: rpm("-U", "--nodeps", made), versions)
    # Which leaves byte code that rpm knows nothing of.
    inside(root, "/opt/hello/bin/python", "-O", "-c", "import hi, numpy")
    assert list((root / "opt/hello").rglob("*.opt-1.pyc"))
    rpm("-e", "hello")
    left = set(install_test._files(root)) - before
    assert left == {"/etc/hello", f"/{CONF}.rpmsave", f"/{CONF}.rpmnew"}
    assert told(root) == ["after-install", "after-upgrade", "before-remove"]


def test_lintian__of_a_package__finds_no_error(numeric: Project, maker: Tools) -> None:
    need("lintian")
    deb = version(numeric, maker, "deb", "1.0")
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error", deb], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("E:")]


@pytest.mark.parametrize("format_", ["deb", "rpm"])
def test_try__in_a_clean_root__tells_what_is_left_over(
    numeric: Project, maker: Tools, debian: Path, format_: str
) -> None:
    words = ["--format", format_, "--try-root", str(debian), "-v"]
    done = numeric.create(maker, *words, "--try", "/opt/tried/bin/greet there", name="tried")
    assert done.returncode == 0, done.stderr
    assert "hello, there\n" in done.stderr
    assert "no files are left over" in done.stderr
    done = numeric.create(maker, *words, "--try", "touch /opt/tried/mine", name="tried")
    assert done.returncode == 0, done.stderr
    assert "warning: left behind in" in done.stderr
    assert "/opt/tried/mine\n" in done.stderr


def test_try__with_a_command_that_fails__makes_no_package(
    numeric: Project, maker: Tools, debian: Path
) -> None:
    words = ["--format", "deb", "--try-root", str(debian), "--try", "echo oh dear; false"]
    done = numeric.create(maker, *words, name="untried")
    assert done.returncode == 7
    assert "this fails: echo oh dear; false (status 1)" in done.stderr
    assert "oh dear" in done.stderr
    assert not list(numeric.folder.glob("*untried*"))
    assert not list(numeric.folder.glob(".*.part"))
