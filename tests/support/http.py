"""A web server on loopback that serves a folder, and misbehaves on request.

with serve(folder) as server:
    server.on("*/repodata.json.zst", status(503), times=2)
    ...  # use server.url; server.requests lists the requests
"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

AT_ONCE = 16
"""How many requests are answered at a time; others wait."""

PATIENCE = 10.0
"""Seconds after which an idle connection is dropped."""


@dataclass(frozen=True)
class Request:
    """A client's request; `authorization` and `range` are the values of those headers."""

    method: str
    path: str
    authorization: str = ""
    range: str = ""


@dataclass
class Answer:
    """The response about to be sent; a fault changes it, or says how it fails.

    Attributes:
        body: What follows the headers; None sends nothing at all, not even a status.
        cut: Send only this many bytes of the body, with the Content-Length of all of it.
        pause: Seconds between pieces of the body.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    cut: int | None = None
    pause: float = 0.0


Fault = Callable[[Request, Answer], Answer]


def status(code: int) -> Fault:
    """Answer with a status and no content."""
    return lambda request, answer: Answer(code)


def status_at_first(code: int) -> Fault:
    """Answer the first request for each path with a status and no content."""
    known: set[str] = set()

    def change(request: Request, answer: Answer) -> Answer:
        if request.path in known:
            return answer
        known.add(request.path)
        return Answer(code)

    return change


def no_answer() -> Fault:
    """Close the connection without a response."""
    return lambda request, answer: Answer(0, body=None)


def half() -> Fault:
    """Send the Content-Length of the whole body, but only half of it, and close."""

    def change(request: Request, answer: Answer) -> Answer:
        answer.cut = len(answer.body or b"") // 2
        return answer

    return change


def wrong_bytes() -> Fault:
    """Send the right number of bytes, but wrong ones."""

    def change(request: Request, answer: Answer) -> Answer:
        answer.body = bytes(byte ^ 0x55 for byte in answer.body or b"")
        return answer

    return change


def slow(seconds: float) -> Fault:
    """Take about this long to send the body."""

    def change(request: Request, answer: Answer) -> Answer:
        answer.pause = seconds / _PIECES
        return answer

    return change


def redirect(location: str, code: int = 302) -> Fault:
    """Send the client to another URL (or path on this server)."""
    return lambda request, answer: Answer(code, {"Location": location})


def login(user: str, password: str) -> Fault:
    """Answer only requests with this name and password (basic authentication)."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    refusal = Answer(401, {"WWW-Authenticate": 'Basic realm="tests"'})
    return lambda request, answer: answer if request.authorization == wanted else refusal


@dataclass
class _Rule:
    pattern: str
    fault: Fault
    left: int | None


class Server:
    """The running server.

    Attributes:
        url: Its address, without a trailing slash.
        requests: All requests so far, in order.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def on(self, pattern: str, fault: Fault, times: int | None = None) -> None:
        """Misbehave for paths that match a pattern (`/noarch/*`), always or a number of times."""
        with self._lock:
            self._rules.append(_Rule(pattern, fault, times))

    def behave(self) -> None:
        """Forget all rules added by `on`, and the requests so far."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def answer(self, request: Request) -> Answer:
        """What to send; called by the server's threads."""
        answer = _file(self.folder, request)
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.left != 0 and fnmatch(request.path, rule.pattern):
                    rule.left = None if rule.left is None else rule.left - 1
                    answer = rule.fault(request, answer)
        return answer


@contextmanager
def serve(folder: Path, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve a folder on a free port of 127.0.0.1 for as long as the context lasts.

    Args:
        folder: The folder to serve.
        tls: Serve over HTTPS with this (see `tests.support.tls`).
    """
    listener = _Listener(("127.0.0.1", 0), _Handler)
    scheme = "https" if tls else "http"
    if tls:  # the thread that answers does the handshake
        listener.socket = tls.wrap_socket(
            listener.socket, server_side=True, do_handshake_on_connect=False
        )
    server = Server(folder, f"{scheme}://127.0.0.1:{listener.server_address[1]}")
    listener.site = server
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        listener.shutdown()
        listener.hang_up()
        listener.server_close()
        thread.join()


class _Listener(ThreadingHTTPServer):
    """Accepts connections, and answers `AT_ONCE` at a time."""

    # Open connections are closed before the threads are joined, so that shutdown is quick.
    daemon_threads = False
    request_queue_size = 128
    site: Server

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def process_request_thread(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.add(request)
        try:
            with self._places:
                if self.site.closing.is_set():
                    self.shutdown_request(request)
                    return
                super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.discard(request)

    def hang_up(self) -> None:
        """Close all connections that are still open."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def _reply(self) -> None:
        path = unquote(urlsplit(self.path).path)
        request = Request(
            self.command,
            path,
            self.headers.get("Authorization", ""),
            self.headers.get("Range", ""),
        )
        answer = self.server.site.answer(request)
        if answer.body is None:
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send(answer.body if answer.cut is None else answer.body[: answer.cut], answer)

    def _send(self, body: bytes, answer: Answer) -> None:
        if not answer.pause:
            self.wfile.write(body)
            return
        size = max(1, -(-len(body) // _PIECES))
        for start in range(0, len(body), size):
            if self.server.site.closing.wait(answer.pause):
                return
            self.wfile.write(body[start : start + size])

    def log_message(self, *args: object) -> None:
        """Print nothing: `Server.requests` has everything."""


_PIECES = 10


def _file(folder: Path, request: Request) -> Answer:
    """The normal answer: the file, or the range of it that was requested."""
    path = (folder / request.path.lstrip("/")).resolve()
    path = path / "index.html" if request.path.endswith("/") else path
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        return Answer(404)
    body = path.read_bytes()
    page = path.suffix == ".html"
    headers = {
        "Content-Type": "text/html" if page else "application/octet-stream",
        "Accept-Ranges": "bytes",
        "ETag": f'"{path.stat().st_mtime_ns:x}-{len(body):x}"',
        "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True),
    }
    return _part(body, request.range, headers) if request.range else Answer(200, headers, body)


def _part(body: bytes, wanted: str, headers: dict[str, str]) -> Answer:
    """One range of bytes (`bytes=2-5`, `bytes=2-`, `bytes=-3`)."""
    unit, _, span = wanted.partition("=")
    first, dash, last = span.partition("-")
    numbers = all(not n or n.isdigit() for n in (first, last)) and (first or last)
    if unit.strip() != "bytes" or not dash or not numbers:
        return Answer(200, headers, body)  # not understood, so ignored, as the RFC requires
    start = int(first) if first else max(0, len(body) - int(last))
    stop = min(len(body), int(last) + 1) if first and last else len(body)
    if start >= stop:
        return Answer(416, {"Content-Range": f"bytes */{len(body)}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return Answer(206, headers, body[start:stop])
