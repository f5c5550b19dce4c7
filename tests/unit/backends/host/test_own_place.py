"""Build settings that find their prefix, each read by what reads it."""

from __future__ import annotations

import json
import runpy
import subprocess
from pathlib import Path

import pytest

from pypackage.backends.host.files import PackageFile
from pypackage.backends.host.own_place import OwnPlace
from tests.support.needs import need

PRIVATE = OwnPlace(("/home/me/python",))
DEBIAN = OwnPlace((), "/usr", ("include/python3.11", "lib/python3.11"))
SYSCONFIG = "lib/python3.11/_sysconfigdata__linux.py"


def put(place: OwnPlace, path: str, text: str, prefix: Path) -> Path:
    """The file as it is in a prefix."""
    made = place.patch(PackageFile(path, content=text.encode(), executable=True))
    assert made.content is not None
    assert (made.path, made.executable, made.placeholder) == (path, True, False)
    file = prefix / path
    file.parent.mkdir(parents=True)
    file.write_bytes(made.content)
    return file


def test_patch__sysconfig_data__names_the_prefix_that_it_is_in(tmp_path: Path) -> None:
    text = """build_time_vars = {'A': '-L/home/me/python/lib -I/home/me/python2/include', 'B': 3,
        'prefix': '/home/me/python'}\n"""
    found = runpy.run_path(str(put(PRIVATE, SYSCONFIG, text, tmp_path / "a b")))["build_time_vars"]
    there = f"{tmp_path}/a b"
    expected = f"-L{there}/lib -I/home/me/python2/include"
    assert found == {"A": expected, "B": 3, "prefix": there}


def test_patch__prefix_that_much_else_lies_in__only_what_is_packed(tmp_path: Path) -> None:
    text = """build_time_vars = {'prefix': '/usr', 'INSTALL': '/usr/bin/install -c',
        'INCLUDEPY': '/usr/include/python3.11', 'LIBDIR': '/usr/lib/x86_64-linux-gnu',
        'ARGS': "'--prefix=/usr' '--x'", 'BINDIR': '/usr/bin', 'TZPATH': '/usr/share/zoneinfo:/e',
        'DIRS': '/usr /usr/lib/python3.11/lib-dynload'}\n"""
    found = runpy.run_path(str(put(DEBIAN, SYSCONFIG, text, tmp_path)))["build_time_vars"]
    assert found == {
        "prefix": f"{tmp_path}",
        "INSTALL": "/usr/bin/install -c",
        "INCLUDEPY": f"{tmp_path}/include/python3.11",
        "LIBDIR": "/usr/lib/x86_64-linux-gnu",
        "ARGS": f"'--prefix={tmp_path}' '--x'",
        "BINDIR": f"{tmp_path}/bin",
        "TZPATH": "/usr/share/zoneinfo:/e",
        "DIRS": f"{tmp_path} {tmp_path}/lib/python3.11/lib-dynload",
    }


def test_patch__makefile__names_the_prefix_that_it_is_in(tmp_path: Path) -> None:
    text = "prefix=\t/home/me/python\nLIBDIR=\t$(prefix)/lib\nall:\n\t@echo '$(prefix)' $(LIBDIR)\n"
    file = put(PRIVATE, "lib/python3.11/config-3.11/Makefile", text, tmp_path)
    done = subprocess.run([need("make"), "-f", file], cwd="/", capture_output=True, text=True)
    assert done.stdout == f"{tmp_path} {tmp_path}/lib\n"


def test_patch__pkg_config_file__names_the_prefix_that_it_is_in(tmp_path: Path) -> None:
    text = "prefix=/home/me/python\nName: x\nDescription: x\nVersion: 1\nCflags: -I${prefix}/inc\n"
    file = put(PRIVATE, "share/pkgconfig/x.pc", text, tmp_path)
    command = [need("pkg-config"), "--cflags", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert Path(done.stdout.strip()[2:]).resolve() == tmp_path / "inc"


def test_patch__build_details__are_relative_to_the_file_and_the_prefix(tmp_path: Path) -> None:
    details = {
        "base_prefix": "/usr",
        "base_interpreter": "/usr/bin/python3.14",
        "language": {"version": "3.14"},
    }
    file = put(DEBIAN, "lib/python3.14/build-details.json", json.dumps(details), tmp_path)
    assert json.loads(file.read_text()) == {
        **details,
        "base_prefix": "../..",
        "base_interpreter": "bin/python3.14",
    }


@pytest.mark.parametrize(
    "path", ["bin/python3.11-config", "lib/python3.11/config-3.11/python-config.py"]
)
def test_patch__python_config__starts_the_interpreter_of_its_prefix(
    path: str, tmp_path: Path
) -> None:
    text = "#! /usr/bin/python3.11\n# -*- python -*-\nimport sys\n"
    file = put(DEBIAN, path, text, tmp_path / "a b")
    interpreter = tmp_path / "a b" / "bin" / "python3.11"
    interpreter.parent.mkdir(exist_ok=True)
    interpreter.write_text('#!/bin/sh\necho "started $*"\n')
    interpreter.chmod(0o755)
    done = subprocess.run(["sh", file, "--help"], cwd="/", capture_output=True, text=True)
    assert done.stdout == f"started {file} --help\n"


def test_patch__other_files__stay_as_they_are() -> None:
    item = PackageFile("lib/python3.11/os.py", content=b"'/home/me/python'")
    assert PRIVATE.patch(item) is item
    link = PackageFile(SYSCONFIG, link="other.py")
    assert PRIVATE.patch(link) is link
