"""Projects installed in editable mode: packed as their sources, or built where those do not do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from pypackage.python import interpreter
from tests.support.needs import need
from tests.support.tools import Tools
from tests.unit.python.test_distributions import dist_info, put

BASE = interpreter.ask(interpreter.ask(Path(sys.executable)).base_executable)

EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) {return PyLong_FromLong(42);}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", 0, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) {return PyModule_Create(&module);}
"""
MESON = """
project('quick', 'c', version: '0.3')
py = import('python').find_installation(pure: false)
py.install_sources(['quick/__init__.py'], subdir: 'quick')
py.extension_module('_fast', 'quick/_fast.c', install: true, subdir: 'quick')
"""
CMAKE = """
cmake_minimum_required(VERSION 3.15)
project(quick LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
python_add_library(_fast MODULE quick/_fast.c WITH_SOABI)
install(TARGETS _fast DESTINATION quick)
"""
SETUP = """
from setuptools import Extension, setup
setup(packages=["quick"], ext_modules=[Extension("quick._fast", ["quick/_fast.c"])])
"""
# Builds a wheel as meson-python does, but of Python alone and with nothing installed.
BACKEND = """
import zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, info = "quick-0.3-py3-none-any.whl", "quick-0.3.dist-info"
    metadata = "Metadata-Version: 2.1\\nName: quick\\nVersion: 0.3\\n"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.write("source.py", "quick.py")
        archive.writestr(info + "/METADATA", metadata)
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return name
"""
# The end of what meson-python writes: a hook, told which modules are the project's.
LOADER = """
def install(name, top_level_modules, build_path, build_command, verbose):
    pass


install('quick', {'quick'}, '/nowhere', ['ninja'], False)
"""


def project(folder: Path, backend: str, requires: str, **files: str) -> Path:
    """A project of the name `quick`; the files' names have `_` for `.` and `/`."""
    told = f"[build-system]\nrequires = [{requires}]\n{backend}\n"
    told += '[project]\nname = "quick"\nversion = "0.3"\n'
    put(folder, {"pyproject.toml": told, **files})
    return folder


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    subprocess.run([BASE.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    return tmp_path / "venv"


@pytest.fixture
def linked(venv: Path, tmp_path: Path) -> Path:
    """A project that only its backend can tell the files of, linked to as meson-python does."""
    backend = 'backend-path = ["."]\nbuild-backend = "backend"'
    made = project(tmp_path / "quick", backend, "", **{"backend.py": BACKEND})
    put(made, {"source.py": "def answer():\n    return 42\n"})
    (site,) = venv.glob("lib/python3*/site-packages")
    pointers = {"quick-editable.pth": "import _quick_editable_loader\n"}
    pointers["_quick_editable_loader.py"] = LOADER
    dist_info(site, "quick", pointers, version="0.3")
    origin = {"url": made.as_uri(), "dir_info": {"editable": True}}
    put(site, {"quick-0.3.dist-info/direct_url.json": json.dumps(origin)})
    return made


def create(tools: Tools, venv: Path, output: str) -> subprocess.CompletedProcess[str]:
    needs = tools.cwd / "needs.json"
    needs.write_text(json.dumps({"python": BASE.version, "modules": ["quick"]}))
    env = {"PIP_CONFIG_FILE": None}
    return tools.create("-c", f"host:{venv}/bin/python", needs, output, env=env, timeout=500)


def answer(archive: Path, code: str) -> str:
    """What a program prints in the unpacked archive."""
    folder = archive.with_suffix(".unpacked")
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    python = folder / "bin" / "python"
    env = {"PATH": os.defpath}
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=env)
    return done.stdout + done.stderr


def test_editable__that_a_loader_finds__is_built_and_packed(
    tools: Tools, venv: Path, linked: Path
) -> None:
    done = create(tools, venv, "e.tar")
    assert done.returncode == 0, done.stderr
    assert "building quick, installed in editable mode" in done.stderr
    assert answer(tools.cwd / "e.tar", "import quick; print(quick.answer())") == "42\n"
    assert sorted(path.name for path in linked.iterdir()) == [
        "backend.py",
        "pyproject.toml",
        "source.py",
    ]
    assert "building quick" not in create(tools, venv, "again.tar").stderr
    (linked / "source.py").write_text("def answer():\n    return 43\n")
    assert "building quick" in create(tools, venv, "changed.tar").stderr
    assert answer(tools.cwd / "changed.tar", "import quick; print(quick.answer())") == "43\n"


def test_editable__that_cannot_be_built__exits_4_with_the_log(
    tools: Tools, venv: Path, linked: Path
) -> None:
    (linked / "backend.py").write_text("def build_wheel(*_):\n    raise OSError('no luck')\n")
    done = create(tools, venv, "e.tar")
    assert done.returncode == 4
    told = f"error: cannot build {linked}, which is installed in editable mode\n"
    assert told in done.stderr
    assert "OSError: no luck" in done.stderr
    shutil.rmtree(linked)
    assert "quick is linked to" in create(tools, venv, "e.tar").stderr


BACKENDS = {
    "meson-python": ('build-backend = "mesonpy"', "ninja", {"meson.build": MESON}),
    "scikit-build-core": (
        'build-backend = "scikit_build_core.build"',
        "cmake",
        {"CMakeLists.txt": CMAKE},
    ),
    "setuptools": ('build-backend = "setuptools.build_meta"', "wheel", {"setup.py": SETUP}),
    "hatchling": ('build-backend = "hatchling.build"', "editables", {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_editable__of_a_real_backend__works_without_the_project(
    tools: Tools, venv: Path, tmp_path: Path, backend: str
) -> None:
    need("gcc")
    hook, besides, files = BACKENDS[backend]
    code = (
        "def answer():\n    return 42\n"
        if backend == "hatchling"
        else "from ._fast import answer\n"
    )
    files = {**files, "quick/__init__.py": code, "quick/_fast.c": EXTENSION}
    folder = project(tmp_path / "quick", hook, f'"{backend}"', **files)
    install = [find_uv_bin(), "pip", "install", "-q", "--python", f"{venv}/bin/python"]
    subprocess.run([*install, backend, besides, "ninja", "wheel"], check=True)
    path = f"{venv}/bin:{os.environ['PATH']}"
    command = [*install, "--no-build-isolation", "-e", str(folder)]
    subprocess.run(command, check=True, env={**os.environ, "PATH": path})
    done = create(tools, venv, "e.tar")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(folder)
    assert answer(tools.cwd / "e.tar", "import quick; print(quick.answer())") == "42\n"
