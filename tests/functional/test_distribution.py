"""What is published: the source distribution, the wheel, and the bounds of what they require."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.needs import need_module
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".demo", "build", "dist", "site", "*.egg-info", ".*_cache", "__pycache__"
)


def run(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree, in which a build may write."""
    folder = tmp_path_factory.mktemp("clone") / "a clone"
    shutil.copytree(TREE, folder, ignore=_LEFT_OUT, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def distributions(clone: Path) -> Path:
    need_module("build")
    run(sys.executable, "-m", "build", "--outdir", "dist", ".", cwd=clone)
    return clone / "dist"


def test_distributions__checked_by_the_tools_of_publishers__are_sound(distributions: Path) -> None:
    need_module("twine")
    need_module("check_wheel_contents")
    files: list[Path] = sorted(distributions.iterdir())
    assert [file.suffix for file in files] == [".whl", ".gz"]
    run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=distributions)
    checked = run(sys.executable, "-m", "check_wheel_contents", files[0], cwd=distributions.parent)
    assert ": OK" in checked
    with tarfile.open(files[1]) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {
        *("LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "docs/archive.md", "examples/rainfall.sh"),
        *("tests/run.sh", "tests/conftest.py", ".ci/run", "benchmarks/create.py"),
    } <= inside
    assert not [name for name in inside if name.endswith(".pyc")]


def test_wheel__metadata__has_the_licence_and_no_link_that_leads_nowhere(
    distributions: Path,
) -> None:
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (info,) = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{info}/METADATA").decode()
        assert archive.read(f"{info}/licenses/LICENSE") == (TREE / "LICENSE").read_bytes()
    assert "\nLicense: BSD-3-Clause\n" in metadata
    links = re.findall(r"\]\(([^)]*)\)", metadata)
    assert links
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_distribution__installed__has_all_its_commands(
    distributions: Path, tmp_path: Path, kind: str
) -> None:
    (file,) = distributions.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    run(sys.executable, "-m", "venv", "v", cwd=tmp_path)
    if kind == "wheel":
        run("v/bin/python", "-m", "pip", "install", "--quiet", file, cwd=tmp_path)
    else:
        run("v/bin/python", "-m", "pip", "install", "--quiet", "--no-deps", file, cwd=tmp_path)
    for family in ("python", "poncho"):
        for tool in ("analyze", "create"):
            said = run(f"v/bin/{family}_package_{tool}", "--version", cwd=tmp_path)
            assert re.fullmatch(rf"{family}_package_{tool} \d+\.\d+\.\d+\n", said)
            assert (tmp_path / f"v/share/man/man1/{family}_package_{tool}.1").exists()
        assert "usage" in run(f"v/bin/{family}_package_run", "--help", cwd=tmp_path).lower()
    for tool in ("analyze", "create"):
        module = f"pypackage.cli.{tool}"
        said = run("v/bin/python", "-m", module, "--version", cwd=tmp_path)
        assert said.startswith(f"python_package_{tool} ")


def test_wheel__as_a_tool_of_uv__has_all_its_commands(distributions: Path, tmp_path: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    places = [f"UV_TOOL_DIR={tmp_path}/tools", f"UV_TOOL_BIN_DIR={tmp_path}/bin"]
    uv = Path(sys.executable).with_name("uv")
    run("env", *places, uv, "tool", "install", "--python", sys.executable, wheel, cwd=tmp_path)
    assert len(list((tmp_path / "bin").iterdir())) == 6
    assert run(tmp_path / "bin/python_package_create", "--version", cwd=tmp_path)


@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_requirements__at_their_bounds__make_an_environment_that_runs(
    tools: Tools, channel: Channel, clone: Path, resolution: str
) -> None:
    work = tools.cwd
    uv = Path(sys.executable).with_name("uv")
    run(sys.executable, "-m", "venv", "--without-pip", "v", cwd=work)
    options = ["--quiet", "--python", "v/bin/python", "--resolution", resolution]
    run(uv, "pip", "install", *options, clone, cwd=work)
    wheels.wheel(work / "shelf", "below")
    wheels.sdist(work / "shelf", "unbuilt")
    (work / "helper.py").write_text("import below, greeting, unbuilt\nprint('all there')\n")
    pip = ["below", "unbuilt"]
    conda = {"channels": [channel.url], "dependencies": ["greeting", {"pip": pip}]}
    needed = {"python": channel.python.version, "modules": [], "conda": conda}
    (work / "needs.json").write_text(json.dumps(needed))
    place = f"PATH={work}/v/bin:/usr/bin:/bin"
    settings = [f"{name}={value}" for name, value in tools.environment.items() if name != "PATH"]
    index = [f"UV_FIND_LINKS={work}/shelf", "PIP_NO_INDEX=1"]
    create = ["v/bin/python_package_create", "--allow-sdist", "--add", "helper.py"]
    start = ["env", "-i", *settings, place, *index]
    run(*start, *create, "needs.json", "./e.tar.gz", cwd=work)
    said = run(*start, "v/bin/python_package_run", "e", "python3 -m helper", cwd=work)
    assert said == "all there\n"
    (work / "script.py").write_text("import yaml\nprint(yaml.__name__)\n")
    run(*start, "v/bin/python_package_analyze", "script.py", "host.json", cwd=work)
    run(*start, "v/bin/python_package_create", "-c", "host", "host.json", "./h.tar.gz", cwd=work)
    said = run(*start, "v/bin/python_package_run", "h", "python3 script.py", cwd=work)
    assert said == "yaml\n"
