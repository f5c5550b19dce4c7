"""The environment of the tests itself, and what they say of a machine that lacks something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import clean
from tests.support.needs import advice, lacks, need

HOSTILE = """\
[global]
index-url = https://mirror.example/simple
cert = /etc/authority.pem
constraint = /etc/constraints.txt
extra-index-url = http://127.0.0.1:9/simple
find-links = /opt/wheels
user = true
[install]
no-binary = :all:
default-timeout = 99
"""


@pytest.fixture
def site(tmp_path: Path) -> dict[str, str]:
    """The variables of a user on a machine that somebody else set up."""
    for place in ("etc/pip/pip.conf", "home/.config/pip/pip.conf"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text(HOSTILE)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_DIRS": str(tmp_path / "etc"),
        "XDG_CACHE_HOME": "relative",
        "PIP_CONSTRAINT": "/etc/other.txt",
        "UV_CONSTRAINT": "/etc/other.txt",
        "UV_INDEX": "http://127.0.0.1:9/simple",
        "CONDA_CHANNELS": "https://elsewhere.example",
        "PYTHONPATH": "/opt/site",
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Pacific/Kiritimati",
        "https_proxy": "http://proxy.example:3128",
        "BASH_FUNC_x%%": "() { :; }",
        "CI": "true",
    }


def test_variables__of_a_hostile_site__are_its_way_to_the_index_alone(
    site: dict[str, str], tmp_path: Path
) -> None:
    found = clean.variables(site, str(tmp_path / "new"))
    way = {name: value for name, value in found.items() if name.startswith(("PIP_", "UV_"))}
    assert way == {
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_CERT": "/etc/authority.pem",
        "PIP_TIMEOUT": "99",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
    }
    assert found["https_proxy"] == "http://proxy.example:3128"
    assert "127.0.0.1" in found["no_proxy"]
    assert (found["HOME"], found["TZ"], found["LC_ALL"]) == (
        str(tmp_path / "new"),
        "UTC",
        "C.UTF-8",
    )
    assert set(found) & {*site} == {"PATH", "HOME", "XDG_CONFIG_DIRS", "LC_ALL", "TZ", "CI"} | {
        "https_proxy"
    }


def test_run_sh__hostile_site__gives_all_that_it_starts_the_same_environment(
    site: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "run.sh"
    script.write_text(
        f'settings=$("{sys.executable}" "{clean.__file__}" "$1")\neval "$settings"\n'
        f'umask; exec "{sys.executable}" -c "import os; print(dict(os.environ))"\n'
    )
    home = tmp_path / "a 'home'"
    said = subprocess.check_output(["sh", script, home], env=site, umask=0o077, text=True)
    umask, variables = said.splitlines()
    seen = eval(variables)
    seen.pop("PWD", None)  # of the shell
    seen.pop("_", None)
    expected = clean.variables(site, str(home))
    seen.pop("BASH_FUNC_x%%", None)
    assert (umask, seen) == ("0022", expected)


def test_these_tests__environment__is_the_clean_one() -> None:
    assert os.environ["HOME"] == os.environ[clean.HOME]
    assert os.environ["PIP_CONFIG_FILE"] == os.devnull
    assert "PIP_CONSTRAINT" not in os.environ
    assert os.umask(0o022) == 0o022


def test_need__program_that_is_missing__skips_and_the_end_tells_what_would_bring_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no-such-tool is not installed"):
        need("no-such-tool")
    reasons = [lacks("mksquashfs"), lacks("unzip"), lacks("unsquashfs"), "no (PyPI: numpy)", "else"]
    assert advice(reasons) == (
        "for the tests that were skipped: apt-get install squashfs-tools unzip; "
        ".venv/bin/pip install numpy"
    )
    assert advice(["it is not root"]) == ""
