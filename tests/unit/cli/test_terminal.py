from __future__ import annotations

import argparse
import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pypackage.cli import terminal
from pypackage.cli.options import Command
from pypackage.cli.parser import Parser
from pypackage.core.errors import INTERNAL_ERROR, SolveError
from pypackage.core.progress import Reporter


def run(action: Callable[[Reporter], object], *argv: str) -> int:
    parser = Parser(Command("tool", "%(prog)s [options]", "Try it."))
    parser.prog = "tool"

    def command(_: argparse.Namespace, reporter: Reporter) -> None:
        action(reporter)

    return terminal.run(parser, command, argv)


def raiser(error: BaseException) -> Callable[[Reporter], object]:
    def action(_: Reporter) -> None:
        raise error

    return action


def work(reporter: Reporter) -> None:
    with reporter.task("packing", 2) as task:
        task.grow(1)
        task.advance()
    reporter.debug("a detail")
    reporter.warning("a danger")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ([], "packing ...\ntool: warning: a danger\n"),
        (["-v"], "packing ...\na detail\ntool: warning: a danger\n"),
        (["-q"], ""),
    ],
)
def test_run__command_reports__lines_on_stderr(
    capsys: pytest.CaptureFixture[str], option: list[str], said: str
) -> None:
    assert run(work, *option) == 0
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SolveError("no x", "try y\nor z"), 4, "tool: error: no x\n  try y\n  or z\n"),
        (KeyboardInterrupt(), 130, "tool: error: interrupted\n"),
        (
            PermissionError(13, "Permission denied", "/f"),
            74,
            "tool: error: /f: Permission denied\n",
        ),
        (MemoryError(), 74, "tool: error: there is not enough memory\n  allow more memory"),
        (RuntimeError("can't start new thread"), 74, "tool: error: no more threads can be start"),
        (OSError(28, "No space left"), 74, "tool: error: No space left\n  free some space,"),
        (
            ModuleNotFoundError("No module named 'rich'"),
            70,
            "tool: error: No module named 'rich': a library that tool needs is missing\n",
        ),
        (ZeroDivisionError("oops"), 70, "tool: error: internal error: ZeroDivisionError: oops\n"),
    ],
)
def test_run__command_fails__one_line_and_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    assert run(raiser(error), "-q") == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(said)
    assert "Traceback" not in captured.err


def test_run__message_has_a_url_with_a_password__is_said_without_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(raiser(SolveError("no https://me:secret@host/t/secret/x?token=secret there"))) == 4
    assert "no https://host/x?token=*** there" in capsys.readouterr().err


def test_run__name_with_control_characters__is_said_without_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(raiser(SolveError("no \x1b[2J\x9bx", "look\tat\nit"))) == 4
    assert capsys.readouterr().err == "tool: error: no ?[2J?x\n  look\tat\n  it\n"


def test_run__name_with_a_line_break__no_line_of_it_looks_like_a_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(raiser(SolveError("no x\ntool: warning: a danger\n  detail"))) == 4
    assert capsys.readouterr().err == "tool: error: no x\n  tool: warning: a danger\n  detail\n"


def test_run__interrupted_while_a_class_is_made__is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = RuntimeError("Error calling __set_name__")  # as Python 3.10 and 3.11 have it
    error.__cause__ = KeyboardInterrupt()
    assert run(raiser(error)) == terminal.INTERRUPTED
    assert capsys.readouterr().err == "tool: error: interrupted\n"


def test_run__message_without_an_end__is_abridged(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raiser(SolveError(f"no {'x' * 1_000_000} here"))) == 4
    said = capsys.readouterr().err
    assert len(said) < 10_000
    assert said.startswith("tool: error: no xxx")
    assert said.endswith("xxx here\n")


def test_run__hint_without_an_end__is_abridged(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raiser(SolveError("no", f"since\n{'x' * 1_000_000} is\nnot here"))) == 4
    said = capsys.readouterr().err
    assert len(said) < 3_000
    assert said.endswith("xxx is\n  not here\n")


def test_run__what_a_program_printed__is_shortened_unless_verbose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = "\n".join(f"line {number}" for number in range(20_000))
    run(raiser(SolveError("it failed", printed)))
    said = capsys.readouterr().err.splitlines()
    assert (said[0], said[1], said[-1]) == ("tool: error: it failed", "  line 0", "  line 19999")
    assert len(said) < 100
    run(raiser(SolveError("it failed", printed)), "-v")
    assert len(capsys.readouterr().err.splitlines()) == 20_001


def test_run__path_too_long__exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda _: os.stat("x" * 5000)) == 2
    assert capsys.readouterr().err.endswith("xxx: File name too long\n  use a shorter name\n")


@pytest.mark.parametrize("width", ["0", "-1", "x", "9" * 5000])
def test_run__help_at_an_odd_width__is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert run(work, "--help") == 0
    assert "tool [options]" in capsys.readouterr().out


def test_run__current_folder_removed__is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run(lambda _: os.getcwd()) == terminal.INPUT_OUTPUT_ERROR
    assert "the current folder is not there any more" in capsys.readouterr().err


def test_run__internal_error_with_verbose__shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raiser(ZeroDivisionError("oops")), "-v") == INTERNAL_ERROR
    said = capsys.readouterr().err
    assert "in action" in said
    assert said.endswith("ZeroDivisionError: oops\n")


def test_run__invalid_option__exit_1_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(work, "--verb") == 1  # options are not abbreviated
    assert capsys.readouterr().err == (
        "tool: error: unrecognized arguments: --verb\n  did you mean --verbose?\n"
        "  usage: tool [options]\n  see tool -h\n"
    )


BARS = """
import sys, time
from pypackage.cli import terminal
from pypackage.cli.options import Command
from pypackage.cli.parser import Parser
reporter = terminal.reporter("tool", quiet="-q" in sys.argv)
with reporter.task("linking [red]", 4) as task:
    task.advance(3)
    with reporter.task("solving"):
        reporter.warning("mind [bold] " + "x" * 300)
    time.sleep(0.15)
reporter.warning("done")
"""


def on_terminal(*argv: str, term: str = "xterm") -> str:
    """What the program above writes to a terminal."""
    leader, follower = pty.openpty()
    root = str(Path(terminal.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, "TERM": term, "COLUMNS": "80"}
    subprocess.run(
        [sys.executable, "-c", BARS, *argv], stderr=follower, env=environment, check=True
    )
    os.close(follower)
    said = b""
    with contextlib.suppress(OSError):  # the end of what was written
        while more := os.read(leader, 100_000):
            said += more
    os.close(leader)
    return said.decode()


def test_reporter__terminal__bars_with_whole_lines_above() -> None:
    said = on_terminal()
    assert "linking [red]" in said
    assert "75%" in said
    assert "tool: warning: mind [bold] " + "x" * 300 in said
    assert said.endswith("tool: warning: done\r\n")


def test_reporter__quiet_terminal__says_nothing() -> None:
    assert on_terminal("-q") == ""


def test_reporter__dumb_terminal__plain_lines() -> None:
    said = on_terminal(term="dumb").splitlines()
    assert said[:2] == ["linking [red] ...", "solving ..."]


@pytest.mark.parametrize(
    ("done", "total", "speed", "said"),
    [
        (3, 600, 12.4, "3 of 600, 12/s"),
        (12_300_000, 45_600_000, 510_000, "12.3M of 45.6M, 510k/s"),
        (0, 0, None, "0 of 0"),
        (0, None, None, ""),
        (12_300_000, None, 510_000, "12.3M, 510k/s"),
    ],
)
def test_amount__of_bytes_or_files__is_short(
    done: float, total: float | None, speed: float | None, said: str
) -> None:
    assert terminal.amount(done, total, speed) == said
