"""Environments of programs that need no Python: they get none, and are moved without one."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support import catalogue, channels, packages
from tests.support.needs import need
from tests.support.packages import PLACEHOLDER, Entry, Package, script, text
from tests.support.tools import Tools
from tests.support.worker import WORKERS, Bind, Worker

# Strings that a shell could take for more than they are.
DATA = f"\x7f\0{PLACEHOLDER}/a b:'{PLACEHOLDER}\"/$x`\\\0mid\0{PLACEHOLDER}\0end".encode() + b"\xff"

TOOL = Package(
    "tool",
    files={
        "bin/own-sh": script('#!/bin/sh\nexec /bin/sh "$@"\n'),
        "bin/tool": script(
            f"#!{PLACEHOLDER}/bin/own-sh -e\nprintf '%s\\n' '{PLACEHOLDER}'\n", prefix="text"
        ),
        "lib/tool.dat": Entry(DATA, prefix="binary"),
        "share/tool.txt": text(f"{PLACEHOLDER}|{PLACEHOLDER}/lib", prefix="text"),
    },
    depends=("__glibc >=2.17,<3.0.a0",),
    activate={"tool.sh": "export TOOL=on\n"},
)
NEEDS_PYTHON = Package("needs-python", depends=("python >=3.8",), noarch="generic")
HERE = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel with Pythons that are none."""
    made = tmp_path_factory.mktemp("channel")
    pythons = [
        Package("python", version, files={"bin/python": script("#!/bin/sh\nexit 1\n")})
        for version in ("3.8.1", f"{HERE}.7", "3.99.0")
    ]
    late = Package("needs-late", depends=("python >=3.99",), noarch="generic")
    from rattler.platform import Subdir

    for package in (TOOL, NEEDS_PYTHON, late, *pythons):
        packages.write(package, made, str(Subdir.current()))
    channels.index(made)
    return made


def asked(tools: Tools, folder: Path, *names: str) -> Path:
    path = tools.cwd / "environment.yml"
    path.write_text(json.dumps({"channels": [str(folder)], "dependencies": names}))
    return path


def installed(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile("etc/pypackage/manifest.json")
        assert file is not None
        return {one["name"]: one["version"] for one in json.load(file)["packages"]}


def test_environment_yml__of_programs_alone__gets_no_python(tools: Tools, folder: Path) -> None:
    done = tools.create(asked(tools, folder, "tool"), "./t.tar.gz")
    assert done.returncode == 0, done.stderr
    assert installed(tools.cwd / "t.tar.gz") == {"tool": "1.0"}
    ran = tools.run("-e", "t.tar.gz", "-u", "u", "--", "sh", "-c", "tool; echo $TOOL $CONDA_PREFIX")
    prefix = str(tools.cwd / "u")
    assert ran.stdout == f"{prefix}\non {prefix}\n", ran.stderr
    said = tools.run("--require-python", "3.9", "-e", "t.tar.gz", "--", "true")
    assert (said.returncode, "has no Python" in said.stderr) == (4, True)


@pytest.mark.parametrize(
    ("name", "python"), [("needs-python", f"{HERE}.7"), ("needs-late", "3.99.0")]
)
def test_environment_yml__whose_packages_need_python__gets_the_one_here_if_it_can(
    tools: Tools, folder: Path, name: str, python: str
) -> None:
    done = tools.create("--no-verify", asked(tools, folder, name), "./t.tar.gz")
    assert done.returncode == 0, done.stderr
    assert installed(tools.cwd / "t.tar.gz")["python"] == python


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_archive__without_python__is_moved_on_a_bare_worker(
    tools: Tools, folder: Path, tmp_path: Path, bare_worker: Worker
) -> None:
    done = tools.create("--format", "folder", asked(tools, folder, "tool"), tmp_path / "env")
    assert done.returncode == 0, done.stderr
    former = tmp_path / "env"
    (tmp_path / "places").mkdir()
    for name in ("one&two", "t|h\\ree"):
        place = tmp_path / "places" / name
        former = former.rename(place)
        bind = Bind(place.parent, "/tmp/places", writable=True)
        command = ["sh", f"/tmp/places/{name}/bin/python_package_run", "-e", f"/tmp/places/{name}"]
        ran = bare_worker.run([*command, "--", "tool"], binds=[bind])
        assert ran.stdout == f"/tmp/places/{name}\n", ran.stderr
        new = f"/tmp/places/{name}"
        assert (place / "share/tool.txt").read_text() == f"{new}|{new}/lib"
        strings = DATA.split(b"\0")
        found = (place / "lib/tool.dat").read_bytes()
        assert len(found) == len(DATA)
        assert [one for one in found.split(b"\0") if one] == [
            one.replace(PLACEHOLDER.encode(), new.encode()) for one in strings
        ]


def test_archive__without_python__unpacked_by_conda_unpack__is_right_and_too_long_a_path_is_told(
    tools: Tools, folder: Path
) -> None:
    assert tools.create(asked(tools, folder, "tool"), "./t.tar.gz").returncode == 0
    for name, code in (("short", 0), ("long" * 60, 1)):
        place = tools.cwd / name
        place.mkdir()
        subprocess.run([need("tar"), "xzf", "t.tar.gz", "-C", place], check=True, cwd=tools.cwd)
        done = subprocess.run(
            [place / "bin/conda-unpack"], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert ("room for a prefix of 255 bytes" in done.stderr) == (code == 1)
        named = (place / "share/tool.txt").read_text() == f"{place}|{place}/lib"
        assert named == (code == 0)


def test_verification__without_python__tells_missing_libraries(
    tools: Tools, folder: Path, tmp_path: Path
) -> None:
    gcc = catalogue.compiler() or need("gcc")
    for name, more in (("libnowhere.so.7", []), ("needy.so", ["./libnowhere.so.7"])):
        flags = ["-shared", "-o", name, f"-Wl,-soname,{name}", "-Wl,--no-as-needed"]
        command = [gcc, *flags, "-x", "c", "/dev/null", "-x", "none", *more]
        subprocess.run(command, cwd=tmp_path, check=True)
    library = ("--add", f"{tmp_path}/needy.so:lib/")
    done = tools.create(*library, asked(tools, folder, "tool"), "./t.tar.gz")
    assert done.returncode == 0, done.stderr
    assert "workers have to have libnowhere.so.7: lib/needy.so needs it" in done.stderr
