"""What create finds out about an environment before it is shipped."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support import catalogue, wheels
from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import Tools

DRIVER = "raise ImportError('libcuda.so.1: cannot open shared object file: No such file')\n"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    """An index of modules that have something wrong with them."""
    shelf = tmp_path_factory.mktemp("shelf")
    for name, code in {
        "good": "import os, sys\nprint('talks')\nopen(__file__ + '.made', 'w').close()\n",
        "broken": "raise ImportError('first line\\nno luck today')\n",
        "crashing": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        "quitting": "import sys\nsys.exit('that was it')\n",
        "driven": DRIVER,
    }.items():
        wheels.wheel(shelf, name, files={f"{name}.py": code})
    part = "try: import yaml\nexcept ImportError as e: raise ImportError('install it') from e\n"
    parts = {"whole/__init__.py": "", "whole/good.py": "", "whole/part.py": part}
    wheels.wheel(shelf, "whole", files=parts)
    wheels.wheel(shelf, "wanting", requires=["greeting>=1; python_version > '3'"])
    return {"UV_FIND_LINKS": str(shelf), "PIP_NO_INDEX": "1"}


def needs(tools: Tools, channel: Channel, *modules: str, **keys: Any) -> Path:
    """Modules that come from wheels of their names."""
    path = tools.cwd / "requirements.json"
    pip = [name for name in modules if name not in ("greeting", "nowhere")]
    pip += keys.get("optional", {})
    conda = {"channels": [channel.url], "dependencies": ["greeting", {"pip": pip}]}
    data = {"python": channel.python.version, "modules": list(modules), "conda": conda, **keys}
    path.write_text(json.dumps(data))
    return path


def test_verification__modules_that_import__are_said_nothing_of(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    done = tools.create("-q", needs(tools, channel, "good", "greeting"), "mine", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.tar.gz\n", "")
    # What a module does while it is tried stays out of the environment.
    site = tools.environments / f"mine/lib/python{channel.python.major_minor}/site-packages"
    assert (site / "good.py").is_file()
    assert not list(site.glob("*.made"))
    assert not (tools.environments / "mine/etc/pypackage").exists()


def test_verification__modules_that_do_not_import__exit_7_with_the_reason_of_each(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    path = needs(tools, channel, "broken", "crashing", "good", "nowhere", "quitting")
    done = tools.create(path, "mine", env=env)
    assert done.returncode == 7
    for line in (
        "broken does not import in the environment: ImportError: no luck today",
        "crashing neither: the process",
        "nowhere neither: ModuleNotFoundError: No module named 'nowhere'",
        "quitting neither: SystemExit: that was it",
        "--no-verify makes the archive all the same",
    ):
        assert line in done.stderr
    assert "good neither" not in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()
    assert not (tools.environments / "mine").exists()
    done = tools.create("--no-verify", path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    assert "no package in the environment has a module nowhere" in done.stderr


def test_verification__submodule_that_needs_another_package__exits_7_and_names_it(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    path = needs(tools, channel, "whole", submodules=["whole.good", "whole.part"])
    done = tools.create(path, "mine", env=env)
    assert done.returncode == 7
    assert "whole.part does not import in the environment: ImportError: install it" in done.stderr
    assert "whole.part needs the module yaml, of the package pyyaml: name it under" in done.stderr
    assert "whole.good" not in done.stderr


def test_verification__optional_module_or_driver_of_the_worker__is_only_told(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    path = needs(tools, channel, "driven", optional={"broken": "in a try"})
    done = tools.create(path, "mine", env=env)
    assert done.returncode == 0, done.stderr
    assert "broken, which is optional, fails: ImportError: no luck today" in done.stderr
    assert "driven cannot be tried on this machine: ImportError: libcuda.so.1" in done.stderr


def test_verification__file_left_out_that_a_module_needs__exits_7(
    tools: Tools, channel: Channel
) -> None:
    path = needs(tools, channel, "greeting")
    done = tools.create("--exclude", "*/greeting/*", path, "mine")
    assert done.returncode == 7
    assert "greeting" in done.stderr


def test_verification__requirement_that_conda_s_package_does_not_meet__is_told(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    folder = tmp_path / "old"
    wheels.wheel(folder, "wanting", requires=["greeting>=1", "absent-thing>2"])
    site = "site-packages"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / site)
    done = tools.create(
        *("--add", f"{folder / site}:lib/python{channel.python.major_minor}/{site}"),
        *(needs(tools, channel), "./e.tar.gz"),
    )
    assert done.returncode == 0, done.stderr
    assert "wanting 1.0 requires absent-thing>2, which is not there" in done.stderr


def test_verification__library_that_a_bare_worker_lacks__is_told(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    shared_library("libnowhere.so.7", tmp_path)
    shared_library("needy.so", tmp_path, "./libnowhere.so.7")
    done = tools.create(
        *("--add", f"{tmp_path}/needy.so:lib/"), *(needs(tools, channel), "./e.tar.gz")
    )
    assert done.returncode == 0, done.stderr
    assert "workers have to have libnowhere.so.7: lib/needy.so needs it" in done.stderr


def test_verification__library_that_a_module_takes_from_this_machine__is_told(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    # libGL.so.1 is of this kind: manylinux promises it, and servers do not have it.
    shared_library("libinner.so.1", tmp_path)
    shared_library("libouter.so.2", tmp_path, "./libinner.so.1", f"-Wl,-rpath,{tmp_path}")
    code = f"import ctypes; ctypes.CDLL({str(tmp_path / 'libouter.so.2')!r})\n"
    wheels.wheel(tmp_path / "shelf", "loading", files={"loading.py": code})
    env: dict[str, str | None] = {"UV_FIND_LINKS": str(tmp_path / "shelf"), "PIP_NO_INDEX": "1"}
    done = tools.create(needs(tools, channel, "loading"), "./e.tar.gz", env=env)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "workers have to have" in line]
    assert len(told) == 1
    assert told[0].endswith("libouter.so.2: loading takes it from this machine")


def shared_library(name: str, folder: Path, *flags: str) -> None:
    """Link an empty library with others."""
    gcc = catalogue.compiler() or need("gcc")
    empty = ["-shared", "-x", "c", "/dev/null", "-x", "none"]
    named = [f"-Wl,-soname,{name}", "-Wl,--no-as-needed", "-o", name]
    subprocess.run([gcc, *named, *empty, *flags], cwd=folder, check=True)
