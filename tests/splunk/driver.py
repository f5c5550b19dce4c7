"""Splunk's side of the chunked protocol, written by its description and without our own code."""

from __future__ import annotations

import configparser
import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_PATIENCE = 100  # seconds, after which a command that says nothing is killed

# What Splunk sets for its own programs: the environment's must not get to see it.
SPLUNK = {
    "LD_LIBRARY_PATH": "/nonsense/splunk/lib",
    "PYTHONPATH": "/nonsense/splunk/lib/python3.9",
    "OPENSSL_CONF": "/nonsense/splunk/openssl.cnf",
    "SPLUNK_HOME": "/nonsense/splunk",
}


@dataclass
class Search:
    """What a search got of a command.

    Attributes:
        info: Its answer to getinfo.
        answers: Metadata of the others.
        records: All records, with the encoded values of fields that have several.
        status: Its exit status.
        log: What it said on stderr.
    """

    info: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, str]] = field(default_factory=list)
    status: int = 0
    log: str = ""

    @property
    def error(self) -> str:
        """The message that the user of the search sees."""
        last = (self.answers or [self.info])[-1]
        return str(last.get("error", ""))


def stanza(app: Path, name: str) -> configparser.SectionProxy:
    """What commands.conf has of a command."""
    conf = configparser.ConfigParser(interpolation=None)
    conf.read(app / "default/commands.conf")
    return conf[name]


def run(
    app: Path,
    name: str,
    words: Sequence[str] = (),
    chunks: Sequence[Sequence[Mapping[str, str]]] = ((),),
    *,
    python: str = sys.executable,
    user: int = 0,
    env: Mapping[str, str] | None = None,
    calls: int = 20,
) -> Search:
    """Run a search command of an app as Splunk does.

    Args:
        words: Its arguments.
        chunks: The records of the search; a generating command is called until it has finished.
        python: That of Splunk.
        user: Who runs it; 0 for who runs the tests.
        env: More variables.
        calls: How often a generating command is called at most.
    """
    conf = stanza(app, name)
    assert conf["chunked"] == "true"
    command = [python, str(app / "bin" / conf["filename"])]
    command += [conf[name] for name in sorted(conf) if name.startswith("command.arg.")]
    variables = {**os.environ, **SPLUNK, **(env or {})}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        env=variables,
        user=user or None,
        group=user or None,
        extra_groups=[] if user else None,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        watch = threading.Timer(_PATIENCE, process.kill)
        watch.start()
        try:
            found = _speak(process.stdin, process.stdout, words, chunks, calls)
            process.stdin.close()
            assert process.stdout.read() == b""
            found.log = process.stderr.read().decode()
            found.status = process.wait(20)
        finally:
            watch.cancel()
            process.kill()
    return found


def _speak(
    to: IO[bytes],
    answers: IO[bytes],
    words: Sequence[str],
    chunks: Sequence[Sequence[Mapping[str, str]]],
    calls: int,
) -> Search:
    searchinfo = {
        "args": list(words),
        "raw_args": list(words),
        "dispatch_dir": "/tmp",
        "sid": "1700000000.1",
        "app": "search",
        "owner": "admin",
        "username": "admin",
        "session_key": "key",
        "splunkd_uri": "https://127.0.0.1:8089",
        "splunk_version": "9.4.0",
        "search": "%7C%20search",
        "earliest_time": "0",
        "latest_time": "0",
        "maxresultrows": 50,
    }
    _send(to, {"action": "getinfo", "preview": False, "searchinfo": searchinfo})
    found = Search(_receive(answers)[0])
    if "error" in found.info:
        return found
    if found.info.get("generating"):
        chunks = [()] * calls
    for number, chunk in enumerate(chunks, 1):
        finished = number == len(chunks) or bool(found.info.get("generating"))
        _send(to, {"action": "execute", "finished": finished}, chunk)
        metadata, records = _receive(answers)
        found.answers.append(metadata)
        found.records += records
        if metadata.get("finished"):
            return found
    return found


def _send(
    to: IO[bytes], metadata: Mapping[str, Any], records: Sequence[Mapping[str, str]] = ()
) -> None:
    text = io.StringIO()
    if records:
        writer = csv.DictWriter(text, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    told, body = json.dumps(metadata).encode(), text.getvalue().encode()
    to.write(f"chunked 1.0,{len(told)},{len(body)}\n".encode() + told + body)
    to.flush()


def _receive(answers: IO[bytes]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    header = answers.readline().decode()
    kind, length, size = header.rstrip("\n").split(",")
    assert kind == "chunked 1.0"
    metadata: dict[str, Any] = json.loads(answers.read(int(length)))
    body = answers.read(int(size)).decode()
    return metadata, list(csv.DictReader(io.StringIO(body, newline="")))
