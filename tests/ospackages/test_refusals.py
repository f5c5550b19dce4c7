"""What cannot be made is said in one line, before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ospackages.project import Project
from tests.support.tools import Tools

REFUSED = [
    (["--app", "Hello"], 1, "dpkg takes no package named 'Hello'"),
    (["--app-version", "one"], 1, "dpkg takes no version 'one'"),
    (["--app-version", "1.0-"], 1, "dpkg takes no version '1.0-'"),
    (["--format", "rpm", "--app-version", "1.0-1"], 1, "rpm takes no version '1.0-1'"),
    (["--app-version", ""], 1, "an OS package needs a version"),
    (["--install-root", "opt"], 1, "'opt' is not the path of a folder"),
    (["--maintainer", "me"], 1, "'me' is not 'NAME <ADDRESS>'"),
    (["--runtime-deps", "lib gl"], 1, "'lib gl' is not a package name"),
    (["--url", "example.org"], 1, "--url: 'example.org' is not a URL"),
    (["--release", "a_b"], 1, "--release: 'a_b' is not a revision"),
    (["--directory", "var"], 1, "directories: 'var' is not the path of a folder"),
    (["--architecture", "vax"], 1, "no architecture vax"),
    (["--architecture", "s390x", "--platform", "linux-64"], 1, "s390x is not --platform linux-64"),
    (["--platform", "osx-arm64"], 1, "there are no .deb packages for osx-arm64"),
    (["--build-deps", "no-such-package-here"], 6, "not installed here: no-such-package-here"),
    (["--config-file", "nothing.conf:/etc/x"], 2, "cannot read nothing.conf"),
    (["--systemd-unit", "nothing.service"], 2, "cannot read nothing.service"),
    (["--after-install", "nothing.sh"], 2, "--after-install: cannot read the script"),
    (["--after-install", "broken.sh"], 1, "--after-install: broken.sh"),
    (["--after-install", "perl.sh"], 1, "the script is for #!/usr/bin/perl"),
    (["--try", "hi", "--try-root", "nowhere"], 1, "--try-root: there is no nowhere"),
    (["--format", "tar.gz"], 1, "--app-version is for OS packages"),
    (["--sign", "a%b"], 1, "--sign: 'a%b' is not the name of a key"),
]


@pytest.fixture(scope="module")
def broken(hello: Project) -> Project:
    (hello.folder / "broken.sh").write_text("if true; then\n")
    (hello.folder / "perl.sh").write_text("#!/usr/bin/perl\nprint 1;\n")
    return hello


@pytest.mark.parametrize(("words", "status", "message"), REFUSED, ids=lambda v: str(v)[:40])
def test_create__with_what_cannot_be__says_so_in_a_line(
    broken: Project, maker: Tools, words: list[str], status: int, message: str
) -> None:
    words = words if "--format" in words else ["--format", "deb", *words]
    done = broken.create(maker, *words, name="refused")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert message in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_create__with_a_command_that_is_not_there__fails_and_leaves_nothing(
    hello: Project, maker: Tools
) -> None:
    done = hello.create(maker, "--format", "deb", "--command", "nonesuch", name="refused")
    assert done.returncode == 6
    assert "the environment has no program 'nonesuch'" in done.stderr
    assert not list(hello.folder.glob("*refused*"))
    assert not list(hello.folder.glob(".*.part"))


def test_create__below_a_root_that_is_too_long__says_what_has_no_room(
    hello: Project, maker: Tools
) -> None:
    root = "/opt/" + "long/" * 60 + "er"
    done = hello.create(maker, "--format", "deb", "--install-root", root, name="refused")
    assert done.returncode == 6
    assert "has room for a prefix of" in done.stderr
    assert "choose a shorter --install-root or --app" in done.stderr
    assert not list(Path(hello.folder).glob(".*.part"))
