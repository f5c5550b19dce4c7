"""The worker script under each shell and set of tools, with no Python on PATH."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.shell.environments import NAMING, SCRIPT, Environment, relocations
from tests.support.needs import need

# What the script may rely on, besides the shell: nothing else is on its PATH.
GNU = (
    "cat chmod cp date dd df du find getconf grep gzip head id ls mkdir mv nproc od readlink rm "
    "rmdir sed sha256sum sleep sort stat tail tar tr uname uniq wc"
)
# As above; the tests' commands too.
BUSYBOX = GNU.replace("getconf ", "")
ALL = ["dash-gnu", "busybox-busybox", "bash-gnu", "dash-busybox", "ksh93-gnu", "mksh-gnu"]
COMMANDS = "env touch"


def machines(usual: Sequence[str]) -> list[Any]:
    """All of them; the tests of those that are not usual are slow."""
    slow = [name for name in ALL if name not in usual]
    return [*usual, *(pytest.param(name, marks=pytest.mark.slow) for name in slow)]


# Where the shell hardly matters, or the test waits.
once = pytest.mark.parametrize("machine", machines(["dash-gnu"]), indirect=True)


@dataclass(frozen=True)
class Runner:
    """Starts the script on a machine that has `tools`, in `folder`.

    Attributes:
        shell: The command that runs a shell script.
        tools: The folder that PATH consists of.
        folder: The current folder.
        env: All other variables.
        before: A command that runs the script's command, such as bubblewrap's.
    """

    shell: tuple[str, ...]
    tools: Path
    folder: Path
    env: Mapping[str, str]
    before: tuple[str, ...] = ()

    @property
    def cache(self) -> Path:
        return Path(self.env["PYTHON_PACKAGE_CACHE"])

    def environments(self) -> list[str]:
        """The names of what is in the cache beside the store."""
        return [path.name for path in self.cache.iterdir() if path.name != "parts"]

    def with_env(self, **more: str) -> Runner:
        return replace(self, env={**self.env, **more})

    def without(self, name: str) -> Runner:
        return replace(self, env={k: v for k, v in self.env.items() if k != name})

    def at(self, folder: Path) -> Runner:
        return replace(self, folder=folder)

    def start(self, *arguments: str | Path, script: str | Path = SCRIPT) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.before, *self.shell, str(script), *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": str(self.tools), **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *arguments: str | Path, script: str | Path = SCRIPT
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, script=script)
        try:
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def output(self, *arguments: str | Path, script: str | Path = SCRIPT) -> str:
        """What a run that has to succeed, and to say nothing of its own, prints."""
        done = self.run(*arguments, script=script)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def read_only(self, folder: Path) -> Runner:
        """The same where nothing in `folder` can be written."""
        bwrap = need("bwrap")
        command = (bwrap, "--dev-bind", "/", "/", "--ro-bind", str(folder), str(folder), "--")
        if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            pytest.skip("bubblewrap may not make namespaces here")
        return replace(self, before=command)


def link_tools(folder: Path, names: Sequence[str], target: str | None) -> None:
    for name in names:
        (folder / name).symlink_to(target or need(name))


# The strictest shell, and that of the smallest machines; bash, which is laxer, has .ci/run.
@pytest.fixture(scope="session", params=machines(ALL[:2]))
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, ...], Path]:
    """A shell, and the folder with the tools."""
    shell, kind = request.param.split("-")
    tools = tmp_path_factory.mktemp("tools")
    names = GNU if kind == "gnu" else BUSYBOX
    link_tools(tools, names.split(), need("busybox") if kind == "busybox" else None)
    link_tools(tools, COMMANDS.split(), None)
    (tools / "sh").symlink_to(need(shell))
    if shell == "bash":
        (tools / "bash").symlink_to(need("bash"))
    if shell == "mksh":  # others have it in themselves
        (tools / "printf").symlink_to(need("printf"))
    command = (need("busybox"), "sh") if shell == "busybox" else (need(shell),)
    return command, tools


@pytest.fixture
def runner(machine: tuple[tuple[str, ...], Path], tmp_path: Path) -> Runner:
    shell, tools = machine
    for name in ("home", "tmp", "work"):
        (tmp_path / name).mkdir()
    env = {
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHON_PACKAGE_CACHE": str(tmp_path / "cache"),
        "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8"),
    }
    return Runner(shell, tools, tmp_path / "work", env)


PLAIN = Environment()
NAMING_ITSELF = Environment(NAMING, relocations())


@pytest.fixture
def archive(runner: Runner) -> Path:
    """An environment in which nothing has to be rewritten."""
    return PLAIN.pack(runner.folder / "plain.tar.gz")


@pytest.fixture
def naming_archive(runner: Runner) -> Path:
    """An environment with files that name the folder they lie in."""
    return NAMING_ITSELF.pack(runner.folder / "naming.tar.gz")


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What servers have: the module's ONE and TWO as a layers folder, and as archives."""
    folder = tmp_path_factory.mktemp("served")
    for name in ("one", "two"):
        environment = getattr(request.module, name.upper())
        environment.pack_layers(folder, f"{name}.json")
        environment.pack(folder / f"{name}.tar.gz")
    return folder
