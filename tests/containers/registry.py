"""Debian's docker-registry on loopback, which tells what it was asked."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.support.needs import need

_CONFIGURATION = """\
version: 0.1
log:
  accesslog: {{disabled: true}}
  formatter: json
  level: info
storage:
  filesystem: {{rootdirectory: {folder}/storage}}
http: {{addr: '127.0.0.1:{port}'}}
"""
_PATIENCE = 20.0  # seconds until it answers


@dataclass(frozen=True)
class Registry:
    """A registry.

    Attributes:
        address: `127.0.0.1:PORT`.
        home: A home folder with settings by which skopeo talks to it without TLS.
        log: What it writes, a JSON object a line.
    """

    address: str
    home: Path
    log: Path

    def uploads(self) -> set[str]:
        """The digests of all blobs that were uploaded to it so far."""
        found = set()
        for line in self.log.read_text().splitlines():
            told = json.loads(line) if line.startswith("{") else {}
            uri = told.get("http.request.uri", "")
            if told.get("http.request.method") == "PUT" and "/blobs/uploads/" in uri:
                named = re.search(r"digest=sha256(?:%3A|:)([0-9a-f]{64})", uri)
                assert named, uri
                found.add(f"sha256:{named[1]}")
        return found


@contextmanager
def running(folder: Path) -> Iterator[Registry]:
    """A registry for as long as the block lasts; its files are in an empty folder."""
    program = need("docker-registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"127.0.0.1:{port}"
    (folder / "config.yml").write_text(_CONFIGURATION.format(folder=folder, port=port))
    settings = folder / "home/.config/containers"
    settings.mkdir(parents=True)
    (settings / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{address}"\ninsecure = true\n'
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", folder / "config.yml"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(address, process)
        yield Registry(address, folder / "home", folder / "log")
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urlopen(f"http://{address}/v2/", timeout=5):
                return
        except OSError:
            assert process.poll() is None, "the registry has ended"
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.1)
