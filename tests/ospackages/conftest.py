from __future__ import annotations

from pathlib import Path

import pytest

from tests.ospackages import project
from tests.ospackages.project import EVERYTHING, Project
from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import Tools


@pytest.fixture(scope="module")
def hello(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return project.make(tmp_path_factory.mktemp("hello"), channel)


@pytest.fixture(scope="module")
def maker(session_tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    return session_tools.at(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def deb(hello: Project, maker: Tools) -> Path:
    need("dpkg-deb")
    done = hello.create(maker, "--format", "deb", *EVERYTHING)
    assert done.returncode == 0, done.stderr
    return hello.folder / done.stdout.strip()


@pytest.fixture(scope="module")
def rpm(hello: Project, maker: Tools) -> Path:
    need("rpmbuild")
    done = hello.create(maker, "--format", "rpm", *EVERYTHING, "--runtime-deps", "mesa-libGL")
    assert done.returncode == 0, done.stderr
    return hello.folder / done.stdout.strip()
