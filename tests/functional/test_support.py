"""The test ground itself: what it makes is what it says, to the tools that will meet it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import rattler
from rattler.exceptions import GatewayError, InstallerError, SolverError

from tests.support import channels, http
from tests.support.channels import Channel, Form
from tests.support.http import Server
from tests.support.needs import missing
from tests.support.packages import PLACEHOLDER
from tests.support.tools import Tools
from tests.support.worker import WORKERS, Bind, NoWorkerError, Worker, ensure_bare, make

# Of folders, rattler reads the plain form alone.
WAYS = [("folder", "plain"), ("file", "plain")]
_FILES = {
    "plain": "repodata.json",
    "zst": "repodata.json.zst",
    "sharded": "repodata_shards.msgpack.zst",
}
WAYS += [("http", form) for form in _FILES]


def solve(source: str, specs: Sequence[str], cache: Path) -> list[Any]:
    """Solve with fresh repodata and this machine's virtual packages."""
    gateway = rattler.Gateway(cache_dir=cache)
    detected = rattler.VirtualPackage.detect()
    return asyncio.run(
        rattler.solve([source], list(specs), gateway=gateway, virtual_packages=detected)
    )


def install(records: list[Any], prefix: Path, cache: Path) -> None:
    """Install with link scripts."""
    asyncio.run(
        rattler.install(
            records, prefix, cache_dir=cache, execute_link_scripts=True, show_progress=False
        )
    )


def python_spec(channel: Channel) -> str:
    return f"python={channel.python.version}"


@pytest.fixture(scope="module")
def prefix(
    channel: Channel, session_tools: Tools, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """One environment with the packages of every shape."""
    names = ["greeting", "old-form", "many-files", "prefix-text", "prefix-binary", "hook-posix"]
    names += ["hook-bash", "post-link", "packaging"]
    names += ["numpy"] if channel.has("numpy") else []
    records = solve(channel.url, [python_spec(channel), *names], tmp_path_factory.mktemp("data"))
    made = tmp_path_factory.mktemp("prefix") / "env"
    install(records, made, session_tools.cache / "rattler")
    return made


def run(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, env={}).stdout


# The channel


@pytest.mark.parametrize(("way", "form"), WAYS)
def test_channel__one_form_of_repodata__is_solved(
    channel: Channel, way: str, form: Form, tmp_path: Path
) -> None:
    only = channel.only(form, tmp_path / "channel")
    kept = [path.name for path in (only.folder / "noarch").glob("repodata*")]
    assert kept == [_FILES[form]]
    with only.over_http() as server:
        source = {"folder": str(only.folder), "file": only.url, "http": server.url}[way]
        records = solve(source, ["greeting", python_spec(channel)], tmp_path / "cache")
    found = {record.name.normalized: str(record.version) for record in records}
    assert found["greeting"] == "1.2"
    assert found["python"] == channel.python.version
    assert found["shared-data"] == "1.0"


def test_channel__over_http__is_installed(channel: Channel, tmp_path: Path) -> None:
    records = solve(channel.http_url, ["many-versions", "shared-data"], tmp_path / "cache")
    install(records, tmp_path / "env", tmp_path / "packages")
    assert (tmp_path / "env/share/many-versions").read_text() == "2.0 1\n"
    assert (tmp_path / "env/share/shared-data/table.csv").read_text() == "a,b\n1,2\n"


@pytest.mark.parametrize(
    "specs",
    [["needs-cuda"], ["needs-new-glibc"], ["needs-unknown"], ["either-left", "either-right"]],
)
def test_channel__what_cannot_be__is_refused(
    channel: Channel, specs: list[str], tmp_path: Path
) -> None:
    with pytest.raises(SolverError, match=specs[0]):
        solve(channel.url, specs, tmp_path / "cache")


def test_channel__python_abi__ties_python(channel: Channel, tmp_path: Path) -> None:
    minor, short = channel.python.major_minor, channel.python.major_minor.replace(".", "")
    records = solve(channel.url, ["python", f"python_abi={minor}"], tmp_path / "cache")
    found = {record.name.normalized: record for record in records}
    assert str(found["python"].version) == channel.python.version
    assert found["python"].constrains == [f"python_abi {minor}.* *_cp{short}"]
    assert found["python_abi"].constrains == [f"python {minor}.* *_cpython"]


def test_channel__every_interpreter__has_a_package_that_runs(
    channel: Channel, session_tools: Tools, tmp_path: Path
) -> None:
    for interpreter in channel.interpreters:
        records = solve(channel.url, [f"python={interpreter.version}"], tmp_path / "cache")
        made = tmp_path / interpreter.major_minor
        install(records, made, session_tools.cache / "rattler")
        code = "import platform, sys; print(platform.python_version(), sys.prefix)"
        assert run(made / "bin/python", "-c", code) == f"{interpreter.version} {made}\n"


def test_channel__made_again__is_taken_as_it_is(channel: Channel) -> None:
    before = channel.folder.parent.stat().st_mtime_ns
    assert channels.make(channel.folder.parent).folder == channel.folder
    assert channel.folder.parent.stat().st_mtime_ns == before  # nothing was made and moved


# The packages, installed


def test_prefix__entry_points__run(prefix: Path) -> None:
    assert run(prefix / "bin/greet", "you") == "hello, you\n"
    assert run(prefix / "bin/greet-loud") == f"HELLO {prefix}\n"


def test_prefix__placeholders__are_replaced(prefix: Path) -> None:
    assert (prefix / "etc/prefix-text.conf").read_text() == f"root={prefix}\nlib={prefix}/lib\n"
    assert run(prefix / "bin/prefix-text") == f"{prefix}\n"
    data = (prefix / "lib/prefix-binary.dat").read_bytes()
    assert data.startswith(b"\x7fDATA\0root=" + bytes(prefix) + b"/share\0")
    assert data.endswith(b"\0end\0")
    program = prefix / "bin/where-am-i"
    if program.exists():
        assert run(program) == f"{prefix}/share\n"


def test_prefix__no_file__has_a_placeholder(prefix: Path) -> None:
    files = [p for p in prefix.rglob("*") if p.is_file() and "conda-meta" not in p.parts]
    assert len(files) > 1000
    assert [path for path in files if PLACEHOLDER.encode() in path.read_bytes()] == []


def test_prefix__sysconfig__names_the_prefix(prefix: Path) -> None:
    code = "import sysconfig; print(sysconfig.get_config_var('prefix'))"
    assert run(prefix / "bin/python", "-c", code) == f"{prefix}\n"
    (data,) = (prefix / "lib").glob("python3*/_sysconfigdata_*linux*.py")
    assert str(prefix) in data.read_text()


def test_prefix__post_link_script__was_run(prefix: Path) -> None:
    assert (prefix / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {prefix}\n"


def test_prefix__hooks__lie_where_activation_looks(prefix: Path) -> None:
    hooks = prefix / "etc/conda/activate.d"
    done = subprocess.run(
        ["bash", "-c", f"for hook in {hooks}/*.sh; do . $hook; done; echo $HOOK_POSIX, $HOOK_BASH"],
        env={"CONDA_PREFIX": str(prefix)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (f"on in {prefix}, on in {prefix}\n", "")


def test_prefix__old_form_and_many_files__are_linked(prefix: Path) -> None:
    code = "import old_form, many_files.part249 as last; print(old_form.VALUE, last.NUMBER)"
    assert run(prefix / "bin/python", "-c", code) == "old 249\n"
    (link,) = prefix.glob("lib/python3*/site-packages/old_form-link.py")
    assert link.is_symlink()


def test_prefix__conda_meta__holds_a_record_of_each(prefix: Path) -> None:
    (record,) = (prefix / "conda-meta").glob("greeting-1.2-*.json")
    assert json.loads(record.read_text())["noarch"] == "python"


# The web server


def fetch(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
        content: bytes = answer.read()
        return content


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"0123456789")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "part"),
    [("bytes=2-4", b"234"), ("bytes=7-", b"789"), ("bytes=-3", b"789"), ("lines=1", b"0123456789")],
)
def test_server__range__is_the_part(site: Path, wanted: str, part: bytes) -> None:
    with http.serve(site) as server:
        assert fetch(f"{server.url}/file", Range=wanted) == part
        assert server.requests[-1].range == wanted


def test_server__path_outside_of_the_folder__is_not_found(site: Path) -> None:
    inner = site / "inner"
    inner.mkdir()
    with http.serve(inner) as server, pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(f"{server.url}/%2e%2e/file")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (http.status(503), "503"),
        (http.no_answer(), "without response"),
        (http.half(), "5 bytes read, 5 more expected"),
        (http.login("user", "secret"), "401"),
        (http.redirect("/elsewhere"), "404"),
    ],
)
def test_server__fault__is_what_the_client_meets(site: Path, fault: http.Fault, error: str) -> None:
    with http.serve(site) as server:
        server.on("/fi*", fault, times=1)
        with pytest.raises(Exception, match=error):
            fetch(f"{server.url}/file")
        assert fetch(f"{server.url}/file") == b"0123456789"


def test_server__login__lets_in_who_knows_the_password(site: Path) -> None:
    with http.serve(site) as server:
        server.on("*", http.login("user", "secret"))
        assert fetch(f"{server.url}/file", Authorization="Basic dXNlcjpzZWNyZXQ=") == b"0123456789"


def test_server__redirect_and_wrong_bytes__change_the_content(site: Path) -> None:
    with http.serve(site) as server:
        server.on("/here", http.redirect("/file"))
        assert fetch(f"{server.url}/here") == b"0123456789"
        server.on("/file", http.wrong_bytes())
        assert fetch(f"{server.url}/here") == bytes(byte ^ 0x55 for byte in b"0123456789")


def test_server__slow__outlasts_the_client_and_ends_at_once(site: Path) -> None:
    with http.serve(site) as server:
        server.on("*", http.slow(60))
        begun = time.monotonic()
        answer = urllib.request.urlopen(f"{server.url}/file", timeout=0.2)
        with answer, pytest.raises(TimeoutError):
            answer.read()
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (http.status(500), "500 Internal Server Error"),
        (http.status(404), "404 Not Found"),
        (http.login("user", "secret"), "401 Unauthorized"),
        (http.wrong_bytes(), "failed to decode zstd shard"),
        (http.half(), "end of file before message length reached"),
        (http.no_answer(), "connection closed before message completed"),
    ],
)
def test_server__fault_of_the_repodata__stops_a_real_solve(
    web_server: Server, fault: http.Fault, said: str, tmp_path: Path
) -> None:
    web_server.on("*repodata*", fault)
    with pytest.raises(GatewayError, match=said):
        solve(web_server.url, ["shared-data"], tmp_path / "cache")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (http.status(404), "404 Not Found"),
        (http.wrong_bytes(), "invalid zip archive"),
    ],
)
def test_server__fault_of_a_package__stops_a_real_installation(
    web_server: Server, fault: http.Fault, said: str, tmp_path: Path
) -> None:
    records = solve(web_server.url, ["shared-data"], tmp_path / "cache")
    web_server.on("*.conda", fault)
    with pytest.raises(InstallerError, match=said):
        install(records, tmp_path / "env", tmp_path / "packages")
    assert not (tmp_path / "env/share/shared-data").exists()


# The bare worker


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_worker__plain__has_a_shell_and_no_python(bare_worker: Worker) -> None:
    done = bare_worker.run(["sh", "-c", "id -u; pwd; tar --help >&2 && python3 --version"])
    assert done.stdout.split() == ["1000", "/home/worker"]
    assert done.returncode == 127


def test_worker__status_environment_and_input__pass_through(bare_worker: Worker) -> None:
    done = bare_worker.run(
        ["sh", "-c", 'cat; echo "$GIVEN"; exit 7'], env={"GIVEN": "a b"}, stdin="text\n"
    )
    assert (done.returncode, done.stdout) == (7, "text\na b\n")


def test_worker__network__is_not_there(bare_worker: Worker, site: Path) -> None:
    with http.serve(site) as server:
        knock = ["nc", "-w", "2", "127.0.0.1", server.url.rsplit(":", 1)[1]]
        done = bare_worker.run(knock, stdin="GET / HTTP/1.0\r\n\r\n")
        assert done.returncode == 1
        assert "refused" in done.stderr
        assert server.requests == []


def test_worker__binds__are_read_only_unless_said(bare_worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("seen\n")
    script = "cat /in/seen; echo new > /out/made; echo no > /in/made; echo no > /made"
    binds = [Bind(tmp_path, "/in"), Bind(tmp_path, "/out", writable=True)]
    done = bare_worker.run(["sh", "-c", script], binds=binds)
    assert done.stdout == "seen\n"
    assert done.stderr.count("Read-only") == 2
    assert (tmp_path / "made").read_text() == "new\n"


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_worker__environment_bound__runs_its_python(
    bare_worker: Worker, prefix: Path, channel: Channel
) -> None:
    numpy = ", numpy" if channel.has("numpy") else ""
    code = f"import ssl, sqlite3, ctypes, lzma, bz2, zlib, greeting{numpy}, sys; print(sys.prefix)"
    done = bare_worker.run(
        ["/moved/bin/python", "-c", code], binds=[Bind(prefix, "/moved")], env={"PATH": "/bin"}
    )
    assert (done.stdout, done.stderr) == ("/moved\n", "")


def test_worker__time_is_up__all_of_it_ends(bare_worker: Worker, tmp_path: Path) -> None:
    binds = [Bind(tmp_path, "/out", writable=True)]
    late = "touch /out/begun; (sleep 0.8; touch /out/late) & sleep 30"
    with pytest.raises(subprocess.TimeoutExpired):
        bare_worker.run(["sh", "-c", late], binds=binds, timeout=0.4)
    time.sleep(0.6)
    assert [path.name for path in tmp_path.iterdir()] == ["begun"]


def test_worker__python_in_its_root__is_refused(tmp_path: Path, bare_worker: Worker) -> None:
    channels.copy_by_link(bare_worker.root, tmp_path / "root")
    hidden = tmp_path / "root/etc/python3.11"
    hidden.write_text("")
    with pytest.raises(NoWorkerError, match=r"has a Python: .*/etc/python3.11"):
        ensure_bare(Worker(tmp_path / "root", "busybox"))


def test_worker__no_busybox_here__says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoWorkerError, match="busybox is not installed"):
        make("busybox", tmp_path / "root")


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)]
)
def test_missing__part_of_the_machine__skips_but_fails_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises((pytest.skip.Exception, pytest.fail.Exception)) as caught:
        missing("no such thing")
    assert (caught.type, str(caught.value)) == (outcome, "no such thing")


# The executables


def test_tools__environment__is_not_the_users(
    tools: Tools, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_PREFIX", "/a/users")
    monkeypatch.setenv("PYTHONPATH", "/a/users")
    variables = tools.environment
    assert not {"CONDA_PREFIX", "PYTHONPATH"} & set(variables)
    assert variables["HOME"] == str(home)
    assert Path(variables["CONDA_ENVS_PATH"]).is_relative_to(home)
    assert variables["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_tools__start__is_in_the_tests_folder_with_its_variables(
    tools: Tools, home: Path, tmp_path: Path
) -> None:
    # The interpreter lies where the executables are installed, so it can be started as they are.
    code = "import os, sys; e = os.environ; print(os.getcwd(), e['HOME'], e.get('XDG_CACHE_HOME'))"
    code += "; sys.exit(len(sys.stdin.read()))"
    done = tools.start("python", "-c", code, stdin="abc", env={"XDG_CACHE_HOME": None})
    assert (done.returncode, done.stdout) == (3, f"{tmp_path} {home} None\n")
