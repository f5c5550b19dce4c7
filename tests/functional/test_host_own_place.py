"""Environments of the host channel: nothing in them has to be rewritten, wherever they lie."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from pypackage.python import interpreter
from tests.support import wheels
from tests.support.needs import need
from tests.support.tools import Tools
from tests.support.worker import Bind, Worker

BASE = interpreter.ask(interpreter.ask(Path(sys.executable)).base_executable)

VARIABLES = """
import json, sysconfig
found = {key: str(value) for key, value in sysconfig.get_config_vars().items()}
found["header"] = sysconfig.get_config_h_filename()
found["makefile"] = sysconfig.get_makefile_filename()
print(json.dumps(found))
"""

EXTENSION = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "ext", 0, -1, 0};
PyMODINIT_FUNC PyInit_ext(void) {return PyModule_Create(&module);}
"""
# A backend that compiles as setuptools and meson-python do, by what sysconfig says.
BACKEND = """
import shlex, subprocess, sysconfig, zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    told = sysconfig.get_config_vars()
    file, name = "ext" + told["EXT_SUFFIX"], "ext-1-py3-none-any.whl"
    command = [*shlex.split(told["LDSHARED"]), *shlex.split(told["CCSHARED"]), "ext.c", "-o", file]
    subprocess.run([*command, "-I" + told["INCLUDEPY"], "-L" + told["LIBDIR"]], check=True)
    metadata = "Metadata-Version: 2.1\\nName: ext\\nVersion: 1\\n"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.write(file)
        archive.writestr("ext-1.dist-info/METADATA", metadata)
        archive.writestr("ext-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr("ext-1.dist-info/RECORD", "")
    return name
"""


@pytest.fixture(scope="module")
def archive(session_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of these tests and a distribution of an index, packed."""
    folder = tmp_path_factory.mktemp("made-here")
    files = {
        "said.py": "def main():\n    print('said so')\n",
        "said-1.0.dist-info/entry_points.txt": "[console_scripts]\nsay-it = said:main\n",
        "said-1.0.data/scripts/say-old": "#!python\nprint('said so')\n",
    }
    wheels.wheel(folder / "shelf", "said", files=files)
    needs = folder / "needs.json"
    needs.write_text(json.dumps({"python": BASE.version, "modules": ["said"]}))
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "shelf"), "PIP_CONFIG_FILE": None}
    made = session_tools.at(session_tools.home, folder).create(
        "-q", "--allow-guesses", "-c", f"host:{BASE.executable}", needs, "e.tar", env=env
    )
    assert made.returncode == 0, made.stderr
    return folder / "e.tar"


@pytest.fixture(scope="module")
def prefix(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive unpacked and no more, at a place of which nobody told it."""
    folder = tmp_path_factory.mktemp("another") / "place"
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    return folder


def output(*command: str | Path) -> str:
    """What a command prints that has next to no environment."""
    env = {"PATH": os.defpath}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout


def test_manifest__interpreter_and_wheels__nothing_is_to_be_rewritten(prefix: Path) -> None:
    told = json.loads((prefix / "etc/pypackage/manifest.json").read_text())
    assert told["relocate"] == []
    for script in ("say-it", "say-old"):
        assert output(prefix / "bin" / script) == "said so\n"


def test_config_vars__unpacked_elsewhere__name_that_place(prefix: Path) -> None:
    python, base = prefix / "bin" / "python", str(BASE.base_prefix)
    before, after = (json.loads(output(one, "-c", VARIABLES)) for one in (BASE.executable, python))
    own = ("prefix", "exec_prefix", "INCLUDEPY", "LIBPL", "BINDIR", "header", "makefile")
    for name in own:
        assert after[name] == before[name].replace(base, str(prefix)), name
    if base != "/usr":  # which is in other paths too
        assert [name for name, value in after.items() if base in value] == []


def test_python_config__unpacked_elsewhere__names_that_place(prefix: Path) -> None:
    config = prefix / "bin" / "python-config"
    if not config.exists():
        pytest.skip("this interpreter has no headers")
    include = f"-I{prefix}/include/{BASE.include.name}"
    assert set(output(config, "--includes").split()) == {include}
    assert output(config, "--prefix") == f"{prefix}\n"
    (inner,) = (prefix / "lib").glob("python3*/config-*/python-config.py")
    assert output(inner, "--prefix") == f"{prefix}\n"


def test_folder__read_only_and_never_set_up__runs_at_once(
    prefix: Path, bare_worker: Worker
) -> None:
    binds = [Bind(prefix, "/env")]
    command = ["sh", "/env/bin/python_package_run", "-d", "-e", "/env", "say-it"]
    done = bare_worker.run(command, binds=binds)
    assert (done.stdout, done.returncode) == ("said so\n", 0), done.stderr
    assert not (prefix / "etc/pypackage/prepared").exists()


BUILD = """
set -e
cd "$1"
python -m venv made
made/bin/python -m pip --isolated install -q --no-index ./source
made/bin/python -c 'import ext; print(ext.__file__)'
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    """A folder in which anybody may build an extension module in a virtual environment."""
    need("gcc")
    if not BASE.include.is_dir():
        pytest.skip("this interpreter has no headers")
    folder = tmp_path / "task"
    (folder / "source").mkdir(parents=True)
    system = '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    for name, text in (("ext.c", EXTENSION), ("backend.py", BACKEND), ("pyproject.toml", system)):
        (folder / "source" / name).write_text(text)
    for path in (folder, folder / "source"):
        path.chmod(0o777)
    return folder


@pytest.mark.slow
def test_extension__built_in_a_virtual_environment_of_it__works(prefix: Path, task: Path) -> None:
    runner = prefix / "bin" / "python_package_run"
    done = output(runner, "-e", prefix, "sh", "-c", BUILD, "sh", task)
    assert done.startswith(f"{task}/made/lib/")


@pytest.mark.root
def test_extension__built_by_another_user_from_an_image__works(
    archive: Path, prefix: Path, task: Path
) -> None:
    image, place = task / "e.squashfs", task / "mounted"
    place.mkdir()
    subprocess.run([need("mksquashfs"), prefix, image, "-quiet", "-no-progress"], check=True)
    for folder in (task, *task.parents):
        if folder.owner() == "root" and folder != Path("/") and not folder.stat().st_mode & 0o1:
            folder.chmod(0o711)  # of pytest, which are for the owner alone
    mounted = subprocess.run(["mount", "-o", "loop,ro,nosuid,nodev", image, place], check=False)
    if mounted.returncode and shutil.which("squashfuse"):
        mounted = subprocess.run(["squashfuse", "-o", "allow_other,ro", image, place], check=False)
    if mounted.returncode:
        pytest.skip("this machine may not mount")
    try:
        runner = place / "bin" / "python_package_run"
        nobody = [need("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]
        built = output(*nobody, runner, "-e", place, "sh", "-c", BUILD, "sh", task)
        assert built.startswith(f"{task}/made/lib/")
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.root
def test_image__of_the_host_channel__is_mounted(
    session_tools: Tools, prefix: Path, tmp_path: Path
) -> None:
    needs = tmp_path / "needs.json"
    needs.write_text(json.dumps({"python": BASE.version, "modules": []}))
    need("mksquashfs", "squashfuse")
    tools = session_tools.at(session_tools.home, tmp_path)
    made = tools.create("-q", "-c", f"host:{BASE.executable}", needs, "e.squashfs")
    assert made.returncode == 0, made.stderr
    env = {"PYTHON_PACKAGE_CACHE": str(tmp_path / "cache")}
    done = tools.run("-e", "e.squashfs", "python", "-c", "import sys; print(sys.prefix)", env=env)
    place = Path(done.stdout.strip())
    mounted = place.is_mount()
    tools.run("--cache", "clean", env=env)
    if not mounted and not os.access("/dev/fuse", os.W_OK):
        pytest.skip("this machine may not mount")
    assert mounted, done.stderr
    assert not place.exists()
