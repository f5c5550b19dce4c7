"""What the executables share: progress, errors and exit codes.

All output goes to stderr, since stdout may be the result. What the user must know is
one line that starts with the tool's name.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from pypackage.core.errors import INTERNAL_ERROR, InputPathError, PackageError, advice_for
from pypackage.core.progress import Reporter, Task
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    import signal
    from typing import NoReturn

    from rich.progress import Progress

    from pypackage.cli.parser import Parser

    Command = Callable[[argparse.Namespace, Reporter], None]
else:
    import _signal as signal  # making its enumerations takes 0.4 ms

# Besides the exit codes of the errors: those of <sysexits.h> and of the shell for signals.
INPUT_OUTPUT_ERROR = 74
INTERRUPTED = 130
ENDED = 128  # plus the number of the signal
BROKEN_PIPE = 141


def run(
    parser: Parser,
    command: Command,
    argv: Sequence[str] | None = None,
    failed: Callable[[BaseException], None] = lambda _: None,
) -> int:
    """Parse a command line, run the command and turn the outcome into an exit code.

    Args:
        parser: Its options and arguments; options may follow arguments.
        command: Called with the parsed options and the reporter that they select.
        argv: The arguments, by default those of this process.
        failed: Called with the error that ends the command.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    say = Plain(parser.prog)
    _clean_up_when_ended()
    try:
        options = _parsed(parser, arguments)
        if options is not None:
            say = reporter(parser.prog, quiet=options.quiet, verbose=options.verbose)
            command(options, say)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where errors can be reported
        return 0
    except BaseException as error:
        failed(error)
        return _told(error, say)


def leave(code: int) -> NoReturn:
    """Exit without finalizing the interpreter, which takes a tenth of the time of a short run.

    Output is flushed. No thread is joined and no `atexit` function called.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


class _Ended(BaseException):
    """A signal asked this process to end."""


def _clean_up_when_ended() -> None:
    """Make signals that end the process raise exceptions, so that partial results are removed."""

    def end(number: int, _frame: object) -> None:
        raise _Ended(number)

    ways = {signal.SIGTERM: end, signal.SIGHUP: end, signal.SIGINT: signal.default_int_handler}
    for number, way in ways.items():
        with suppress(ValueError):  # not in the main thread: signals are handled elsewhere
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, way)


def _parsed(parser: Parser, arguments: list[str]) -> argparse.Namespace | None:
    """Return the parsed options; None if there is nothing more to do, as after -h."""
    with suppress(SystemExit):
        return parser.parse_intermixed_args(_undashed(arguments))
    return None


def _undashed(arguments: list[str]) -> list[str]:
    """Turn arguments after `--` into paths: argparse would take `-x` for an option."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    dashed = (len(one) > 1 and one.startswith("-") for one in arguments[end + 1 :])
    paths = zip(arguments[end + 1 :], dashed, strict=True)
    return arguments[:end] + [f"./{one}" if is_dashed else one for one, is_dashed in paths]


def _told(error: BaseException, say: Plain) -> int:
    """Report the error that ended a command, and return its exit code."""
    if isinstance(error.__cause__, (KeyboardInterrupt, _Ended)):  # raised while a class was created
        error = error.__cause__
    if isinstance(error, PackageError):
        say.error(error.message, error.hint)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        say.error("interrupted")
        return INTERRUPTED
    if isinstance(error, _Ended):
        from signal import Signals

        number = Signals(error.args[0])
        say.error(f"ended by {number.name}")
        return ENDED + number
    if isinstance(error, BrokenPipeError):  # the reader of our output has closed the pipe
        _abandon_stdout()
        return BROKEN_PIPE
    if isinstance(error, ModuleNotFoundError):
        say.error(f"{error}: a library that {say.program} needs is missing", "install it by pip")
        say.trace(error)
        return INTERNAL_ERROR
    if isinstance(error, FileNotFoundError) and error.filename is None:  # by os.getcwd
        say.error("the current folder is not there any more", "start this in another one")
        return INPUT_OUTPUT_ERROR
    if isinstance(error, MemoryError):
        error = OSError(errno.ENOMEM, "there is not enough memory")
    elif isinstance(error, RuntimeError) and "start new thread" in str(error):
        error = OSError(errno.EAGAIN, "no more threads can be started")
    if isinstance(error, OSError):
        _abandon_stdout()
        known = [str(one) for one in (error.filename, error.strerror) if one]
        say.error(": ".join(known) or repr(error), advice_for(error.errno))
        is_path = error.errno in (errno.ENAMETOOLONG, errno.ELOOP)
        return InputPathError.exit_code if is_path else INPUT_OUTPUT_ERROR
    say.error(f"internal error: {type(error).__name__}: {error}", "-v shows where it happened")
    say.trace(error)
    return INTERNAL_ERROR


# File names may have control characters.
_SHOWN = {n: "?" for n in (*range(32), *range(127, 160)) if chr(n) not in "\t\n"}


_LINES = 60  # at a time, if not verbose
_LONGEST = 2000  # characters of a line; a damaged file may have a name of a million


def _abridged(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    return f"{line[: _LONGEST // 2]} [...] {line[-_LONGEST // 2 :]}"


def _indented(message: str) -> str:
    """Indent all lines but the first: the name of a file may have a line that looks like ours."""
    first, *others = message.split("\n")
    return "\n".join([first, *(one if one.startswith(" ") else f"  {one}" for one in others)])


def _abandon_stdout() -> None:
    """Discard what stdout still buffers, or Python reports an error at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def reporter(program: str, *, quiet: bool = False, verbose: bool = False) -> Plain:
    """Return the reporter for this process's stderr: bars on a terminal, lines elsewhere."""
    terminal = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return (Terminal if terminal else Plain)(program, quiet=quiet, verbose=verbose)


class Plain(Reporter):
    """Writes one line for each event to stderr."""

    def __init__(self, program: str, *, quiet: bool = False, verbose: bool = False) -> None:
        self.program = program
        self._quiet = quiet
        self._verbose = verbose

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Write the title when the step starts."""
        if not self._quiet:
            self._line(f"{title} ...")
        yield Task()

    def debug(self, message: str) -> None:
        """Write a detail if verbose."""
        if self._verbose:
            self._line(message)

    def warning(self, message: str) -> None:
        """Write a warning unless quiet."""
        if not self._quiet:
            self._line(f"{self.program}: warning: {_indented(message)}")

    def error(self, message: str, hint: str = "") -> None:
        """Write why the command ends, and below it what to do."""
        lines = [f"{self.program}: error: {_indented(message)}", *hint.splitlines()]
        self._line("\n  ".join(lines))

    def trace(self, error: BaseException) -> None:
        """Write the traceback of an error if verbose."""
        if self._verbose:
            import traceback

            self._line("".join(traceback.format_exception(error)).rstrip())

    def _line(self, text: str) -> None:
        if "://" in text:  # may have a password, from the user or another program
            from pypackage.core.urls import redact

            text = redact(text)
        with suppress(OSError, ValueError):  # a closed stderr is no reason to fail
            if sys.stderr is not None:
                lines = text.translate(_SHOWN).split("\n")
                if len(lines) > _LINES and not self._verbose:  # what a program has printed
                    lines[_LINES // 2 : -_LINES // 2] = ["  ... (-v shows all lines)"]
                self._write("\n".join(map(_abridged, lines)))

    def _write(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class Terminal(Plain):
    """Shows a bar for each step under way, and removes it afterwards."""

    _progress: Progress | None = None
    _open_steps = 0

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Show a bar while the step lasts."""
        if self._quiet:
            yield Task()
            return
        from pypackage.core.bars import Bar

        progress = self._progress = self._progress or _bars()
        task = progress.add_task(title, total=total)
        self._open_steps += 1
        progress.start()
        try:
            yield Bar(progress, task, total)
        finally:
            progress.remove_task(task)
            self._open_steps -= 1
            if self._open_steps == 0:
                progress.stop()
                self._progress = None

    def _write(self, text: str) -> None:
        if self._progress is None:
            super()._write(text)
        else:  # above the bars, and not wrapped or coloured by rich
            self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Task as RichTask
    from rich.text import Text

    class Amount(ProgressColumn):
        """How much of a step is done, and how fast."""

        def render(self, task: RichTask) -> Text:
            return Text(amount(task.completed, task.total, task.speed))

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        Amount(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)


def amount(done: float, total: float | None, speed: float | None) -> str:
    """Format progress, such as `12.3M of 45.6M, 5.1M/s`; `12.3M, 5.1M/s` without a total.

    Steps count bytes or files; the figures of both are short.
    """
    rate = f", {_short(speed)}/s" if speed else ""
    if total is None:
        return f"{_short(done)}{rate}" if done else ""
    return f"{_short(done)} of {_short(total)}{rate}"


def _short(number: float) -> str:
    """Format a number in three or four digits, with a unit prefix."""
    for prefix in ("", "k", "M", "G"):
        if number < 1000:
            return (
                f"{number:.0f}{prefix}" if not prefix or number >= 100 else f"{number:.1f}{prefix}"
            )
        number /= 1000
    return f"{number:.1f}T"
