"""The machine's own faults: places that are taken, full disks, signals."""

from __future__ import annotations

import shlex
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.creating import no_python, refused, requirements
from tests.support.http import Server, slow
from tests.support.tools import Tools, command


def test_environment__that_create_did_not_make__is_not_touched(
    tools: Tools, channel: Channel, python: str
) -> None:
    theirs = tools.environments / "mine"
    (theirs / "conda-meta").mkdir(parents=True)
    needs = requirements(tools.cwd, "greeting", python=python)
    said = refused(tools, 5, "-c", channel.folder, needs, "mine")
    assert str(theirs) in said
    assert "choose another name" in said
    assert [path.name for path in theirs.iterdir()] == ["conda-meta"]


def test_environments_folder__that_cannot_be_made__exits_5(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "greeting", python=python)
    (tools.home / "file").touch()
    env = {"CONDA_ENVS_PATH": str(tools.home / "file" / "envs")}
    assert "Not a directory" in refused(tools, 5, "-c", channel.folder, needs, "mine", env=env)


def full_disk(tools: Tools, folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command with a disk of 2 MiB mounted at `folder` (in namespaces of its own)."""
    mount = f"mount -t tmpfs -o size=2m tmpfs '{folder}' && {command}"
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount],
        env=tools.environment,
        cwd=tools.cwd,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(("disk", "code"), [("work", 6), ("envs", 5)])
def test_disk__full__exits_with_the_stage_s_code_and_leaves_nothing(
    tools: Tools, channel: Channel, python: str, tmp_path: Path, disk: str, code: int
) -> None:
    folder = tmp_path / disk
    folder.mkdir()
    needs = requirements(tmp_path, "many-files", python=python)
    if full_disk(tools, folder, "true").returncode != 0:
        pytest.skip("user namespaces cannot be made here")
    archive = folder / "e.tar.gz" if disk == "work" else tmp_path / "mine.tar.gz"
    name = str(archive) if disk == "work" else "mine"
    said = full_disk(
        tools,
        folder,
        f"{{ CONDA_ENVS_PATH='{tmp_path}/envs' {shlex.join(command('python_package_create'))} -q "
        f"-c '{channel.folder}' '{needs}' '{name}'; code=$?; ls -A '{folder}'; exit $code; }}",
    )
    assert said.returncode == code, said.stderr
    assert said.stdout == ""
    assert "No space left on device" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ("-n 8", "fewer than 64 files may be open at a time\n  allow more open files (ulimit -n"),
        ("-n 60", "fewer than 64 files may be open at a time"),
        ("-v 800000", "there is not enough memory\n  allow more memory (ulimit -v"),
    ],
)
def test_limit__too_low_for_the_engine__exits_74_and_names_it(
    tools: Tools, channel: Channel, limit: str, says: str
) -> None:
    create = shlex.join([*command("python_package_create"), "-c", str(channel.folder)])
    needs = no_python(tools.cwd, "greeting")
    done = subprocess.run(
        ["sh", "-c", f"ulimit {limit}; exec {create} {needs} ./e.tar.gz"],
        env=tools.environment,
        cwd=tools.cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 74, done.stderr
    assert done.stderr.startswith(f"python_package_create: error: {says}")
    listing = shlex.join([*command("python_package_create"), "--list"])
    limited = ["sh", "-c", f"ulimit {limit}; exec {listing}"]
    assert subprocess.run(limited, env=tools.environment, cwd=tools.cwd).returncode == 0


@pytest.mark.parametrize(("umask", "mode"), [("777", 0o600), ("000", 0o664)])
def test_umask__too_strict_or_too_lax__is_not_followed(
    tools: Tools, channel: Channel, umask: str, mode: int
) -> None:
    needs = no_python(tools.cwd, "shared-data")
    cache = tools.cwd / "cache"
    create = shlex.join([*command("python_package_create"), "-c", str(channel.folder)])
    done = subprocess.run(
        ["sh", "-c", f"umask {umask}; exec {create} {needs} ./e.tar.gz"],
        env={**tools.environment, "XDG_CACHE_HOME": str(cache)},
        cwd=tools.cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((tools.cwd / "e.tar.gz").stat().st_mode) == mode
    modes = [path.stat().st_mode for path in [cache, *cache.rglob("*")]]
    assert {mode & 0o402 for mode in modes} == {0o400}


def test_number_of_threads__not_one__exits_74_and_names_the_variable(
    tools: Tools, channel: Channel
) -> None:
    needs = no_python(tools.cwd, "greeting")
    for number in ("many", "0"):
        env = {"TOKIO_WORKER_THREADS": number}
        done = tools.create("-c", channel.folder, needs, "./e.tar.gz", env=env)
        assert done.returncode == 74, done.stderr
        assert "error: TOKIO_WORKER_THREADS is not a number of threads" in done.stderr


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGINT, "interrupted"),
        (signal.SIGTERM, "ended by SIGTERM"),
        (signal.SIGHUP, "ended by SIGHUP"),
    ],
)
def test_signal__while_at_work__ends_it_and_leaves_nothing(
    tools: Tools,
    web_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
    number: signal.Signals,
    says: str,
) -> None:
    needs = no_python(tools.cwd, "many-files")
    web_server.on("/noarch/many-files-*", slow(20))
    env = {**tools.environment, "RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    argv = [*command("python_package_create"), "-c", web_server.url, str(needs), "mine"]
    process = subprocess.Popen(argv, env=env, cwd=tools.cwd, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not any("many-files" in request.path for request in web_server.requests):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 128 + number, said
    assert said.rstrip().endswith(f"python_package_create: error: {says}")
    assert [path.name for path in tools.cwd.iterdir()] == ["environment.yml"]
    assert list(tools.home.rglob("*.part")) == []
