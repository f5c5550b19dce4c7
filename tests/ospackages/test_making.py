"""Debian's and RPM's packages, by what dpkg-deb and rpm say of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.ospackages.project import EVERYTHING, Project
from tests.support.tools import Tools

pytestmark = pytest.mark.slow


def said(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def unpacked(deb: Path, folder: Path) -> Path:
    said("dpkg-deb", "-x", deb, folder)
    return folder


def test_deb__with_all_options__has_the_fields_that_were_given(deb: Path, hello: Project) -> None:
    assert deb.name in ("hello_1.0_amd64.deb", "hello_1.0_arm64.deb")
    fields = said("dpkg-deb", "-f", deb)
    assert "Package: hello\nVersion: 1.0\nArchitecture: " in fields
    assert "Maintainer: Jane Doe <jane@example.org>\n" in fields
    assert ", libgl1, adduser\n" in fields.replace("Depends: libgl1", "Depends: , libgl1")
    assert "Description: Greets\n All of\n .\n the world\n" in fields
    kept = said("dpkg-deb", "-I", deb, "conffiles")
    assert kept == "/etc/hello/hello.conf\n/opt/hello/etc/prefix-text.conf\n"


def test_deb__unpacked__names_its_place_and_no_other(deb: Path, tmp_path: Path) -> None:
    root = unpacked(deb, tmp_path)
    assert os.readlink(root / "usr/bin/greet") == "/opt/hello/bin/greet"
    text = (root / "opt/hello/etc/prefix-text.conf").read_text()
    assert text == "root=/opt/hello\nlib=/opt/hello/lib\n"
    data = (root / "opt/hello/lib/prefix-binary.dat").read_bytes()
    assert b"root=/opt/hello/share\0" in data
    assert not (root / "opt/hello/bin/conda-unpack").exists()
    home = os.fsencode(tmp_path.parent.parent)
    for path in (root / "opt/hello").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert home not in path.read_bytes(), path


def test_deb__unpacked__has_byte_code_of_each_module(deb: Path, tmp_path: Path) -> None:
    root = unpacked(deb, tmp_path)
    site = next((root / "opt/hello/lib").glob("python3*/site-packages"))
    for module in ("prefix_module", "greeting/cli", "hi/main"):
        folder, _, name = f"./{module}".rpartition("/")
        assert list((site / folder / "__pycache__").glob(f"{name}.*.pyc")), module


def test_deb__its_files__are_roots_and_of_one_time(deb: Path) -> None:
    lines = said("dpkg-deb", "-c", deb).splitlines()
    assert {line.split()[1] for line in lines} == {"root/root"}
    assert len({tuple(line.split()[3:5]) for line in lines}) == 1
    assert {line.split()[0] for line in lines} <= {
        *("drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx")
    }


@pytest.mark.parametrize("format_", ["deb", pytest.param("rpm", marks=pytest.mark.slow)])
def test_package__made_again_elsewhere__has_the_same_bytes(
    hello: Project,
    maker: Tools,
    tmp_path: Path,
    format_: str,
    request: pytest.FixtureRequest,
) -> None:
    first: Path = request.getfixturevalue(format_)
    kept = first.read_bytes()
    again = maker.at(tmp_path, maker.cwd)
    deps = ["--runtime-deps", "mesa-libGL"] if format_ == "rpm" else []
    done = hello.create(again, "--rebuild", *EVERYTHING, *deps, name=f"{tmp_path}/hello.{format_}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"hello.{format_}").read_bytes() == kept
    assert {path.name for path in tmp_path.iterdir()} <= {f"hello.{format_}", ".conda", ".cache"}


METADATA = [
    *("--release", "3", "--epoch", "2", "--url", "https://example.org/shop", "--section", "net"),
    *("--vendor", "Acme", "--provides", "shopd", "--conflicts", "oldshop", "--priority", "extra"),
    *("--replaces", "oldshop,older", "--recommends", "curl", "--suggests", "vim"),
    *("--directory", "/var/lib/shop", "--maintainer", "jane@example.org"),
]


def test_deb__with_metadata__has_it_in_dpkgs_fields(hello: Project, maker: Tools) -> None:
    done = hello.create(maker, "--format", "deb", *METADATA, name="shop")
    assert done.returncode == 0, done.stderr
    deb = hello.folder / done.stdout.strip()
    assert deb.name.startswith("shop_1.0-3_")
    fields = dict(line.split(": ", 1) for line in said("dpkg-deb", "-f", deb).splitlines()[:-1])
    wanted = {
        "Version": "2:1.0-3",
        "Homepage": "https://example.org/shop",
        "Section": "net",
        "Origin": "Acme",
        "Provides": "shopd",
        "Conflicts": "oldshop",
        "Priority": "extra",
        "Replaces": "oldshop, older",
        "Recommends": "curl",
        "Suggests": "vim",
        "Maintainer": "jane <jane@example.org>",
    }
    assert {name: fields[name] for name in wanted} == wanted
    assert " ./var/lib/shop/\n" in said("dpkg-deb", "-c", deb)


def test_rpm__with_metadata__has_it_in_rpms_tags(hello: Project, maker: Tools) -> None:
    done = hello.create(maker, "--format", "rpm", *METADATA, name="shop")
    assert done.returncode == 0, done.stderr
    rpm = hello.folder / done.stdout.strip()
    assert rpm.name.startswith("shop-1.0-3.")
    tags = ("EPOCH", "RELEASE", "URL", "GROUP", "VENDOR")
    told = said("rpm", "-qp", "--qf", " ".join(f"%{{{tag}}}" for tag in tags), rpm)
    assert told == "2 3 https://example.org/shop net Acme"
    assert "shopd\n" in said("rpm", "-qp", "--provides", rpm)
    assert said("rpm", "-qp", "--conflicts", rpm) == "oldshop\n"
    assert sorted(said("rpm", "-qp", "--obsoletes", rpm).split()) == ["older", "oldshop"]
    assert said("rpm", "-qp", "--recommends", rpm) == "curl\n"
    assert said("rpm", "-qp", "--suggests", rpm) == "vim\n"
    assert "/var/lib/shop\n" in said("rpm", "-qpl", rpm)


def test_rpm__with_all_options__has_what_was_given(rpm: Path) -> None:
    assert rpm.name.startswith("hello-1.0-1.")
    fields = said(
        "rpm", "-qp", "--qf", "%{NAME} %{VERSION} %{LICENSE} %{SUMMARY} %{BUILDHOST}", rpm
    )
    assert fields == "hello 1.0 MIT Greets localhost"
    assert "mesa-libGL\n" in said("rpm", "-qp", "--requires", rpm)
    assert said("rpm", "-qp", "--configfiles", rpm).split() == [
        *("/etc/hello/hello.conf", "/opt/hello/etc/prefix-text.conf")
    ]
    listed = said("rpm", "-qpl", rpm).splitlines()
    assert {"/opt/hello", "/opt/hello/bin/greet", "/usr/bin/greet"} <= set(listed)
    assert "/opt" not in listed
    assert "/usr/lib/systemd/system/hello.service" in listed
    assert "systemctl try-restart hello.service" in said("rpm", "-qp", "--scripts", rpm)


@pytest.mark.slow
def test_package__of_an_environment_with_hooks__starts_its_commands_activated(
    hello: Project, maker: Tools, tmp_path: Path
) -> None:
    import json

    needs = json.loads((hello.folder / "needs.json").read_text())
    needs["conda"]["dependencies"].append("hook-posix")
    (tmp_path / "more.json").write_text(json.dumps(needs))
    at = maker.at(maker.home, tmp_path)
    words = ["-c", str(hello.channel.folder), "--app-version", "2", "--command", "greet"]
    done = at.create(*words, "--compress-level", "0", "more.json", tmp_path / "greeter.deb")
    assert done.returncode == 0, done.stderr
    root = unpacked(tmp_path / "greeter.deb", tmp_path / "root")
    text = (root / "usr/bin/greet").read_text()
    runner = "/opt/greeter/bin/python_package_run -e /opt/greeter -- greet"
    assert text == f'#!/bin/sh\nexec {runner} "$@"\n'
    assert (root / "opt/greeter/etc/pypackage/prepared").read_text() == "/opt/greeter\n"
