from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import pypackage
from pypackage.cli.create_options import COMMAND
from pypackage.cli.parser import Parser
from pypackage.core.errors import PackageError, SolveError, UsageError
from pypackage.core.progress import SILENT, Reporter, Task
from pypackage.pipeline import child, events
from pypackage.pipeline.option_types import CreateOptions
from pypackage.requirements.model import Requirements


class Recorder(Reporter):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        self.heard.append((title, total))
        yield _Recorded(self.heard)
        self.heard.append("end")

    def warning(self, message: str) -> None:
        self.heard.append(message)


class _Recorded(Task):
    def __init__(self, heard: list[object]) -> None:
        self._heard = heard

    def advance(self, amount: float = 1) -> None:
        self._heard.append(amount)


def sent() -> tuple[events.Sender, Recorder, threading.Thread, list[object]]:
    readable, writable = os.pipe()
    recorder, results = Recorder(), list[object]()

    def receive() -> None:
        with open(readable, "rb") as pipe:
            results.append(events.receive(pipe, recorder))

    thread = threading.Thread(target=receive)
    thread.start()
    return events.Sender(writable), recorder, thread, results


def test_events__of_several_threads__arrive_whole_and_add_up() -> None:
    sender, recorder, receiving, results = sent()

    def work() -> None:
        for _ in range(1_000):
            task.advance(2)

    with sender.task("working", 8_000) as task:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    sender.warning("odd")
    sender.error(SolveError("cannot", "do not"))
    sender.close()
    receiving.join()
    first, *amounts, end, warning = recorder.heard
    assert (first, end, warning) == (("working", 8_000), "end", "odd")
    assert sum(one for one in amounts if isinstance(one, float)) == 8_000
    (error,) = results
    assert isinstance(error, SolveError)
    assert (error.message, error.hint) == ("cannot", "do not")


def test_events__sender_ends_in_a_step__the_step_is_ended() -> None:
    sender, recorder, receiving, results = sent()
    sender.send("task", 0, "working", None)
    sender.close()
    receiving.join()
    assert recorder.heard == [("working", None), "end"]
    assert results == [None]


def test_create__process_is_killed__the_error_says_by_which_signal() -> None:
    def kill(process: subprocess.Popen[bytes]) -> None:
        process.kill()

    with pytest.raises(PackageError, match=r"killed by signal 9 \(SIGKILL\)"):
        child.create({"python": "3.11"}, "x.tar.gz", {}, SILENT, kill)


def test_create__option_that_there_is_not__is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--slimm"):
        pypackage.create({"python": "3.11"}, "x.tar.gz", slimm=True)  # type: ignore[call-arg]


def test_create__embedded_python__is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "")
    for call in (
        lambda: pypackage.create({"python": "3.11"}, "x.tar.gz"),
        lambda: pypackage.environment_for(len),
        lambda: pypackage.analyze("x.py"),
    ):
        with pytest.raises(UsageError, match=r"sys\.executable is empty"):
            call()


def test_create_options__all__are_those_of_the_command() -> None:
    actions = Parser(COMMAND)._actions
    known = {word[2:] for action in actions for word in action.option_strings if len(word) > 2}
    elsewhere = {"help", "quiet", "verbose", "version", "channel", "cache", "try"}
    elsewhere |= {"list", "versions", "update", "without", "remove", "json", "join"}
    elsewhere |= {"file", "name", "prefix"}  # the two arguments
    elsewhere |= {f"help-{topic}" for topic in COMMAND.topics}
    told = {one.replace("_", "-") for one in CreateOptions.__annotations__}
    assert told == known - elsewhere, "pipeline/option_types.py lists the command's options"


def test_create__requirements_that_json_cannot_say__is_an_error_and_not_without_them() -> None:
    needs = Requirements("3.11", pip=("six",), constraints=("six<1.17",))
    with pytest.raises(UsageError, match="cannot have constraints"):
        pypackage.create(needs, "x.tar.gz")
