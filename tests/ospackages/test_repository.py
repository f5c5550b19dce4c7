"""Signed packages, and repositories from which the real apt and dnf take them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pypackage.archive.ospackages import install_test, repository
from pypackage.core.errors import ProcessError
from pypackage.core.progress import SILENT
from tests.ospackages.project import Project
from tests.support import worker
from tests.support.needs import missing, need
from tests.support.tools import Tools

pytestmark = pytest.mark.slow

WHO = "Acme <acme@example.org>"


@pytest.fixture(scope="module", autouse=True)
def _keys() -> Iterator[None]:
    """A key of Acme's, where gpg finds it."""
    need("gpg", "gpgconf")
    with pytest.MonkeyPatch.context() as patch:
        home = tempfile.mkdtemp(prefix="gpg-")  # short: the agent's socket is in it
        patch.setenv("GNUPGHOME", home)
        words = ["--quick-generate-key", WHO, "rsa2048", "sign", "0"]
        command = ["gpg", "--batch", "--passphrase", "", *words]
        subprocess.run(command, check=True, capture_output=True)
        yield
        subprocess.run(["gpgconf", "--kill", "all"], check=True)
        shutil.rmtree(home, ignore_errors=True)


def make(project: Project, maker: Tools, *words: str) -> Path:
    done = project.create(maker, *words, "--command", "greet")
    assert done.returncode == 0, done.stderr
    return project.folder / done.stdout.strip()


def verify(content: bytes, signature: Path) -> str:
    command = ["gpg", "--batch", "--verify", str(signature), "-"]
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, input=content, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode()


@pytest.fixture(scope="module")
def apt_folder(hello: Project, maker: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one package; both are signed."""
    need("dpkg-deb", "debsigs", "apt-ftparchive")
    folder = tmp_path_factory.mktemp("repository") / "apt"
    words = ["--format", "deb", "--sign", "acme@example.org", "--repository", str(folder)]
    deb = make(hello, maker, *words)
    assert (folder / deb.name).read_bytes() == deb.read_bytes()
    return folder


def test_deb__signed_and_in_a_repository__has_debsigs_signature(
    apt_folder: Path, tmp_path: Path
) -> None:
    need("ar")
    (deb,) = apt_folder.glob("*.deb")
    subprocess.run(["ar", "x", deb], cwd=tmp_path, check=True)
    parts = ("debian-binary", "control.tar.xz", "data.tar.xz")
    content = b"".join((tmp_path / name).read_bytes() for name in parts)
    assert f'Good signature from "{WHO}"' in verify(content, tmp_path / "_gpgorigin")
    release = (apt_folder / "Release").read_bytes()
    assert f'Good signature from "{WHO}"' in verify(release, apt_folder / "Release.gpg")


@pytest.mark.root
def test_apt__repository__installs_from_it_as_long_as_it_is_trusted(
    apt_folder: Path, tmp_path: Path
) -> None:
    need("bwrap")
    if os.geteuid() != 0:
        missing("the root needs root")
    try:
        debian = worker.make("debian", worker.debian_folder()).root
    except worker.NoWorkerError as error:
        missing(str(error))
    root, work = tmp_path / "root", tmp_path / "apt"
    devices = shutil.ignore_patterns("dev", "doc", "locale")
    shutil.copytree(debian, root, symlinks=True, ignore=devices)
    (root / "dev").mkdir()
    shutil.copytree(apt_folder, work)
    sources = root / "etc/apt/sources.list"
    sources.write_text("deb [signed-by=/repository/key.asc] file:///repository ./\n")

    def apt(*words: str) -> str:
        command = ["apt-get", "-o", "APT::Sandbox::User=root", *words]
        binds = ["--ro-bind", str(work), "/repository"]
        return install_test._inside(root, command, binds).decode()

    apt("update", "--error-on=any")
    apt("-y", "install", "hello")
    assert install_test._inside(root, ["greet", "you"]) == b"hello, you\n"
    (deb,) = work.glob("*.deb")
    repository.add(deb, "deb", work, "", SILENT)  # nobody signs the index any more
    with pytest.raises(ProcessError, match="status 100"):
        apt("update", "--error-on=any")
    shutil.rmtree(root / "var/lib/apt/lists")  # where apt remembers that it was signed
    sources.write_text("deb [trusted=yes] file:///repository ./\n")
    apt("update", "--error-on=any")


@pytest.fixture(scope="module")
def dnf_folder(hello: Project, maker: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one package; both are signed."""
    need("rpmbuild", "rpmsign", "createrepo_c")
    folder = tmp_path_factory.mktemp("repository") / "dnf"
    words = ["--format", "rpm", "--sign", WHO, "--repository", str(folder), "--license", "MIT"]
    words += ["--section", "Applications/Text", "--url", "https://example.org"]
    words += ["--no-verify", "--exclude", "*.so*"]  # for each of which rpmlint starts programs
    make(hello, maker, *words)
    return folder


def test_dnf__signed_repository__is_trusted_and_has_the_package(
    dnf_folder: Path, tmp_path: Path
) -> None:
    need("rpm", "dnf")
    key = dnf_folder / "key.asc"
    (rpm,) = dnf_folder.glob("*.rpm")
    database = ["--dbpath", str(tmp_path / "database")]
    subprocess.run(["rpm", *database, "--import", key], check=True)
    checked = subprocess.run(["rpm", *database, "-Kv", rpm], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert "Signature, key ID" in checked.stdout
    options = ["--setopt=reposdir=/dev/null", f"--setopt=cachedir={tmp_path}/cache", "--assumeyes"]
    options += [f"--repofrompath=acme,{dnf_folder.as_uri()}", "--repoid=acme", "--releasever=9"]
    options += [f"--setopt=acme.{one}" for one in ("repo_gpgcheck=1", f"gpgkey={key.as_uri()}")]
    options += [f"--setopt=persistdir={tmp_path}/state", f"--setopt=logdir={tmp_path}"]
    command = ["dnf", *options, "repoquery", "--provides", "hello"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "hello = 1.0-1" in found.stdout


def test_rpmlint__of_a_package__finds_no_error_that_has_no_reason(dnf_folder: Path) -> None:
    need("rpmlint")
    (rpm,) = dnf_folder.glob("*.rpm")
    rules = Path(__file__).with_name("rpmlint.toml")
    done = subprocess.run(["rpmlint", "--config", rules, rpm], capture_output=True, text=True)
    assert " 0 errors" in done.stdout, done.stdout + done.stderr


def test_sign__with_a_key_that_is_not_there__says_so_before_anything_is_made(
    hello: Project, maker: Tools
) -> None:
    need("dpkg-deb", "debsigs")
    done = hello.create(maker, "--format", "deb", "--sign", "nobody@example.org", name="unsigned")
    assert done.returncode == 6
    assert "gpg has no secret key nobody@example.org (--sign)" in done.stderr.splitlines()[0]
    assert not list(hello.folder.glob("*unsigned*"))
