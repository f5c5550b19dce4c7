"""python_package_create as a user calls it, with the channel in conda-forge's shapes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channel
from tests.support.http import Fault, Server, half, no_answer, slow, status, wrong_bytes
from tests.support.needs import missing
from tests.support.tools import Tools, command
from tests.support.worker import WORKERS, Bind, Worker

SHAPES = [
    "greeting",
    "hook-posix",
    "many-files",
    "old-form",
    "post-link",
    "prefix-binary",
    "prefix-text",
]


def requirements(folder: Path, *dependencies: str | dict[str, list[str]], **keys: Any) -> Path:
    """A requirements file for the tests' own Python."""
    path = folder / "requirements.json"
    conda = {"dependencies": list(dependencies)}
    path.write_text(json.dumps({"modules": [], "conda": conda, **keys}))
    return path


def no_python(folder: Path, *dependencies: str) -> Path:
    """An environment.yml of small packages, which is quick to make an archive of."""
    path = folder / "environment.yml"
    path.write_text(json.dumps({"dependencies": dependencies}))
    return path


@pytest.fixture
def python(channel: Channel) -> str:
    return channel.python.version


def unpacked(archive: Path, folder: Path) -> Path:
    """What `tar xzf` makes of an archive."""
    folder.mkdir()
    subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    return folder


def refused(tools: Tools, code: int, *args: str | Path, **more: Any) -> str:
    """Run a create that has to fail with a code, cleanly; what it said."""
    before = sorted(path.name for path in tools.cwd.iterdir())
    done = tools.create(*args, **more)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "python_package_create: error: " in done.stderr
    assert sorted(path.name for path in tools.cwd.iterdir()) == before
    left = [*tools.home.rglob("*.part"), *tools.cache.glob("pypackage/**/*.part")]
    assert left == []
    return done.stderr


# --- what it makes -----------------------------------------------------------------------


def test_create__name__makes_environment_and_archive(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "greeting", python=python)
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine.tar.gz\n"
    prefix = tools.environments / "mine"
    greet = subprocess.run([prefix / "bin/greet"], capture_output=True, text=True, check=True)
    assert greet.stdout == "hello, world\n"
    assert (tools.home / ".conda/environments.txt").read_text() == f"{prefix}\n"
    made = ["mine.lock", "mine.tar.gz", "requirements.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == made


def test_create__poncho_s_name_of_the_command__is_the_same(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "shared-data")
    done = tools.start("poncho_package_create", "-c", channel.folder, needs, "mine")
    assert (done.returncode, done.stdout) == (0, "mine.tar.gz\n"), done.stderr


def test_create__archive_path_whose_file_exists__replaces_it_and_makes_no_environment(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    archive = tmp_path / ".tmpABC.tar.gz"
    archive.touch(0o600)
    needs = no_python(tmp_path, "shared-data")
    done = tools.create("-c", channel.folder, needs, archive)
    assert done.returncode == 0, done.stderr
    assert tarfile.is_tarfile(archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert not tools.environments.exists()


def test_create__requirements_on_stdin__are_read(
    tools: Tools, channel: Channel, python: str
) -> None:
    text = json.dumps({"python": python, "modules": ["greeting"]})
    done = tools.create("-", "mine", "-c", channel.folder, "--allow-guesses", stdin=text)
    assert done.returncode == 0, done.stderr
    assert "named like the modules: greeting" in done.stderr


@pytest.mark.parametrize("host", [False, True])
def test_create__module_of_which_nothing_is_known__is_no_guess(
    tools: Tools, channel: Channel, python: str, host: bool
) -> None:
    needs = json.dumps({"python": python, "modules": ["antigravity", "zq_unheard_of"]})
    done = tools.create("-", "mine", "-c", "host" if host else channel.folder, stdin=needs)
    assert done.returncode == 3
    assert "error: no package is known to have the module zq_unheard_of" in done.stderr
    assert "--allow-guesses" in done.stderr


def test_create__modules_alone__resolves_by_their_names(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = tmp_path / "seed.json"
    needs.write_text(json.dumps({"python": python, "modules": ["greeting", "iniconfig"]}))
    done = tools.create("-c", channel.folder, "--allow-guesses", needs, "mine")
    assert done.returncode == 0, done.stderr
    prefix = tools.environments / "mine"
    subprocess.run([prefix / "bin/python", "-c", "import greeting, iniconfig"], check=True)


@pytest.mark.slow
def test_create__twice_elsewhere__gives_the_same_bytes(
    session_tools: Tools,
    channel: Channel,
    python: str,
    tmp_path: Path,
) -> None:
    made = []
    for name in ("one", "two"):
        home, folder = tmp_path / name / "home", tmp_path / name / "work"
        home.mkdir(parents=True)
        folder.mkdir()
        tools = session_tools.at(home, folder)
        needs = requirements(folder, *SHAPES, python=python)
        done = tools.create("--rebuild", "-c", channel.folder, needs, "mine")
        assert done.returncode == 0, done.stderr
        made.append((folder / "mine.tar.gz").read_bytes())
    assert made[0] == made[1]


def test_create__post_link_script__writes_the_paths_that_will_be_right(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link")
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    assert (prefix / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {prefix}\n"
    moved = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    subprocess.run([moved / "bin/conda-unpack"], check=True)
    assert (moved / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {moved}\n"


def test_create__post_link_script_that_alters_files__is_packed_as_it_left_them(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link-alters")
    for name in ("first", "second"):
        done = tools.create("-c", channel.folder, needs, name)
        assert done.returncode == 0, done.stderr
        assert "warning: see etc/alters.conf" in done.stderr
    prefix = tools.environments / "second"
    assert (prefix / "etc/alters.conf").read_text() == f"own=1\n{prefix}\n"
    assert os.readlink(prefix / "etc-link") == "etc"
    moved = unpacked(tmp_path / "second.tar.gz", tmp_path / "out")
    subprocess.run([moved / "bin/conda-unpack"], check=True)
    assert (moved / "etc/alters.conf").read_text() == f"own=1\n{moved}\n"


def test_create__post_link_script__runs_in_the_activated_environment_without_secrets(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link-activated")
    done = tools.create("-c", channel.folder, needs, "mine", env={"SOME_TOKEN": "s3cret"})
    assert done.returncode == 0, done.stderr
    prefix = tools.environments / "mine"
    assert (prefix / "etc/activated.txt").read_text() == f"on in {prefix}, it's 1\n"
    assert "s3cret" not in (prefix / "etc/environment.txt").read_text()


def test_create__variables_of_packages_and_of_the_user__are_set_in_conda_s_order(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "variables")
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    state = {"env_vars": {"BOTH": "2 $HOME", "OF_USER": "é\n2", "GONE": "***unset***"}}
    (prefix / "conda-meta/state").write_text(json.dumps(state))
    assert tools.create(prefix, "again.tar.gz").returncode == 0
    say = 'echo "$OF_PACKAGE|$BOTH|$OF_USER|${GONE-no}|$HOOK_SAW"'
    ran = tools.run("-e", "again.tar.gz", "--", "sh", "-c", say)
    assert ran.stdout == "it's 1|2 $HOME|é\n2|no|it's 1\n", ran.stderr
    (prefix / "conda-meta/state").write_text('{"env_vars": {"a;b": ""}}')
    assert "conda-meta/state does not tell" in refused(tools, 6, prefix, "again.tar.gz")


def test_archive__scripts_of_any_interpreter__run_by_its_true_path(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "shebangs")
    done = tools.create("-c", channel.folder, needs, "mine.tar.gz")
    assert done.returncode == 0, done.stderr
    moved = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    subprocess.run([sys.executable, moved / "etc/pypackage/relocate.py", moved], check=True)
    first = (moved / "bin/with-option").read_text().splitlines()[0]
    assert first == f"#!{moved}/bin/own-sh -e"
    outside = {"PATH": "/usr/bin:/bin"}
    for name, code, says in (("with-option", 1, "begun\n"), ("without-option", 0, "done\n")):
        ran = subprocess.run([moved / "bin" / name], env=outside, capture_output=True, text=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (code, says, "")


def test_create__post_link_script_that_fails__exits_5_with_what_it_said(
    tools: Tools, channel: Channel
) -> None:
    needs = no_python(tools.cwd, "post-link-fails")
    said = refused(tools, 5, "-c", channel.folder, needs, "mine")
    assert "the post-link script of post-link-fails failed with status 3" in said
    assert "tried" in said
    assert "no luck" in said


def test_create__file_of_two_packages__is_packed_once_as_it_is_on_disk(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "sharing-a", "sharing-b")
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0
    assert "warning: sharing-a and sharing-b both have share/common: " in done.stderr
    with tarfile.open(tmp_path / "mine.tar.gz") as archive:
        names = archive.getnames()
        common = archive.extractfile("share/common")
        assert common is not None
        content = common.read().decode()
    assert sorted(names) == sorted(set(names))
    assert [name for name in names if "clobber" in name or "CACHEDIR" in name] == []
    assert content == (tools.environments / "mine" / "share/common").read_text()


@pytest.mark.slow
def test_create__package_cache_that_was_written_to__is_refused(
    tools: Tools, channel: Channel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A cache of its own, for it is spoilt: by a write through a hard link in an environment.
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    needs = no_python(tools.cwd, "shared-data")
    assert tools.create("-c", channel.folder, needs, "mine", env=env).returncode == 0
    time.sleep(1.1)
    table = tools.environments / "mine/share/shared-data/table.csv"
    table.write_text("other")
    said = refused(tools, 6, "-c", channel.folder, needs, "other", env=env)
    assert "share/shared-data/table.csv was changed in the package cache" in said
    assert "remove" in said


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_create__archive_path_that_is_no_file__exits_2_and_leaves_it(
    tools: Tools, kind: str
) -> None:
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    path = tools.cwd / "pipe"
    os.mkfifo(path)
    target = str(path) if kind == "pipe" else "/dev/full"
    assert "is a device or pipe" in refused(tools, 2, "good.json", target)


@pytest.mark.slow
def test_create__own_former_environment__is_replaced(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    for package in ("many-files", "shared-data"):
        needs = requirements(tmp_path, package, python=python)
        assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    assert (prefix / "share/shared-data").is_dir()
    assert list(prefix.rglob("many_files")) == []
    assert [path.name for path in tools.environments.iterdir()] == ["mine"]


def test_archive__of_all_shapes__has_no_trace_of_this_machine(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, *SHAPES, python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    traces = [str(part).encode() for part in (tools.home, tools.cache, channel.folder, tmp_path)]
    found = [
        path
        for path in prefix.rglob("*")
        if path.is_file() and any(trace in path.read_bytes() for trace in traces)
    ]
    assert found == []


def test_archive__manifest__tells_packages_and_needs(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, "greeting", "prefix-binary", python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    content = json.loads((prefix / "etc/pypackage/manifest.json").read_text())
    assert content["python"] == python
    assert content["platform"] == channel.platform
    assert re.fullmatch(r"2\.\d+", content["glibc"])
    names = {package["name"]: package for package in content["packages"]}
    assert {"python", "greeting", "shared-data", "prefix-binary"} <= names.keys()
    assert re.fullmatch("[0-9a-f]{64}", names["greeting"]["sha256"])
    paths = {one["path"] for one in content["relocate"]}
    assert "lib/prefix-binary.dat" in paths


def test_archive__conda_pack_s_contract__unpacks_activates_and_relocates(
    tools: Tools, channel: Channel, python: str, tmp_path: Path
) -> None:
    needs = requirements(tmp_path, *SHAPES, python=python)
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    shutil.rmtree(tools.environments)
    prefix = unpacked(tmp_path / "mine.tar.gz", tmp_path / "some where")
    subprocess.run([prefix / "bin/conda-unpack"], check=True, env={"PATH": "/usr/bin:/bin"})
    assert (prefix / "etc/prefix-text.conf").read_text() == f"root={prefix}\nlib={prefix}/lib\n"
    script = f". '{prefix}/bin/activate'; greet; echo $HOOK_POSIX; python -c 'import old_form'"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"hello, world\non in {prefix}\n"


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_archive__on_a_bare_worker__runs_a_task_with_its_own_python(
    tools: Tools, channel: Channel, python: str, tmp_path: Path, bare_worker: Worker
) -> None:
    if not channel.has("numpy"):
        missing("numpy is not installed here (PyPI: numpy)")
    needs = requirements(tmp_path, *SHAPES, "numpy", python=python)
    done = tools.create("-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    work = tmp_path / "worker"
    work.mkdir()
    shutil.move(tmp_path / "mine.tar.gz", work)
    with tarfile.open(work / "mine.tar.gz") as archive:
        archive.extract("bin/python_package_run", work)
    (work / "task.py").write_text(
        "import sys, numpy, greeting, many_files\n"
        "print(sys.prefix == sys.argv[1], int(numpy.arange(5).sum()))\n"
        "print(open(sys.prefix + '/etc/prefix-text.conf').readline(), end='')\n"
    )
    command = 'python3 task.py "$CONDA_PREFIX" && echo "$HOOK_POSIX" && where-am-i && prefix-text'
    ran = bare_worker.run(
        ["bin/python_package_run", "mine", command],
        cwd="/task",
        binds=[Bind(work, "/task", writable=True)],
        env={"PYTHON_PACKAGE_CACHE": "/task/cache"},
    )
    assert ran.returncode == 0, ran.stderr
    (environment,) = (work / "cache").glob("[0-9a-f]*")
    prefix = f"/task/cache/{environment.name}"
    lines = ["True 10", f"root={prefix}", f"on in {prefix}", f"{prefix}/share", prefix]
    assert ran.stdout.splitlines() == lines


# --- the host channel --------------------------------------------------------------------

HOST = f"host:{sys.executable}"


def test_host__archive_on_a_bare_worker__runs_with_the_versions_installed_here(
    tools: Tools, python: str, tmp_path: Path, bare_worker: Worker
) -> None:
    needs = tmp_path / "needs.json"
    needs.write_text(json.dumps({"python": python, "modules": ["packaging", "pytest", "yaml"]}))
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "mine.tar.gz") as archive:
        archive.extract("bin/python_package_run", tmp_path)
    code = (
        "import bz2, ctypes, hashlib, lzma, readline, sqlite3, ssl, sys, zlib; "
        "import packaging, pytest, yaml; print(sys.version.split()[0], pytest.__version__)"
    )
    ran = bare_worker.run(
        ["bin/python_package_run", "-e", "mine.tar.gz", "python3", "-c", code],
        cwd="/task",
        binds=[Bind(tmp_path, "/task", writable=True)],
        env={"PYTHON_PACKAGE_CACHE": "/task/cache"},
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{python} {pytest.__version__}\n"


@pytest.mark.slow
def test_host__conda_s_spelling_of_a_name__is_understood(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "conda_package_streaming", "Packaging>=20", python=python)
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    site = tools.environments / "mine/lib" / f"python{python.rpartition('.')[0]}/site-packages"
    assert {"conda_package_streaming", "packaging"} <= {path.name for path in site.iterdir()}


@pytest.mark.slow
def test_host__after_another_channel__gives_what_that_one_has_not(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "greeting", "conda_package_streaming", python=python)
    done = tools.create("-c", channel.folder, "-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    records = {
        record["name"]: record["channel"]
        for path in (tools.environments / "mine/conda-meta").glob("*.json")
        if (record := json.loads(path.read_text()))
    }
    assert records["python"] == records["greeting"] == f"{channel.url}/"
    assert "/host/channels/" in records["conda-package-streaming"]


# --- channels ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("form", ["plain", "zst", "sharded"])
def test_channel__over_http_in_each_form_of_repodata__is_read(
    tools: Tools, channel: Channel, python: str, tmp_path: Path, form: Any
) -> None:
    needs = requirements(tmp_path, "greeting", python=python)
    with channel.only(form, tmp_path / "channel").over_http() as server:
        done = tools.create("-c", server.url, needs, tmp_path / "e.tar.gz")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "spelled", ["{folder}", "{folder}/", "file://{folder}", "../c", "./x/../../c"]
)
def test_channel__folder__may_be_spelled_in_many_ways(
    tools: Tools, channel: Channel, tmp_path: Path, spelled: str
) -> None:
    (tmp_path / "c").symlink_to(channel.folder)
    work = tmp_path / "work"
    (work / "x").mkdir(parents=True)
    needs = no_python(tmp_path, "shared-data")
    there = tools.at(tools.home, work)
    done = there.create("-c", spelled.format(folder=channel.folder), needs, "e.tar.gz")
    assert done.returncode == 0, done.stderr


def test_channel__named_by_the_requirements__is_used(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    conda = {"channels": [channel.url], "dependencies": ["shared-data"]}
    needs = tmp_path / "environment.yml"
    needs.write_text(json.dumps(conda))
    assert tools.create(needs, "e.tar.gz").returncode == 0


def test_channel__of_condarc__is_used_when_nothing_else_names_one(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    (tools.home / ".condarc").write_text(f"channels: [{channel.url}]\nenvs_dirs: [~/elsewhere]\n")
    needs = no_python(tmp_path, "shared-data")
    done = tools.create(needs, "mine", env={"CONDA_ENVS_PATH": None})
    assert done.returncode == 0, done.stderr
    assert (tools.home / "elsewhere/mine/share/shared-data").is_dir()


# --- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "required"),
        (["one"], "required"),
        (["one", "two", "three"], "unrecognized"),
        (["--nonsense", "one", "two"], "unrecognized"),
        (["-c"], "expected one argument"),
        (["requirements.json", "env.tar.xz"], "archives end in .tar.gz, .tgz, .tar.zst"),
        (["--format", "rar", "requirements.json", "mine"], "no format rar"),
        (["--format", "zip", "requirements.json", "e.tar.gz"], "ends like tar.gz"),
        (["requirements.json", ".zip"], "not a name for an environment"),
        (["-j", "0", "requirements.json", "mine"], "'0' is not a positive number"),
        (["--compress-level", "10", "requirements.json", "mine"], "it has 0 to 9"),
        (["--compress-level", "1", "requirements.json", "e.tar"], "has no level of compression"),
        (["requirements.json", "two words"], "not a name for an environment"),
        (["requirements.json", ""], "not a name for an environment"),
        (["requirements.json", ".tar.gz"], "not a name for an environment"),
        (["requirements.json", "base"], "not a name for an environment"),
    ],
)
def test_command_line__invalid__exits_1(tools: Tools, args: list[str], says: str) -> None:
    (tools.cwd / "requirements.json").write_text('{"python": "3.11", "modules": []}')
    assert says in refused(tools, 1, *args)


def test_path__name_too_long__exits_2(tools: Tools) -> None:
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    assert "File name too long" in refused(tools, 2, "good.json", "x" * 300)
    assert "cannot read xxx" in refused(tools, 2, "x" * 300, "./e.tar.gz")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["missing.json", "mine"], "missing.json: No such file"),
        (["folder", "mine"], "folder is neither a conda environment, a virtual one nor a project"),
        (["good.json", "no/such/folder/e.tar.gz"], "no/such/folder"),
        (["good.json", "./folder"], "folder is a folder"),
    ],
)
def test_path__invalid__exits_2(tools: Tools, args: list[str], says: str) -> None:
    (tools.cwd / "folder").mkdir()
    (tools.cwd / "good.json").write_text('{"python": "3.11", "modules": []}')
    assert says in refused(tools, 2, *args)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x7fELF\x02\x01\x01\xff\xfe", "1:1: is of no form that is known"),
        (b"", "is empty"),
        (b'{"python": "3.11",\n "modules": [}', "2:14: not valid JSON"),
        (b"[]", "expected an object, not a list"),
        (b'{"modules": []}', "python: missing"),
        (b'{"python": 3.11, "modules": []}', "python: expected a string, not 3.11"),
        (b'{"python": "3.11", "modules": "numpy"}', 'modules: expected a list, not "numpy"'),
        (
            b'{"python": "3.11", "conda": {"dependencies": ["a", "b", "c", 7]}}',
            "conda.dependencies[3]: expected a string, not 7",
        ),
        (b'{"python": "3.11", "conda": {"dependencies": ["numpy >=("]}}', "numpy >=("),
        (
            b'{"python": "3.11", "conda": {"dependencies": [{"pipp": ["six"]}]}}',
            "conda.dependencies[0]: expected the key 'pip' alone, not 'pipp'",
        ),
        (b'{"python": "3.11", "conda": {"channels": ["\\ud800"]}}', "conda.channels[0]"),
    ],
)
def test_requirements__invalid__exits_3_and_names_the_place(
    tools: Tools, channel: Channel, content: bytes, says: str
) -> None:
    (tools.cwd / "bad.json").write_bytes(content)
    assert says in refused(tools, 3, "-c", channel.folder, "bad.json", "mine")


@pytest.mark.parametrize(
    ("dependencies", "says"),
    [
        (["no-such-package"], "no-such-package"),
        (["needs-unknown"], "no-such-package"),
        (["many-versions=9"], "many-versions 9"),
        (["needs-cuda"], "__cuda"),
        (["needs-new-glibc"], "__glibc"),
    ],
)
def test_requirements__that_nothing_satisfies__exit_4_with_the_reason(
    tools: Tools, channel: Channel, python: str, dependencies: list[str], says: str
) -> None:
    needs = requirements(tools.cwd, *dependencies, python=python)
    assert says in refused(tools, 4, "-c", channel.folder, needs, "mine")


def test_requirements__that_exclude_each_other__exit_4_and_name_both(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "either-left", "either-right", python=python)
    said = refused(tools, 4, "-c", channel.folder, needs, "mine")
    assert "either-left" in said
    assert "either-right" in said


@pytest.mark.slow
def test_host__module_not_installed_whose_package_has_another_name__is_found_by_the_table(
    tools: Tools, python: str
) -> None:
    # On PyPI attr is another package; the module is one of attrs.
    needs = requirements(tools.cwd, python=python, modules=["attr"], conda={})
    done = tools.create("-c", HOST, needs, "mine")
    assert done.returncode == 0, done.stderr
    site = tools.environments / "mine/lib" / f"python{python.rpartition('.')[0]}/site-packages"
    assert list(site.glob("attrs-*.dist-info"))


def test_network__is_not_there__exits_4(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "greeting", python=python)
    said = refused(tools, 4, "-c", "http://127.0.0.1:9/channel", needs, "mine")
    assert "http://127.0.0.1:9/channel" in said
    assert "check the channel's name and the network" in said


def test_channel__that_is_no_folder_or_no_channel__exits_4(tools: Tools, python: str) -> None:
    needs = requirements(tools.cwd, "greeting", python=python)
    said = refused(tools, 4, "-c", "./nowhere", needs, "mine")
    assert "./nowhere cannot be read: there is no such folder" in said
    said = refused(tools, 4, "-c", ".", needs, "mine")
    assert ". is no conda channel: it has no noarch/repodata.json" in said


def test_host__interpreter_of_another_version__exits_4_and_says_which(tools: Tools) -> None:
    needs = requirements(tools.cwd, python="3.99")
    said = refused(tools, 4, "-c", "host", needs, "mine")
    assert "no Python 3.99" in said
    assert "'-c host:PATH' names it" in said
    said = refused(tools, 4, "-c", f"host:{sys.executable}", needs, "mine")
    assert "the requirements ask for 3.99" in said


def test_create__module_that_no_package_has__exits_7_and_names_it(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "greeting", python=python, modules=["greeting", "numpy"])
    said = refused(tools, 7, "-c", channel.folder, needs, "mine")
    assert "numpy does not import in the environment" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "code"),
    [(status(404), 5), (status(503), 5), (no_answer(), 5), (half(), 5), (wrong_bytes(), 5)],
    ids=["404", "503", "no answer", "half", "wrong bytes"],
)
def test_channel__whose_package_cannot_be_fetched__exits_5_and_keeps_the_former(
    tools: Tools,
    web_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
    fault: Fault,
    code: int,
) -> None:
    (tools.cwd / "mine.tar.gz").write_bytes(b"former")
    needs = no_python(tools.cwd, "many-files")
    web_server.on("/noarch/many-files-*", fault)
    # A package cache of its own: in the session's one the package may be there already.
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    said = refused(tools, code, "-c", web_server.url, needs, "mine", env=env)
    assert "many-files" in said
    assert (tools.cwd / "mine.tar.gz").read_bytes() == b"former"
    assert not (tools.environments / "mine").exists()
    web_server.behave()
    done = tools.create("-c", web_server.url, needs, "mine", env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("fault", [status(404), status(503), no_answer()])
def test_channel__whose_repodata_cannot_be_fetched__exits_4(
    tools: Tools, web_server: Server, fault: Fault, tmp_path_factory: Any
) -> None:
    needs = no_python(tools.cwd, "many-files")
    web_server.on("*/repodata*", fault)
    env = {"RATTLER_CACHE_DIR": str(tmp_path_factory.mktemp("rattler"))}
    assert web_server.url in refused(tools, 4, "-c", web_server.url, needs, "mine", env=env)


# --- the machine's own faults ------------------------------------------------------------


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


# --- what it says ------------------------------------------------------------------------


def test_progress__not_on_a_terminal__is_plain_lines(
    tools: Tools, channel: Channel, python: str
) -> None:
    needs = requirements(tools.cwd, "shared-data", python=python)
    said = tools.create("-c", channel.folder, needs, "mine").stderr.splitlines()
    said = [line for line in said if line != "compiling ..."]  # once, for all tests
    assert said == ["solving ...", "installing packages ...", "verifying ...", "packing ..."]


def test_quiet__success__says_nothing(tools: Tools, channel: Channel) -> None:
    needs = no_python(tools.cwd, "shared-data")
    done = tools.create("-q", "-c", channel.folder, needs, "mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.tar.gz\n", "")


def test_verbose__success__names_each_package(tools: Tools, channel: Channel) -> None:
    needs = no_python(tools.cwd, "shared-data")
    done = tools.create("-v", "-c", channel.folder, needs, "mine")
    assert "shared-data" in done.stderr


def test_progress__on_a_terminal__is_bars_that_leave_nothing(
    tools: Tools, channel: Channel
) -> None:
    needs = no_python(tools.cwd, "many-files")
    argv = [*command("python_package_create"), "-c", str(channel.folder), str(needs), "mine"]
    master, slave = pty.openpty()
    process = subprocess.Popen(
        argv, env={**tools.environment, "TERM": "xterm"}, cwd=tools.cwd, stderr=slave
    )
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # the terminal's end is an error
        while block := os.read(master, 4096):
            shown += block
    os.close(master)
    assert process.wait() == 0
    assert b"packing" in shown
    assert "━".encode() in shown
