"""Environments named by a URL, from the web servers that people have: nginx and busybox's httpd."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import socketserver
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.shell.conftest import Runner
from tests.shell.environments import Environment
from tests.shell.test_cache import wait_for
from tests.support import http
from tests.support.needs import need

ONE, TWO = (
    Environment({**{f"lib/common{n}": os.urandom(60_000) for n in range(3)}, "share/own": own})
    for own in (b"one", b"two")
)
TOOLS = ["curl", "wget", "wget2", "busybox"]

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)]

# Each folder of the server has another fault, and then the same files.
NGINX = """
daemon off; master_process off; pid nginx.pid; error_log /dev/null;
events {{}}
http {{
    default_type application/octet-stream; client_body_temp_path .; keepalive_requests 2;
    proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
    log_format one "$status $uri"; access_log asked one;
    limit_req_zone $uri zone=uris:1m rate=1r/m;
    server {{
        listen 127.0.0.1:{port}; root .;
        location /slow/ {{ limit_rate 300k; }}
        location /chunked/ {{ sub_filter nothing nothing; sub_filter_types *; }}
        location /zipped/ {{ gzip on; gzip_types *; gzip_min_length 1; }}
        location /moved/ {{ rewrite ^/moved/(.*) /slow/$1 redirect; }}
        location /later/ {{  # the first time, before the limit, there is no such folder
            limit_req zone=uris; limit_req_dry_run on;
            add_header Retry-After 1 always; try_files /$limit_req_status$uri =429;
        }}
        location /cut/ {{ proxy_pass {behind}/; }}
        location /begun/ {{ proxy_pass {behind}/; proxy_set_header Range ""; }}
        location /gone/parts/ {{ return 404; }}
        location /many/parts/ {{ return 429; }}
        location /busy/ {{ return 503; }}
        location /shut/parts/ {{ return 444; }}  # it ends the connection without a word
        location /page/ {{ return 200 "<html>Please log in.</html>"; }}
        location /other/parts/ {{ return 200 "something else"; }}
    }}
}}
"""
RIGHT = {
    "plain": "one.json",
    "slow": "two.tar.gz",
    "chunked": "one.json",
    "zipped": "one.json",
    "moved": "one.json",
    "later": "one.json",
    "cut": "two.tar.gz",
    "begun": "two.tar.gz",
}
WRONG = {
    "gone": ("the server says 404", "404", 1),
    "many": ("the server says 429", "429", 5),
    "busy": ("the server says 503", "503", 5),
    "shut": ("", "444", 5),
    "page": ("another digest", "200", 1),
    "other": ("another digest", "200", 1),
}


@pytest.fixture(params=TOOLS)
def client(request: pytest.FixtureRequest, runner: Runner, tmp_path: Path) -> Runner:
    """A machine with one program that can fetch, where nobody sleeps for long."""
    added = tmp_path / "added"
    added.mkdir()
    (added / ("curl" if request.param == "curl" else "wget")).symlink_to(need(request.param))
    # Not the runner's own: how long it waits between two requests is nothing to wait for here.
    (added / "sleep").write_text(f"#!/bin/sh\nexec {need('sleep')} 0.02\n")
    (added / "sleep").chmod(0o755)
    return runner.with_env(PATH=f"{added}:{runner.tools}")


@contextmanager
def listening(command: Callable[[int], list[str]]) -> Iterator[str]:
    """The URL of a server that a command starts, given a port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers() -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(answers)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(folder: Path, place: Path) -> Iterator[str]:
    """The URL of nginx, with all of its faults."""
    program = need("nginx")
    for name in (*RIGHT, *WRONG):
        (place / name).symlink_to(folder)
    (place / "REJECTED_DRY_RUN").mkdir()
    (place / "REJECTED_DRY_RUN/later").symlink_to(folder)
    cut: set[str] = set()

    def half_at_first(request: http.Request, answer: http.Answer) -> http.Answer:
        if request.path not in cut:
            cut.add(request.path)
            return http.half()(request, answer)
        return answer

    with http.serve(folder) as behind:
        behind.on("*", half_at_first)

        def command(port: int) -> list[str]:
            (place / "nginx.conf").write_text(NGINX.format(port=port, behind=behind.url))
            return [program, "-p", str(place), "-c", "nginx.conf"]

        with listening(command) as url:
            yield url


def pinned(url: str, file: Path) -> str:
    return f"{url}/{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}"


def test_nginx__slow_or_with_faults_that_pass__is_fetched_from(
    client: Runner, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "nginx").mkdir()
    with nginx(folder, tmp_path / "nginx") as url:
        for name, file in RIGHT.items():
            one = ONE if file == "one.json" else TWO
            start = client.output("-e", pinned(f"{url}/{name}", folder / file), "show")
            assert start == f"{client.cache / one.id}\n", name
            assert client.output("--cache", "clean") == ""


def test_nginx__faults_that_stay__are_told_in_a_line(
    client: Runner, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "nginx").mkdir()
    with nginx(folder, tmp_path / "nginx") as url:
        for name, (said, status, times) in WRONG.items():
            (tmp_path / "nginx/asked").write_text("")
            assert said in refusal(client, pinned(f"{url}/{name}", folder / "one.json")), name
            asked = Counter((tmp_path / "nginx/asked").read_text().splitlines())
            assert max(n for line, n in asked.items() if line.startswith(status)) == times, name


def test_busybox_httpd__faults__pass_or_are_told_in_a_line(
    client: Runner, folder: Path, tmp_path: Path
) -> None:
    busybox = need("busybox")
    served = tmp_path / "httpd"
    shutil.copytree(folder, served / "lacking", ignore=shutil.ignore_patterns("parts"))
    shutil.copytree(folder, served / "other")
    for path in (served / "other/parts").iterdir():
        path.write_bytes(path.read_bytes()[::-1])
    (served / "right").symlink_to(folder)
    plain = [busybox, "httpd", "-f", "-h", str(served), "-p"]
    with listening(lambda port: [*plain, f"127.0.0.1:{port}"]) as url:
        for name, said in (("lacking", "the server says 404"), ("other", "another digest")):
            assert said in refusal(client, pinned(f"{url}/{name}", folder / "one.json"))
        start = client.output("-e", pinned(f"{url}/right", folder / "one.json"), "show")
        assert start == f"{client.cache / ONE.id}\n"


@pytest.mark.parametrize("client", ["curl", "wget", "busybox"], indirect=True)
def test_busybox_httpd__breaks_off__goes_on_where_it_was(client: Runner, folder: Path) -> None:
    command = [need("busybox"), "httpd", "-i", "-h", str(folder)]
    asked: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        """httpd as inetd starts it, with a fault for each of the first requests."""

        def handle(self) -> None:
            request = self.request.recv(65536)
            asked.append(request)
            done = subprocess.run(command, input=request, stdout=subprocess.PIPE)
            answers = [b"", b"HTTP/1.0 503 Busy\r\n\r\n", done.stdout[:30_000], done.stdout]
            self.wfile.write(answers[min(len(asked), 4) - 1])

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        start = client.output("-e", pinned(url, folder / "two.tar.gz"), "show")
        server.shutdown()
    assert start == f"{client.cache / TWO.id}\n"
    assert [b"\r\nrange: bytes=" in one.lower() for one in asked] == [False] * 3 + [True]


def refusal(client: Runner, url: str) -> str:
    """The line that a start fails with, after which nothing is left."""
    done = client.run("-e", url, "show")
    assert (done.returncode, done.stdout) == (3, ""), done
    assert re.fullmatch(r"python_package_run: .*\n", done.stderr), done.stderr
    assert not client.cache.exists() or os.listdir(client.cache) == []
    return done.stderr
