"""Prints what a program may expect of the worker: run with a folder of certificates and wheels."""

from __future__ import annotations

import ctypes
import curses
import multiprocessing
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request
import zoneinfo
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answers without a word on stderr."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def https(folder: Path) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"https://127.0.0.1:{server.server_port}/") as answer:
        return int(answer.status)


def database() -> object:
    connection = sqlite3.connect(":memory:")
    return connection.execute("select upper('abc'), json_extract('[7]', '$[0]')").fetchone()


def spawned() -> int:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return sum(pool.map(abs, [-1, -2, -3]))


def terminal() -> int:
    curses.setupterm("xterm", 1)
    return curses.tigetnum("colors")


def zone() -> float:
    paris = datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    return paris.utcoffset().seconds  # type: ignore[union-attr]


def venv(wheels: Path) -> str:
    """A virtual environment, by the environment's pip: not each interpreter has one to give."""
    with tempfile.TemporaryDirectory() as folder:
        python = f"{folder}/v/bin/python"
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index"]
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", f"{folder}/v"], check=True)
        subprocess.run([*pip, "-f", wheels, "said"], check=True)
        code = "import said, sys; print(sys.prefix != sys.base_prefix)"
        done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
        return done.stdout.strip()


def main(folder: Path) -> None:
    checks: dict[str, Callable[[], object]] = {
        "https": lambda: https(folder),
        "sqlite": database,
        "spawn": spawned,
        "ctypes": lambda: ctypes.CDLL(None).abs(-5),
        "curses": terminal,
        "zone": zone,
        "venv": lambda: venv(folder),
    }
    for name, check in checks.items():
        try:
            print(name, check())
        except Exception as error:
            print(name, "fails:", type(error).__name__, error)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
