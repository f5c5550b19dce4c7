"""The fixtures of the whole suite: a channel, a bare worker, the executables."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import channels, clean, worker
from tests.support.channels import Channel
from tests.support.http import Server
from tests.support.needs import advice, missing
from tests.support.tools import Tools
from tests.support.worker import NoWorkerError, Worker

# Before any module of tests is read: it may look at the environment.
_HOME = "" if clean.HOME in os.environ else tempfile.mkdtemp(prefix="pypackage-tests-home-")
if _HOME:
    clean.enter(_HOME)


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests' processes end by signals, also where the tests run in the background.

    What is started with `&` or nohup has signals ignored, and so has all that it starts; one
    that is handled is again as at the start in a new program.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home that was made for these tests."""
    if _HOME:
        shutil.rmtree(_HOME, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell at the end which packages would bring what was missing."""
    skipped = terminalreporter.stats.get("skipped", [])
    if line := advice(str(report.longrepr) for report in skipped):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def channel(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Channel]:
    """The channel in conda-forge's shapes; no test may write into its folder."""
    cache = getattr(request.config, "cache", None)  # there is none with -p no:cacheprovider
    folder = cache.mkdir("pypackage-channel") if cache else tmp_path_factory.mktemp("channel")
    made = channels.make(Path(folder))
    with made.over_http() as server:
        yield replace(made, http_url=server.url)


@pytest.fixture
def web_server(channel: Channel) -> Iterator[Server]:
    """The channel over HTTP for this test alone, to misbehave as it is told to."""
    with channel.over_http() as server:
        yield server


@pytest.fixture(scope="session")
def bare_worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    """A machine that has nothing: the `busybox` one unless the test is parametrized."""
    kind: worker.Kind = getattr(request, "param", "busybox")
    try:
        if kind == "debian":
            return worker.make(kind, worker.debian_folder())
        return worker.make(kind, tmp_path_factory.mktemp("worker") / "root")
    except NoWorkerError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def session_tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """The executables for fixtures of the session: one home for all of it."""
    home = tmp_path_factory.mktemp("home")
    return Tools(home, tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def tools(
    session_tools: Tools, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tools]:
    """The executables, started in `tmp_path` with a home of this test alone."""
    home = tmp_path_factory.mktemp("home")
    yield session_tools.at(home, tmp_path)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home(tools: Tools) -> Path:
    """The home that `tools` have."""
    return tools.home
