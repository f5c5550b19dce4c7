"""Run a user's function, or class of splunklib, as a search command, in the environment."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from . import arguments, protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_RECORDS = 50000  # of an answer, unless Splunk gives a limit (maxresultrows)

# Splunk's names of the kinds. Streaming commands are declared stateful, which run only on the
# search head: indexers do not have the environment.
_TYPES = {"streaming": "stateful", "reporting": "reporting", "generating": "streaming"}


class CommandError(Exception):
    """The user's code cannot be run, or returned something other than records."""


def main(argv: list[str]) -> int:
    """Speak with Splunk on stdin and stdout; return 1 if the command failed, after reporting it.

    Args:
        argv: The command's `MODULE:FUNCTION`, and its kind.
    """
    target, kind = argv
    received, answers = _take_streams()
    with suppress(BrokenPipeError):  # the search was cancelled
        try:
            found = _load(target)
        except BaseException as error:
            return _answer_failure(received, answers, error)
        if isinstance(found, type):
            return _run_class(found, received, answers)
        return _Session(received, answers).run(found, kind)
    return 0


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's streams; for other code stdin becomes empty and stdout goes to the log.

    Output of the user's code, or of a C library that it uses, would break the protocol.
    """
    received, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    return received, answers


def _load(target: str) -> Any:
    """Import the function or class; the app's own modules are hidden from the user's code."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [one for one in sys.path if os.path.abspath(one or os.curdir) != here]
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise CommandError(f"{target} is not a function")
    return found


def _answer_failure(received: BinaryIO, answers: BinaryIO, error: BaseException) -> int:
    """Report an error in answer to the next chunk, which is Splunk's first."""
    traceback.print_exc()
    with suppress(protocol.ProtocolError):
        protocol.read(received)
    protocol.write(answers, protocol.failure(describe(error)))
    return 1


def describe(error: BaseException) -> str:
    """An error in one line for the user of the search, with the line of code that raised it."""
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit) and isinstance(error.code, str):  # the user's own message
        return text
    if isinstance(error, (arguments.ArgumentError, CommandError, protocol.ProtocolError)):
        return text
    told = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = os.path.dirname(os.path.abspath(__file__))
    theirs = [one for one in frames if os.path.dirname(one.filename) != own]
    if not theirs or theirs[-1].filename.startswith("<"):
        return told
    return f"{told} ({os.path.basename(theirs[-1].filename)}, line {theirs[-1].lineno})"


class _Session:
    """One run of a function: chunks from Splunk, and their answers."""

    def __init__(self, received: BinaryIO, answers: BinaryIO) -> None:
        self._received = received
        self._answers = answers
        self._pending: list[protocol.Record] = []
        self._most = _MAX_RECORDS
        self._ended = False  # whether Splunk will send no more records
        self._gone = False  # whether Splunk has closed the stream

    def run(self, function: Callable[..., Any], kind: str) -> int:
        """Run the function to its end."""
        try:
            self._run(function, kind)
        except (BrokenPipeError, KeyboardInterrupt):
            raise
        except BaseException as error:
            traceback.print_exc()
            protocol.write(self._answers, protocol.failure(describe(error)))
            return 1
        return 0

    def _run(self, function: Callable[..., Any], kind: str) -> None:
        info = self._get_info()
        fields, options = arguments.bind(
            function, info.get("args") or [], info, records=kind != "generating"
        )
        told: dict[str, Any] = {"type": _TYPES[kind], "generating": kind == "generating"}
        if kind != "generating":
            told["required_fields"] = ["*"]
        protocol.write(self._answers, told)
        if kind == "generating":
            self._generate(function(*fields, **options))
            return
        records = self._records()
        for record in _results(function(records, *fields, **options)):
            self._pending.append(record)
        for _ in records:  # records that the function did not consume
            pass
        if not self._gone:
            self._answer(finished=True)

    def _get_info(self) -> dict[str, Any]:
        chunk = self._next()
        if chunk is None:
            raise BrokenPipeError
        if chunk.metadata.get("action") != "getinfo":
            raise protocol.ProtocolError("Splunk did not ask what the command is (getinfo)")
        info: dict[str, Any] = chunk.metadata.get("searchinfo") or {}
        self._most = int(info.get("maxresultrows") or _MAX_RECORDS)
        return info

    def _next(self) -> protocol.Chunk | None:
        chunk = protocol.read(self._received)
        self._gone = chunk is None
        return chunk

    def _records(self) -> Iterator[protocol.Record]:
        """Yield all records of the search; asking for those of the next chunk answers this one."""
        while not self._ended:
            chunk = self._next()
            self._ended = chunk is None or bool(chunk.metadata.get("finished"))
            if chunk is not None:
                yield from protocol.decode(chunk.body)
            if not self._ended:
                self._answer(finished=False)

    def _generate(self, result: Any) -> None:
        """Answer each chunk with the maximum number of records."""
        if self._next() is None:
            return
        for record in _results(result):
            if len(self._pending) >= self._most:
                self._answer(finished=False)
                if self._next() is None:
                    return
            self._pending.append(record)
        self._answer(finished=True)

    def _answer(self, *, finished: bool) -> None:
        body = protocol.encode(self._pending)
        self._pending.clear()
        protocol.write(self._answers, {"finished": finished}, body)


def _results(result: Any) -> Iterator[protocol.Record]:
    """Convert a function's result to records: from mappings, or a pandas table."""
    if hasattr(result, "to_dict") and hasattr(result, "columns"):
        result = result.to_dict("records")
    if isinstance(result, (str, bytes, dict)) or not hasattr(result, "__iter__"):
        raise CommandError(f"the command's function returned {_named(result)}, not records")
    for record in result:
        if not hasattr(record, "items"):
            raise CommandError(f"the command's function gave {_named(record)}, not a record")
        yield dict(record)


def _named(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _run_class(found: Any, received: BinaryIO, answers: BinaryIO) -> int:
    """Run a class of splunklib.searchcommands, which implements the protocol itself."""
    command = found()
    configuration: Any = getattr(command, "configuration", None)
    if hasattr(type(configuration), "distributed"):
        configuration.distributed = False  # see `_TYPES`
    try:
        command.process([found.__name__], received, answers)
    except SystemExit as error:  # it has already reported the reason
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return 0
