"""Environments named by a URL: from real servers on loopback, by each program that can fetch."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.shell.conftest import Runner
from tests.shell.environments import Environment, Files
from tests.shell.test_cache import wait_for
from tests.support import http, tls
from tests.support.http import Server
from tests.support.needs import need

COMMON: Files = {f"lib/common{n:02}": os.urandom(60_000) for n in range(12)}
ONE, TWO = (Environment({**COMMON, "share/own": own}) for own in (b"one", b"two"))
PARTS = len(ONE.members()) - 1
NEW = len(set(TWO.members()) - set(ONE.members())) - 1

dash = pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
each_tool = pytest.mark.parametrize("tool", ["curl", "wget", "busybox"], indirect=True)


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with http.serve(folder) as server:
        yield server


@pytest.fixture
def tool(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "curl")


@pytest.fixture
def client(runner: Runner, tool: str, tmp_path: Path) -> Runner:
    """A machine with one program that can fetch, where nobody sleeps for long."""
    added = tmp_path / "added"
    added.mkdir()
    program = need(tool)
    (added / ("curl" if tool == "curl" else "wget")).symlink_to(program)
    # Not the runner's own: how long it waits between two requests is nothing to wait for here.
    (added / "sleep").write_text(f"#!/bin/sh\nexec {need('sleep')} 0.02\n")
    (added / "sleep").chmod(0o755)
    return runner.with_env(PATH=f"{added}:{runner.tools}")


def pinned(server: Server, name: str) -> str:
    digest = hashlib.sha256((server.folder / name).read_bytes()).hexdigest()
    return f"{server.url}/{name}#sha256={digest}"


def fetched(server: Server) -> list[str]:
    """The paths that were asked for since the last call."""
    paths = [request.path for request in server.requests]
    server.requests.clear()
    return paths


def begin(client: Runner, url: str, one: Environment) -> None:
    """Start in the environment of a URL, without a word."""
    assert client.output("-e", url, "show") == f"{client.cache / one.id}\n"


def refusal(client: Runner, *words: str) -> str:
    """The line that a start fails with, after which nothing is left."""
    done = client.run(*words, "show")
    assert (done.returncode, done.stdout) == (3, ""), done
    assert re.fullmatch(r"python_package_run: .*\n", done.stderr), done.stderr
    assert not client.cache.exists() or os.listdir(client.cache) == []
    return done.stderr


def test_layers_folder__second_environment__fetches_only_what_is_new(
    client: Runner, server: Server
) -> None:
    begin(client, pinned(server, "one.json"), ONE)
    assert len(fetched(server)) == 1 + PARTS
    begin(client, pinned(server, "two.json"), TWO)
    assert len(fetched(server)) == 1 + NEW
    bare = client.with_env(PATH="/nonexistent")
    for name, one in (("one.json", ONE), ("two.json", TWO)):
        begin(bare, pinned(server, name), one)
    assert fetched(server) == []
    left = {path.name.partition(".")[0] for path in client.cache.iterdir()}
    assert left == {ONE.id, TWO.id, "parts", "source"}
    assert client.output("--cache", "clean") == ""
    assert os.listdir(client.cache) == []


@dash
@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("curl", "one.tar.gz"),
        ("wget", "one.json"),
        ("wget2", "one.json"),  # some distributions call it wget
        ("busybox", "one.json"),
    ],
    indirect=["tool"],
)
def test_each_tool__each_form__is_fetched_once(client: Runner, server: Server, name: str) -> None:
    begin(client, pinned(server, name), ONE)
    assert len(fetched(server)) == (1 + PARTS if name == "one.json" else 1)
    begin(client, pinned(server, name), ONE)
    assert fetched(server) == []


FAULTS = {
    "503": lambda: http.status_at_first(503),
    "429": lambda: http.status_at_first(429),
    "later": lambda: at_first(later("7")),
    "silent": lambda: at_first(http.no_answer()),
    "cut": lambda: at_first(http.half()),
}


def later(seconds: str) -> http.Fault:
    """Too many requests: come again later."""
    return lambda request, answer: http.Answer(429, {"Retry-After": seconds})


def at_first(fault: http.Fault) -> http.Fault:
    """A fault in the first answer for each path."""
    known: set[str] = set()

    def change(request: http.Request, answer: http.Answer) -> http.Answer:
        if request.path in known:
            return answer
        known.add(request.path)
        return fault(request, answer)

    return change


@dash
@pytest.mark.parametrize(
    ("tool", "fault"),
    [("curl", fault) for fault in FAULTS]
    + [(tool, fault) for tool in ("wget", "wget2", "busybox") for fault in ("503", "cut")],
    indirect=["tool"],
)
def test_each_tool__first_answers_fail__asks_again(
    client: Runner, server: Server, fault: str
) -> None:
    server.on("*", FAULTS[fault]())
    begin(client, pinned(server, "one.json"), ONE)
    assert set(Counter(fetched(server)).values()) <= {2, 3}


@dash
@each_tool
def test_archive__broken_off__goes_on_where_it_was(client: Runner, server: Server) -> None:
    server.on("/one.tar.gz", at_first(http.half()))
    begin(client, pinned(server, "one.tar.gz"), ONE)
    half = (server.folder / "one.tar.gz").stat().st_size // 2
    assert [request.range for request in server.requests] == ["", f"bytes={half}-"]


@dash
@pytest.mark.parametrize(
    ("tool", "missing"),
    [
        ("curl", "one.json"),
        *((tool, "parts/*") for tool in ("curl", "wget", "wget2", "busybox")),
    ],
    indirect=["tool"],
)
def test_each_tool__not_found__is_told_at_once(
    client: Runner, server: Server, missing: str
) -> None:
    server.on(f"/{missing}", http.status(404))
    line = refusal(client, "-e", pinned(server, "one.json"))
    assert f"{server.url}/one.json cannot be fetched: " in line
    assert "the server says 404" in line
    assert max(Counter(fetched(server)).values()) == 1


@dash
def test_server__fails_always__is_asked_five_times(client: Runner, server: Server) -> None:
    server.on("/one.json", http.status(503))
    assert "the server says 503" in refusal(client, "-e", pinned(server, "one.json"))
    assert len(fetched(server)) == 5


@dash
@pytest.mark.parametrize(
    ("tool", "seconds", "waited"),
    [("curl", "7", 7), ("wget", "60", 60), ("curl", "Wed, 21 Oct 2026 07:28:00 GMT", 0)],
    indirect=["tool"],
)
def test_server__says_when_to_come_again__is_asked_then(
    client: Runner, server: Server, tmp_path: Path, seconds: str, waited: int
) -> None:
    (tmp_path / "added/sleep").write_text(f'#!/bin/sh\necho "$1" >>{tmp_path}/slept\n')
    server.on("/one.json", later(seconds), times=1)
    begin(client, pinned(server, "one.json"), ONE)
    assert fetched(server).count("/one.json") == 2
    slept = sum(float(line) for line in (tmp_path / "slept").read_text().split() if line != "2")
    assert waited <= slept <= waited + 1


@dash
def test_server__says_to_come_much_later__is_not_asked_again(
    client: Runner, server: Server
) -> None:
    server.on("/one.json", later("3600"))
    said = refusal(client, "-e", pinned(server, "one.json"))
    assert "429, and to ask again in 3600 seconds" in said
    assert len(fetched(server)) == 1


@pytest.fixture
def endless() -> Iterator[tuple[str, Callable[[bytes], None]]]:
    """The URL of a server that sends for ever, and what says how that is to begin."""
    beginning = b""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(beginning)
                while True:
                    self.wfile.write(bytes(1 << 20))

        def log_message(self, *words: object) -> None:
            pass

    def begin_with(content: bytes) -> None:
        nonlocal beginning
        beginning = content

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/one", begin_with
    server.shutdown()
    server.server_close()


@dash
@pytest.mark.parametrize(
    ("tool", "form", "said"),
    [
        *((tool, "nothing", "is not an archive") for tool in ("curl", "wget", "wget2", "busybox")),
        ("curl", "layers", "more than"),
        ("curl", "archive", "more than"),
    ],
    indirect=["tool"],
)
def test_server__never_ends__no_more_is_written_than_can_be_right(
    client: Runner,
    folder: Path,
    endless: tuple[str, Callable[[bytes], None]],
    form: str,
    said: str,
) -> None:
    url, begin_with = endless
    names = {"layers": "one.json", "archive": "one.tar.gz"}
    begin_with((folder / names[form]).read_bytes() if form in names else b"")
    process = client.start("-e", f"{url}#sha256={'0' * 64}", "show")
    largest, end = 0, time.monotonic() + 60
    while process.poll() is None:
        assert time.monotonic() < end
        for path in client.cache.glob("*/fetched"):
            with suppress(OSError):
                largest = max(largest, path.stat().st_size)
        time.sleep(0.005)
    output, errors = process.communicate()
    assert (process.returncode, output, errors.count("\n")) == (3, "", 1), errors
    assert said in errors
    assert largest < 20_000_000
    assert os.listdir(client.cache) == []


@dash
def test_archive__larger_than_what_is_read_at_first__is_fetched(
    client: Runner, tmp_path: Path
) -> None:
    (tmp_path / "large").mkdir()
    large = Environment({f"share/data{n}": os.urandom(2_000_000) for n in range(9)})
    large.pack(tmp_path / "large/one.tar.gz")
    with http.serve(tmp_path / "large") as server:
        begin(client, pinned(server, "one.tar.gz"), large)
        assert [request.range for request in server.requests] == ["", "bytes=16809984-"]


@dash
@pytest.mark.parametrize("wrong", ["one.json", "one.tar.gz", "parts/*"])
def test_wrong_bytes__are_refused(client: Runner, server: Server, wrong: str) -> None:
    server.on(f"/{wrong}", http.wrong_bytes())
    name = "one.json" if wrong == "parts/*" else wrong
    assert "another digest" in refusal(client, "-e", pinned(server, name))
    assert max(Counter(fetched(server)).values()) == 1


def longer(request: http.Request, answer: http.Answer) -> http.Answer:
    answer.body = (answer.body or b"") + bytes(5_000_000)
    return answer


@dash
@each_tool
def test_each_tool__part_that_is_longer__is_not_read_to_its_end(
    client: Runner, server: Server
) -> None:
    server.on("/parts/*", longer)
    assert "more than there should be" in refusal(client, "-e", pinned(server, "one.json"))


@dash
@each_tool
def test_each_tool__redirected__follows_but_not_for_ever(client: Runner, server: Server) -> None:
    url = pinned(server, "one.json").replace("one.json", "moved.json")
    server.on("/moved.json", http.redirect("/one.json"))
    begin(client, url, ONE)
    server.behave()
    server.on("*", http.redirect("/round"))
    shutil.rmtree(client.cache)
    refusal(client, "-e", url)
    assert len(fetched(server)) <= 5 * 7


@dash
@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("", "by http, anybody on the network"),
        ("#sha256=", "not sha256= and the 64 digits"),
        ("#sha256=12ab", "not sha256= and the 64 digits"),
        (f"#sha256={'A' * 64}", "not sha256= and the 64 digits"),
        ("/a b", "not a URL"),
        ('"', "not a URL"),
    ],
)
def test_url__that_is_not_safe__exits_1_and_shows_no_secret(
    client: Runner, end: str, said: str
) -> None:
    done = client.run("-e", f"http://user:s3cret@127.0.0.1:9/one.json?token=s3cret{end}", "true")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "s3cret" not in done.stderr


@dash
def test_machine__with_nothing_that_fetches__exits_3(runner: Runner, server: Server) -> None:
    done = runner.run("-e", pinned(server, "one.json"), "true")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "needs curl or wget" in done.stderr


def processes() -> dict[int, str]:
    """The command lines of all processes."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("machine", "tool"),
    [("dash-gnu", "curl"), ("dash-gnu", "wget"), ("mksh-gnu", "curl")],
    indirect=True,
)
def test_password_and_token__are_in_no_command_line_but_the_users_own(
    client: Runner, server: Server, tool: str
) -> None:
    server.on("*", http.login("user", "s3cret"))
    server.on("*", http.slow(0.1))
    url = pinned(server, "one.json").replace("://", "://user:s3cret@").replace("#", "?t=t0ken#")
    process = client.start("-d", "-e", url, "show")
    seen: dict[int, str] = {}
    while process.poll() is None:
        seen.update(processes())
        time.sleep(0.02)
    output, errors = process.communicate()
    assert output == f"{client.cache / ONE.id}\n"
    others = [words for words in seen.values() if "python_package_run" not in words]
    assert any(f"{tool} " in words and "max-redir" in words for words in others)
    assert not [words for words in others if "s3cret" in words or "t0ken" in words]
    assert not re.search("s3cret|t0ken", errors)
    server.on("/parts/*", http.status(403))
    shutil.rmtree(client.cache)
    assert not re.search("s3cret|t0ken", refusal(client, "-e", url))


@dash
@pytest.mark.parametrize("tool", ["busybox"], indirect=True)
def test_password__busybox_would_show_it__is_refused(client: Runner, server: Server) -> None:
    url = pinned(server, "one.json")
    for secret in (url.replace("://", "://user:s3cret@"), url.replace("#", "?t=s3cret#")):
        assert "would show its password" in refusal(client, "-e", secret)
    assert fetched(server) == []


@dash
def test_netrc__has_the_password__is_heeded(client: Runner, server: Server) -> None:
    server.on("*", http.login("user", "s3cret"))
    netrc = Path(client.env["HOME"], ".netrc")
    netrc.write_text("machine 127.0.0.1 login user password s3cret\n")
    netrc.chmod(0o600)
    begin(client, pinned(server, "one.json"), ONE)


@pytest.fixture
def certificates(tmp_path: Path) -> tls.Certificates:
    need("openssl")
    return tls.make(tmp_path)


def trusting(client: Runner, certificates: tls.Certificates) -> Runner:
    settings = certificates.authority.with_name("wgetrc")
    settings.write_text(f"ca_certificate = {certificates.authority}\n")
    return client.with_env(CURL_CA_BUNDLE=str(certificates.authority), WGETRC=str(settings))


@dash
@pytest.mark.parametrize(
    ("tool", "name"),
    [("curl", "one.json"), ("curl", "one.tar.gz"), ("wget", "one.json")],
    indirect=["tool"],
)
def test_https__without_digest__is_asked_each_time_for_what_it_names(
    client: Runner, folder: Path, tmp_path: Path, certificates: tls.Certificates, name: str
) -> None:
    site = tmp_path / "site"
    shutil.copytree(folder, site)
    with http.serve(site, certificates.server) as server:
        url = f"{server.url}/{name}"
        assert "certificate" in refusal(client, "-e", url)
        client = trusting(client, certificates)
        begin(client, url, ONE)
        fetched(server)
        begin(client, url, ONE)
        assert fetched(server) == [f"/{name}"]
        os.replace(site / name.replace("one", "two"), site / name)
        begin(client, url, TWO)


@dash
@each_tool
def test_https__redirected_to_http__needs_a_digest(
    client: Runner, server: Server, certificates: tls.Certificates, tool: str
) -> None:
    client = trusting(client, certificates)
    with http.serve(server.folder, certificates.server) as secure:
        secure.on("/one.tar.gz", http.redirect(f"{server.url}/one.tar.gz"))
        refusal(client, "-e", f"{secure.url}/one.tar.gz")
        assert fetched(server) == []
        if tool != "busybox":  # not each of them knows https:
            begin(client, pinned(server, "one.tar.gz").replace(server.url, secure.url), ONE)


@dash
def test_starters__ten_at_once__each_file_is_fetched_once(client: Runner, server: Server) -> None:
    server.on("/parts/*", http.slow(0.2))
    url = pinned(server, "one.json")
    started = [client.start("-e", url, "show") for _ in range(10)]
    ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
    assert ended == [(f"{client.cache / ONE.id}\n", "", 0)] * 10
    assert set(Counter(fetched(server)).values()) == {1}


@dash
@pytest.mark.parametrize("name", ["one.json", "one.tar.gz"])
def test_starter__killed_at_any_moment__the_next_one_is_right(
    client: Runner, server: Server, name: str
) -> None:
    server.on("*", http.slow(0.1))
    url = pinned(server, name)
    chance = random.Random(name)
    for _ in range(4):
        process = client.start("-e", url, "show")
        time.sleep(chance.uniform(0.03, 0.4))
        process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
        process.communicate()
    begin(client, url, ONE)
    begin(client, url, ONE)
    left = {path.name.partition(".")[0] for path in client.cache.iterdir()}
    assert left == {ONE.id, "parts", "source"}


@dash
def test_starter__killed__what_fetches_for_it_ends(client: Runner, server: Server) -> None:
    server.on("*", http.slow(20))
    process = client.start("-e", pinned(server, "one.tar.gz"), "show")
    wait_for(lambda: [words for words in processes().values() if str(client.cache) in words])
    process.kill()
    process.communicate()
    wait_for(lambda: not [words for words in processes().values() if str(client.cache) in words])


@dash
@pytest.mark.parametrize("option", ["--no-cache", "-u"])
@pytest.mark.parametrize("name", ["one.json", "one.tar.gz"])
def test_private_copy__by_url__is_made(
    client: Runner, server: Server, option: str, name: str
) -> None:
    options = [option] if option != "-u" else ["-u", "place"]
    said = client.output(*options, "-e", pinned(server, name), "show")
    assert ("/place" if option == "-u" else "/once.") in said
    if option == "-u":
        fetched(server)
        assert client.output(*options, "-e", pinned(server, name), "show") == said
        assert fetched(server) == []
    else:
        assert not list(client.cache.glob("once.*"))


@dash
def test_foreign_file__by_url__is_refused_by_its_url(client: Runner, server: Server) -> None:
    (server.folder / "other.json").write_text('{\n "python": "3.11.7"\n}\n')
    line = refusal(client, "-e", pinned(server, "other.json"))
    assert f"{server.url}/other.json is not an archive" in line
