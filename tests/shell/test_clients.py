"""The calls of the programs that use the script, word for word."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.shell.conftest import NAMING_ITSELF, PLAIN, Runner, once
from tests.shell.environments import SCRIPT, pack_foreign

FUNCTION = "import sys; print(sys.argv[1:], sys.executable)\n"


@pytest.fixture
def runner_file(runner: Runner) -> str:
    """The script as a client sends it: one file in the task's folder."""
    shutil.copy(SCRIPT, runner.folder / "python_package_run")
    return "./python_package_run"


def test_parsl__work_queue_executor__runs_the_function(
    runner: Runner, archive: Path, runner_file: str
) -> None:
    archive.rename(runner.folder / "pack-0a1b.tar.gz")
    (runner.folder / "exec_parsl_function.py").write_text(FUNCTION)
    call = "-e pack-0a1b.tar.gz python3 exec_parsl_function.py map function result"
    output = runner.output(*call.split(), script=runner_file)
    assert output.startswith("['map', 'function', 'result']")
    assert str(runner.cache / PLAIN.id) in output


@once
def test_work_queue__python_task__unpacks_into_the_sandbox_once(
    runner: Runner, naming_archive: Path, runner_file: str
) -> None:
    place = runner.folder.parent / "sandbox" / "E-env"
    place.parent.mkdir()
    (runner.folder / "pytask_wrapper").write_text(FUNCTION)
    options = ("-d", "-e", naming_archive, "--unpack-to", place)
    task = ("python", "pytask_wrapper", "f", "a", "o")
    tasks = [runner.start(*options, *task, script=runner_file) for _ in range(8)]
    said = [process.communicate() for process in tasks]
    assert [process.returncode for process in tasks] == [0] * 8
    assert all(f"{place}/bin" in output for output, _ in said)
    assert sum(errors.count("extracting") for _, errors in said) == 1
    assert list(place.parent.iterdir()) == [place], "no lock is left"


@once
@pytest.mark.parametrize("options", ["-d -e env_file -u DIR --", "--environment env_file -u DIR"])
def test_coffea__renamed_archive_and_runner__runs_the_function(
    runner: Runner, archive: Path, runner_file: str, options: str
) -> None:
    archive.rename(runner.folder / "env_file")
    (runner.folder / "fn_wrapper").write_text(FUNCTION)
    (runner.folder / "python_package_run").rename(runner.folder / "py_wrapper")
    place = runner.folder.parent / "E-env-123"
    call = options.replace("DIR", str(place)).split()
    task = ["python", "fn_wrapper", "function.p", "args.p", "output.p"]
    done = runner.run(*call, *task, script="./py_wrapper")
    assert done.returncode == 0
    assert done.stdout.startswith("['function.p', 'args.p', 'output.p']")
    assert all(line.startswith("py_wrapper: ") for line in done.stderr.splitlines())


def test_taskvine__unpacked_moved_and_linked__names_its_place_in_every_task(
    runner: Runner, naming_archive: Path
) -> None:
    output = runner.folder / "output"
    output.mkdir()
    subprocess.run(["tar", "xf", naming_archive, "-C", output], check=True)
    assert runner.output(script="output/bin/run_in_env") == ""
    cached = runner.folder.parent / "cache of the worker" / "task-rnd-x"
    cached.parent.mkdir()
    output.rename(cached)
    tasks = []
    for number in range(10):
        sandbox = runner.folder.parent / f"t.{number}"
        sandbox.mkdir()
        (sandbox / "__vine_env_X").symlink_to(cached)
        tasks.append(runner.at(sandbox).start("report", script="__vine_env_X/bin/run_in_env"))
    said = [task.communicate() for task in tasks]
    assert said == [(f"text: {cached}/share\n", "")] * 10
    assert f"{cached}/lib:{cached}/share\0".encode() in (cached / "lib/report.bin").read_bytes()
    assert not list(cached.rglob("*lock*"))


def test_taskvine__python_task__finds_its_interpreter_by_poncho_prefix(
    runner: Runner, archive: Path
) -> None:
    runner.output("-e", archive)
    command = (
        '"${PONCHO_PREFIX:+${PONCHO_PREFIX}/bin/}python3" -c "import sys; print(sys.executable)"'
    )
    script = runner.cache / PLAIN.id / "bin" / "run_in_env"
    output = runner.output("sh", "-c", command, script=script)
    assert output.strip() == str(runner.cache / PLAIN.id / "bin" / "python3")


@once
@pytest.mark.parametrize("separator", [[], ["--"]])
def test_factory__worker_in_an_environment__gets_sigterm(
    runner: Runner, archive: Path, runner_file: str, separator: list[str]
) -> None:
    worker = runner.folder / "vine_worker"
    worker.write_text(
        "#!/bin/sh\ntrap 'echo ended; exit 5' TERM\necho $$ $1\nwhile :; do sleep 0.1; done\n"
    )
    worker.chmod(0o755)
    process = runner.start("-e", archive, *separator, "./vine_worker", "9123", script=runner_file)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{process.pid} 9123\n"
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=10)
    assert (output, process.returncode) == ("ended\n", 5)


def test_conda_pack__its_archive__is_prepared_once_by_its_own_means(
    runner: Runner, runner_file: str
) -> None:
    pack_foreign(runner.folder / "E.tar.gz")
    for _ in range(2):
        output = runner.output("-e", "E.tar.gz", "sh", "-c", "report; echo $CONDA_PREFIX")
        text, prefix = output.splitlines()
        assert text == f"text: {prefix}/share"
    assert len(list(runner.cache.glob("foreign-*"))) == 1
    assert Path(prefix).parent == runner.cache


@once
def test_conda_pack__another_archive_of_the_same_name__is_another_environment(
    runner: Runner,
) -> None:
    data = os.urandom(100_000)
    for version in ("1", "2"):
        for files in ({"share/data": data}, {}):
            content = {**files, "share/version": version.encode()}
            pack_foreign(runner.folder / "E", content)
            output = runner.output("-e", "E", "sh", "-c", "cat $CONDA_PREFIX/share/version")
            assert output == version


@pytest.mark.parametrize("machine", ["dash-gnu", "bash-gnu"], indirect=True)
def test_foreign_archive__same_file__its_id_is_made_once(runner: Runner) -> None:
    archive = pack_foreign(runner.folder / "E")
    tools = runner.folder.parent / "telling"
    tools.mkdir()
    told = runner.folder.parent / "told"
    for tool in runner.tools.iterdir():
        (tools / tool.name).symlink_to(tool)
    (tools / "sha256sum").unlink()
    real = runner.tools / "sha256sum"
    (tools / "sha256sum").write_text(f"#!/bin/sh\necho x >>'{told}'\nexec '{real}' \"$@\"\n")
    (tools / "sha256sum").chmod(0o755)
    telling = Runner(runner.shell, tools, runner.folder, runner.env)
    for options in ([], ["-u", "place"]):
        for _ in range(3):
            telling.output("-e", archive, *options, "report")
        assert told.read_text() == "x\n"
        told.unlink()
    os.utime(archive, (1, 1))
    telling.output("-e", archive, "report")
    assert told.read_text() == "x\n", "it might be another one"
    runner.output("--cache", "clean")
    assert list(runner.cache.iterdir()) == []


@once
def test_foreign_tar__differs_in_its_middle_only__is_another_environment(runner: Runner) -> None:
    noise = os.urandom(100_000)
    for version in (b"1", b"2"):
        files = {"share/a": noise, "share/version": version, "share/z": noise}
        packed = pack_foreign(runner.folder / "E.gz", files)
        (runner.folder / "E").write_bytes(gzip.decompress(packed.read_bytes()))
        output = runner.output("-e", "E", "sh", "-c", "cat $CONDA_PREFIX/share/version")
        assert output.encode() == version


def test_bare_run__no_command__sets_up(runner: Runner, naming_archive: Path) -> None:
    assert runner.output("-e", naming_archive) == ""
    assert runner.output("-e", naming_archive, "report").strip().endswith("/share")
    prepared = runner.cache / NAMING_ITSELF.id / "etc" / "pypackage" / "prepared"
    assert prepared.read_text() == f"{runner.cache / NAMING_ITSELF.id}\n"
