"""What python_package_create takes, through the executable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import wheels
from tests.support.channels import Channel
from tests.support.tools import Tools, command


def made(tools: Tools, *args: str | Path, **more: Any) -> dict[str, str]:
    """Create an archive; the versions of the packages in it."""
    done = tools.create(*args, "./made.tar.gz", **more)
    assert done.returncode == 0, done.stderr
    return packages(tools.cwd / "made.tar.gz")


def packages(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile("etc/pypackage/manifest.json")
        assert file is not None
        listed = json.load(file)["packages"]
    return {one["name"]: one["version"] for one in listed}


def refused(tools: Tools, code: int, *args: str | Path, **more: Any) -> str:
    before = sorted(path.name for path in tools.cwd.iterdir())
    done = tools.create(*args, "./made.tar.gz", **more)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tools.cwd.iterdir()) == before
    return done.stderr


@pytest.fixture(scope="module")
def environment(
    session_tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment named `theirs` that is not to be written to."""
    tools = session_tools.at(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"))
    needs = {"python": channel.python.version, "conda": {"dependencies": ["greeting"]}}
    done = tools.create("-c", channel.folder, "-", "theirs", stdin=json.dumps(needs))
    assert done.returncode == 0, done.stderr
    return tools.environments / "theirs"


def test_json__in_a_file_called_yaml__is_read_as_parsl_has_it(
    tools: Tools, channel: Channel, python: str
) -> None:
    path = tools.cwd / "X.yaml"
    path.write_text(json.dumps({"conda": {"dependencies": [f"python={python}", "greeting"]}}))
    assert made(tools, "-c", channel.folder, path)["greeting"] == "1.2"


@pytest.mark.slow
@pytest.mark.parametrize("pin", ["1.5", ">=1,<2", "=1"])
def test_json__pinned__bounds_what_comes_in_and_asks_for_nothing(
    tools: Tools, channel: Channel, python: str, pin: str
) -> None:
    conda = {"dependencies": [f"python={python}", "many-versions"]}
    pinned = {"conda": {"many-versions": pin, "greeting": "1.2"}}
    (tools.cwd / "p.json").write_text(json.dumps({"conda": conda, "pinned": pinned}))
    got = made(tools, "-c", channel.folder, "p.json")
    assert got["many-versions"] == "1.5"
    assert "greeting" not in got


@pytest.mark.parametrize("name", ["environment.yml", "env", "-"])
def test_environment_yml__by_any_name__is_read(
    tools: Tools, channel: Channel, python: str, name: str
) -> None:
    text = f"""
name: some
channels: [{channel.folder}]
dependencies: [many-versions <2]
prefix: /nowhere
"""
    if name != "-":
        (tools.cwd / name).write_text(text)
    assert made(tools, name, stdin=text if name == "-" else "")["many-versions"] == "1.5"


def test_environment_yml__variables__are_set_for_the_task(tools: Tools, channel: Channel) -> None:
    text = "dependencies: [shared-data]\nvariables: {SAID: it's $HOME}\n"
    (tools.cwd / "e.yml").write_text(text)
    made(tools, "-c", channel.folder, "e.yml")
    ran = tools.run("-e", "made.tar.gz", "--", "sh", "-c", 'echo "$SAID"')
    assert ran.stdout == "it's $HOME\n", ran.stderr
    (tools.cwd / "e.yml").write_text("dependencies: [python]\nvariables: {a;b: x}\n")
    (tools.cwd / "made.tar.gz").unlink()
    assert "'a;b' is not a name" in refused(tools, 3, "e.yml")


def test_environment_yml__conda_s_package_with_a_distribution_s_name__is_not_that(
    tools: Tools,
) -> None:
    (tools.cwd / "e.yml").write_text("dependencies: [python, graphviz]\n")
    said = refused(tools, 4, "-c", "host", "e.yml")
    assert "graphviz is asked for, but the host channel has only Python distributions" in said
    assert "the Python package graphviz is conda's python-graphviz; " in said
    assert "-c host -c conda-forge" in said


def test_environment_yml__range_of_python__is_solved(
    tools: Tools, channel: Channel, python: str
) -> None:
    minor = int(python.split(".")[1])
    text = f"dependencies: ['python >=3.{minor},<3.{minor + 1}', shared-data]\n"
    (tools.cwd / "e.yml").write_text(text)
    assert made(tools, "-c", channel.folder, "e.yml")["python"] == python


def test_environment_yml__channel_of_a_spec__is_known_by_its_name_where_it_is_mirrored(
    tools: Tools, channel: Channel
) -> None:
    (tools.cwd / "e.yml").write_text(f"dependencies: ['{channel.folder.name}::greeting']\n")
    assert made(tools, "-c", channel.folder, "e.yml")["greeting"] == "1.2"


def test_environment_yml__invalid__exits_3_with_line_and_column(tools: Tools) -> None:
    (tools.cwd / "e.yml").write_text("dependencies:\n- numpy\n- 7\n")
    assert "e.yml:3:3: dependencies[1]: expected a string, not 7" in refused(tools, 3, "e.yml")


@pytest.fixture
def shelf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Wheels beside a requirements file, and their digests by name and version."""
    folder = tmp_path_factory.mktemp("shelf")
    made = [wheels.wheel(folder, "said", version) for version in ("1.0", "2.0")]
    digests = {
        f"said=={v}": sha256(p.read_bytes()).hexdigest() for v, p in zip("12", made, strict=True)
    }
    return {"folder": str(folder), **digests}


def test_requirements_txt__with_links_and_constraints__is_of_the_python_here(
    tools: Tools, channel: Channel, shelf: dict[str, str]
) -> None:
    text = f"--no-index\n--find-links {shelf['folder']}\nsaid\n-c bounds.txt\n"
    (tools.cwd / "r.txt").write_text(text)
    (tools.cwd / "bounds.txt").write_text("said<2\n")
    got = made(tools, "-c", channel.folder, "--lock", "r.lock", "r.txt")
    here = ".".join(map(str, sys.version_info[:2]))
    assert got["python"].startswith(f"{here}.")
    assert "said-1.0-py3-none-any.whl" in (tools.cwd / "r.lock").read_text()


def test_requirements_txt__hashes__are_checked(
    tools: Tools, channel: Channel, shelf: dict[str, str]
) -> None:
    lines = f"--no-index\n-f {shelf['folder']}\nsaid==2.0 --hash=sha256:"
    (tools.cwd / "r.txt").write_text(f"{lines}{shelf['said==2']}\n")
    made(tools, "-c", channel.folder, "r.txt")
    (tools.cwd / "made.tar.gz").unlink()
    (tools.cwd / "r.txt").write_text(f"{lines}{shelf['said==1']}\n")
    said = refused(tools, 4, "-c", channel.folder, "r.txt")
    assert "said 2.0 has none of the hashes required of it" in said
    assert shelf["said==2"] in said


def test_requirements_txt__url_without_a_name__is_what_uv_finds_there(
    tools: Tools, channel: Channel
) -> None:
    archive = wheels.sdist(tools.cwd, "said", "2.5")
    (tools.cwd / "r.txt").write_text(f"--no-index\n{archive.as_uri()}\n")
    said = refused(tools, 4, "-c", channel.folder, "r.txt")
    assert "said-2.5.tar.gz would have to be built" in said
    assert "--allow-sdist" in said
    made(tools, "--allow-sdist", "-c", channel.folder, "--lock", "r.lock", "r.txt")
    assert "name: said\n  version: '2.5'" in (tools.cwd / "r.lock").read_text()


def test_requirements_txt__line_that_cannot_be_honoured__exits_3(tools: Tools) -> None:
    (tools.cwd / "list").write_text("numpy\n--no-such-option x\n")
    assert "list:2: --no-such-option cannot be honoured" in refused(tools, 3, "list")


@pytest.mark.parametrize(
    "name", ["script.py", *(pytest.param(name, marks=pytest.mark.slow) for name in ("script", "-"))]
)
def test_script__by_any_name__is_analyzed_first(tools: Tools, name: str) -> None:
    text = "import os\nimport iniconfig\n\nprint(iniconfig, os.sep)\n"
    if name != "-":
        (tools.cwd / name).write_text(text)
    assert "iniconfig" in made(tools, "-c", "host", name, stdin=text if name == "-" else "")


def test_script__that_is_not_python__exits_3_with_its_place(tools: Tools) -> None:
    (tools.cwd / "script.py").write_bytes(b"\x7fELF\x02\x01\x00\x00\xff")
    assert "script.py:1:" in refused(tools, 3, "script.py")


def test_environment__by_folder__is_packed_as_it_is_and_not_written_to(
    tools: Tools, environment: Path
) -> None:
    before = {path: path.lstat().st_mtime_ns for path in environment.rglob("*")}
    done = tools.start("poncho_package_create", environment, "out.tar.gz")
    assert (done.returncode, done.stdout) == (0, "out.tar.gz\n"), done.stderr
    assert {path: path.lstat().st_mtime_ns for path in environment.rglob("*")} == before
    ran = tools.run("-e", "out.tar.gz", "--", "greet")
    assert ran.stdout == "hello, world\n", ran.stderr
    with tarfile.open(tools.cwd / "out.tar.gz") as tar:
        assert [name for name in tar.getnames() if "made-by" in name] == []


@pytest.mark.parametrize(
    "record", ["{", "[]", '{"name": 1}', '{"name": "x", "version": "1", "url": "u", "files": [3]}']
)
def test_environment__with_a_damaged_record__exits_6_and_names_it(
    tools: Tools, record: str
) -> None:
    meta = tools.cwd / "damaged/conda-meta"
    meta.mkdir(parents=True)
    (meta / "x-1-0.json").write_text(record)
    done = tools.create("damaged", "out.tar.gz")
    assert done.returncode == 6, done.stderr
    assert "conda-meta/x-1-0.json is not a conda package record" in done.stderr
    assert not (tools.cwd / "out.tar.gz").exists()
    (meta / "made-by-python_package_create").touch()
    listed = tools.create("--list", "damaged", env={"CONDA_ENVS_PATH": str(tools.cwd)})
    assert listed.returncode == 6, listed.stderr


def test_environment__with_what_cannot_be_read_or_walked__exits_6(
    tools: Tools, environment: Path
) -> None:
    copy = tools.cwd / "copy"
    shutil.copytree(environment, copy, symlinks=True)
    pipe = copy / "share" / "pipe"
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    said = refused(tools, 6, copy, timeout=60)
    assert "error: share/pipe is a pipe, a socket or a device\n  remove it\n" in said
    pipe.unlink()
    subprocess.run(["mkdir", "-p", copy / "share" / "/".join("d" * 1200)], check=True)
    assert "folders are nested too deeply" in refused(tools, 6, copy)
    subprocess.run(["rm", "-r", copy], check=True)  # pytest could not


@pytest.mark.parametrize(
    "option",
    [
        "--add=x.py",
        "--channel=host",
        "--platform=linux-aarch64",
        "--lock=x",
        "--exclude-newer=2025-01-01",
    ],
)
def test_environment__with_an_option_that_would_change_it__exits_1(
    tools: Tools, environment: Path, option: str
) -> None:
    said = refused(tools, 1, option, environment)
    assert f"is packed as it is: {option.partition('=')[0]} has no effect" in said


def test_environment_of_a_lock__where_there_is_no_lock__exits_1(
    tools: Tools, environment: Path
) -> None:
    said = refused(tools, 1, "--environment", "x", environment)
    assert f"{environment} is an environment: --environment has no effect" in said


@pytest.mark.slow
def test_environment__unpacked_from_an_archive__is_packed_again(
    tools: Tools, environment: Path
) -> None:
    made(tools, environment)
    folder = tools.cwd / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "xzf", tools.cwd / "made.tar.gz", "-C", folder], check=True)
    subprocess.run([folder / "bin" / "conda-unpack"], check=True)
    assert made(tools, folder)["greeting"] == "1.2"
    ran = tools.run("-e", "made.tar.gz", "--", "greet")
    assert ran.stdout == "hello, world\n", ran.stderr


def test_environment__by_name__is_found_where_conda_keeps_it(
    tools: Tools, environment: Path
) -> None:
    env = {"CONDA_ENVS_PATH": str(environment.parent)}
    assert made(tools, "theirs", env=env)["greeting"] == "1.2"
    known = tools.home / ".conda" / "environments.txt"
    known.parent.mkdir()
    known.write_text(f"{environment}\n")
    assert made(tools, "theirs")["greeting"] == "1.2"


@pytest.mark.slow
def test_environment__virtual__is_taken_over_by_the_host_channel(tools: Tools) -> None:
    assert made(tools, virtual_environment(tools, "mine", "1.0"))["mine"] == "1.0"


@pytest.mark.slow
def test_script__for_a_named_host_interpreter__is_analyzed_for_that(tools: Tools) -> None:
    # Beside the tests it is installed too, in another version.
    python = tools.cwd / virtual_environment(tools, "iniconfig", "0.0.7") / "bin" / "python3"
    (tools.cwd / "script.py").write_text("import iniconfig\n")
    assert made(tools, "-c", f"host:{python}", "script.py")["iniconfig"] == "0.0.7"


def virtual_environment(tools: Tools, name: str, version: str) -> str:
    """One in the current folder that has a single distribution, of one module."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tools.cwd / "v"], check=True)
    site = next((tools.cwd / "v" / "lib").glob("python3*")) / "site-packages"
    (site / f"{name}.py").write_text(f"print('{name}')\n")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{name}.py,,\n{info.name}/METADATA,,\n")
    return "v"


@pytest.mark.parametrize("name", ["nothing", "no/such/file.json"])
def test_input__that_is_nowhere__exits_2_and_says_what_may_be_given(
    tools: Tools, name: str
) -> None:
    said = refused(tools, 2, name)
    assert f"cannot read {name}: No such file or directory, nor an environment" in said
    assert "environment.yml, requirements.txt" in said


@pytest.mark.parametrize(
    ("name", "text", "unknown"),
    [
        ("e.yml", "name: x\ndependancies: [six]\n", "'dependancies'"),
        ("r.json", '{"python": "3.11", "module": ["six"]}', "'module'"),
        ("r.txt", "# nothing\n", ""),
    ],
)
def test_input__that_asks_for_nothing__exits_3_unless_it_may(
    tools: Tools, name: str, text: str, unknown: str
) -> None:
    (tools.cwd / name).write_text(text)
    said = refused(tools, 3, "-c", "host", name)
    assert f"{name}: nothing is asked for" in said
    assert unknown in said
    assert "did you mean" in said or not unknown
    assert "--allow-empty" in said


def test_project__by_folder__is_as_its_uv_lock_has_it(tools: Tools) -> None:
    folder = tools.cwd / "p"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        "# mine\n[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.9'\n"
        "dependencies = ['iniconfig']\n"
    )
    assert "iniconfig" in made(tools, "-c", "host", "p/pyproject.toml")
    (folder / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.9"\n\n'
        '[[package]]\nname = "iniconfig"\nversion = "0.0.1"\n'
        'source = { registry = "https://pypi.example/simple" }\n'
        'sdist = { url = "https://pypi.example/i.tar.gz", hash = "sha256:' + "0" * 64 + '" }\n\n'
        '[[package]]\nname = "x"\nversion = "1"\nsource = { virtual = "." }\n'
        'dependencies = [{ name = "iniconfig" }]\n'
    )
    said = refused(tools, 4, "--offline", "-c", "host", "p")
    assert "iniconfig==0.0.1" in said


@pytest.mark.slow
def test_pixi_lock__with_its_own_project__builds_the_folder_beside_it(
    tools: Tools, channel: Channel, python: str
) -> None:
    (tools.cwd / "r.json").write_text(json.dumps({"python": python}))
    folder = tools.cwd / "p"
    folder.mkdir()
    made(tools, "--no-verify", "-c", channel.folder, "--lock", "p/pixi.lock", "r.json")
    with tarfile.open(wheels.sdist(tools.cwd, "mine", "0.1")) as tar:
        for member in tar:
            member.name = member.name.partition("/")[2]
            tar.extract(member, folder)
    lock = yaml.safe_load((folder / "pixi.lock").read_text())
    lock["environments"]["default"]["packages"][channel.platform].append({"pypi": "./"})
    lock["packages"].append({"pypi": "./", "name": "mine", "version": "0.1"})
    (folder / "pixi.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    made(tools, "-c", channel.folder, "p/pixi.lock")
    ran = tools.run("-e", "made.tar.gz", "--", "python", "-c", "import mine; print(mine.BUILT_BY)")
    assert ran.returncode == 0, ran.stderr


def test_input__without_end__exits_2(tools: Tools) -> None:
    assert "cannot read /dev/zero: File too large" in refused(tools, 2, "/dev/zero")


def test_input__of_no_known_form__exits_3_and_says_the_known_ones(tools: Tools) -> None:
    (tools.cwd / "letter").write_text("dear sir,\nhow are you\n")
    said = refused(tools, 3, "letter")
    assert "letter:1:1: " in said
    assert "environment.yml, requirements.txt" in said


def test_input__unreadable_environment_folder__leaves_nothing(
    tools: Tools, environment: Path
) -> None:
    copy = tools.cwd / "copy"
    shutil.copytree(environment, copy, symlinks=True)
    os.unlink(copy / "bin" / "greet")
    assert "bin/greet" in refused(tools, 6, copy)


def test_folder__that_may_not_be_read__exits_2(tools: Tools) -> None:
    folder = tools.cwd / "project"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    # Takes from root that it may read everything.
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.geteuid() else []
    folder.chmod(0o600)
    done = subprocess.run(
        [*drop, *command("python_package_create"), folder, "./made.tar.gz"],
        env=tools.environment,
        cwd=tools.cwd,
        capture_output=True,
        text=True,
    )
    folder.chmod(0o700)
    assert done.returncode == 2
    assert done.stderr == f"python_package_create: error: cannot read {folder}: Permission denied\n"
