"""Packages of PyPI beside those of conda, from an index made for the test."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.clean import OWN_CONFIGURATION
from tests.support.http import login, serve, wrong_bytes
from tests.support.tools import Tools

SCRIPT = "#!python\nimport sys\nprint('run by', sys.prefix)\n"
CHECK_RECORD = """\
import importlib.metadata, hashlib, base64
for file in importlib.metadata.files('said'):
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.locate().read_bytes()).digest())
    if file.hash:
        assert file.hash.value == digest.decode().rstrip('='), file
    print(file)
"""
COMMAND = "[console_scripts]\nsay-it = said:main\n"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of all tests here."""
    folder = tmp_path_factory.mktemp("shelf")
    wheels.wheel(
        folder,
        "said",
        "2.0",
        {
            "said.py": "def main():\n    print('said so')\n",
            "said-2.0.data/scripts/say-where": SCRIPT,
            "said-2.0.data/data/share/said/words.txt": "so\n",
            "said-2.0.dist-info/entry_points.txt": COMMAND,
        },
        requires=["greeting>=1", "below"],
    )
    wheels.wheel(folder, "below")
    wheels.wheel(folder, "wants-other", requires=["greeting>=9"])
    wheels.sdist(folder, "unbuilt")
    wheels.wheel(folder, "native", tag="cp311-cp311-manylinux_2_28_aarch64")
    wheels.wheel(folder, "akshare")  # a name that the table has, and conda-forge not
    wheels.index(folder)
    return folder


@pytest.fixture
def env(shelf: Path) -> dict[str, str | None]:
    """uv's configuration: these wheels and nothing else."""
    return {"UV_FIND_LINKS": str(shelf), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": None}


def needs(tools: Tools, channel: Channel, *pip: str, **keys: Any) -> Path:
    path = tools.cwd / "requirements.json"
    conda = {"channels": [channel.url], "dependencies": ["greeting", {"pip": list(pip)}]}
    data = {"python": channel.python.version, "modules": [], "conda": conda, **keys}
    path.write_text(json.dumps(data))
    return path


def output(*argv: str | Path) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_wheels__with_what_they_require__are_installed_and_move_with_the_archive(
    tools: Tools, channel: Channel, env: dict[str, str | None], tmp_path: Path
) -> None:
    done = tools.create(needs(tools, channel, "said"), "mine", env=env)
    assert done.returncode == 0, done.stderr
    moved = tmp_path / "moved here"
    moved.mkdir()
    subprocess.run(["tar", "xzf", "mine.tar.gz", "-C", moved], cwd=tools.cwd, check=True)
    for prefix in (tools.environments / "mine", moved):
        assert output(prefix / "bin/say-it") == "said so\n"
        assert output(prefix / "bin/say-where") == f"run by {prefix}\n"
        assert (prefix / "share/said/words.txt").read_text() == "so\n"
        assert output(prefix / "bin/python", "-c", "import below; print(below.VERSION)") == "1.0\n"
        listed = output(prefix / "bin/python", "-c", CHECK_RECORD).split()
        assert "../../../bin/say-it" in listed
        assert "said-2.0.dist-info/uv_cache.json" not in listed
    assert not (moved / ".lock").exists()


@pytest.mark.slow
def test_wheels__made_twice_elsewhere__are_the_same_bytes(
    session_tools: Tools, channel: Channel, env: dict[str, str | None], tmp_path: Path
) -> None:
    made = []
    for name in ("one", "another"):
        home = tmp_path / name
        home.mkdir()
        tools = session_tools.at(home, home)
        fresh = {**env, "UV_CACHE_DIR": str(home / "uv")}
        path = needs(tools, channel, "said")
        done = tools.create("--rebuild", path, "./e.tar.gz", env=fresh)
        assert done.returncode == 0, done.stderr
        made.append((home / "e.tar.gz").read_bytes())
    assert made[0] == made[1]


def test_wheels__from_an_index_over_http__are_checked_by_their_digests(
    tools: Tools, channel: Channel, shelf: Path
) -> None:
    with serve(shelf) as server:
        env = {"UV_DEFAULT_INDEX": f"{server.url}/simple", "PIP_FIND_LINKS": None}
        done = tools.create(needs(tools, channel, "said"), "./e.tar.gz", env=env)
        assert done.returncode == 0, done.stderr
        server.on("/below-*.whl", wrong_bytes())
        fresh = {**env, "UV_CACHE_DIR": str(tools.cwd / "uv")}
        done = tools.create(needs(tools, channel, "below"), "./f.tar.gz", env=fresh)
    assert done.returncode in (4, 5)
    assert "below" in done.stderr
    assert not (tools.cwd / "f.tar.gz").exists()


def test_index__named_by_pip_s_configuration__is_used(
    tools: Tools, channel: Channel, shelf: Path
) -> None:
    with serve(shelf) as server:
        (tools.home / ".pip").mkdir()
        (tools.home / ".pip/pip.conf").write_text(f"[global]\nindex-url={server.url}/simple\n")
        env = {
            **OWN_CONFIGURATION,
            "PIP_EXTRA_INDEX_URL": f"{server.url}/simple",  # whatever /etc/pip.conf has
            "UV_CACHE_DIR": str(tools.cwd / "uv"),
        }
        done = tools.create(needs(tools, channel, "below"), "./e.tar.gz", env=env)
        assert any(request.path == "/simple/below/" for request in server.requests)
    assert done.returncode == 0, done.stderr


def test_wheels__over_a_file_of_conda_s__are_told_of(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    files = {"greeting/__init__.py": "__version__ = 'mine'\n"}
    wheels.wheel(tmp_path / "other", "other", files=files)
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "other")}
    done = tools.create("-v", needs(tools, channel, "other"), "./e.tar.gz", env=env)
    assert done.returncode == 0, done.stderr
    assert "warning: other of PyPI replaces lib/python3" in done.stderr
    assert "/greeting/__init__.py of conda's greeting\n" in done.stderr


def test_requirement__url_with_a_password__lets_in_and_is_left_nowhere(
    tools: Tools, channel: Channel, shelf: Path
) -> None:
    with serve(shelf) as server:
        server.on("*", login("me", "opens-it"))
        url = server.url.replace("://", "://me:opens-it@")
        asked = (
            f"below @ {url}/below-1.0-py3-none-any.whl",
            f"unbuilt @ {url}/unbuilt-1.0.tar.gz",
        )
        env = {"UV_CACHE_DIR": str(tools.cwd / "uv")}
        path = needs(tools, channel, *asked)
        done = tools.create("-v", "--allow-sdist", path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    assert "opens-it" not in done.stderr
    assert b"opens-it" not in (tools.cwd / "mine.lock").read_bytes()
    assert b"opens-it" not in gzip.decompress((tools.cwd / "mine.tar.gz").read_bytes())


def test_host__url_with_a_password__is_taken_from_there_and_not_told(
    tools: Tools, shelf: Path
) -> None:
    with serve(shelf) as server:
        server.on("*", login("me", "opens-it"))
        url = server.url.replace("://", "://me:opens-it@")
        path = tools.cwd / "requirements.txt"
        for wheel, code in (("below-1.0-py3-none-any.whl", 0), ("nowhere-1-py3-none-any.whl", 4)):
            path.write_text(f"{wheel.split('-')[0]} @ {url}/{wheel}\n")
            done = tools.create("-v", "-c", "host", path, "mine")
            assert done.returncode == code, done.stderr
            assert "opens-it" not in done.stderr
    assert b"opens-it" not in gzip.decompress((tools.cwd / "mine.tar.gz").read_bytes())


@pytest.mark.parametrize(
    ("pip", "code", "says"),
    [
        ("greeting==7", 4, "conda brings greeting 1.2"),
        ("wants-other", 4, "conda brings greeting 1.2"),
        ("no-such-thing", 4, "cannot get no-such-thing from PyPI"),
        ("native", 4, "native"),
        ("unbuilt", 4, "--allow-sdist builds here what has no wheel"),
        ("two words", 3, "not a requirement of PyPI"),
    ],
)
def test_wheels__that_cannot_be_had__are_told_before_anything_is_installed(
    tools: Tools,
    channel: Channel,
    env: dict[str, str | None],
    pip: str,
    code: int,
    says: str,
) -> None:
    done = tools.create(needs(tools, channel, pip), "mine", env=env)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "installing" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_allow_sdist__a_package_without_wheel__is_built_with_the_environment_s_python(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    done = tools.create("--allow-sdist", needs(tools, channel, "unbuilt"), "mine", env=env)
    assert done.returncode == 0, done.stderr
    told = output(
        tools.environments / "mine/bin/python", "-c", "import unbuilt; print(unbuilt.BUILT_BY)"
    )
    assert told == f"({channel.python.major_minor.replace('.', ', ')})\n"


def test_modules__that_only_pypi_has__come_from_there(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    path = tools.cwd / "seed.json"
    path.write_text(json.dumps({"python": channel.python.version, "modules": ["akshare"]}))
    done = tools.create("-c", channel.url, path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    output(tools.environments / "mine/bin/python", "-c", "import akshare")
