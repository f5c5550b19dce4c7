"""The host channel, made of a real interpreter, solved and installed by the real engine."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pypackage.backends import host as channel
from pypackage.backends.host import HostChannel
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.core.errors import RequirementsError, SolveError
from pypackage.core.progress import SILENT, Reporter
from pypackage.python import interpreter
from pypackage.python.interpreter import Interpreter
from tests.support.worker import Bind, Worker
from tests.unit.python.test_distributions import dist_info, put


@dataclass(frozen=True)
class Host:
    """A virtual environment with distributions, and a cache of packages made of it."""

    python: Interpreter
    site: Path
    project: Path
    cache: Path

    def make(
        self,
        modules: Sequence[str] = (),
        requirements: Sequence[str] = (),
        packages: Sequence[str] = (),
        *,
        fetch_missing: bool = False,
        allow_guesses: bool = True,
        standard: Sequence[str] = (),
        reporter: Reporter = SILENT,
    ) -> HostChannel:
        return channel.make(
            self.python,
            modules=modules,
            requirements=requirements,
            packages=packages,
            fetching=ResolutionContext("", {}) if fetch_missing else None,
            cache=self.cache,
            reporter=reporter,
            jobs=2,
            allow_guesses=allow_guesses,
            standard=standard,
        )

    def prefix(self, made: HostChannel, prefix: Path) -> Path:
        asyncio.run(_install(made, prefix, self.cache / "extracted"))
        return prefix


async def _install(made: HostChannel, prefix: Path, cache: Path) -> None:
    import rattler

    platform = rattler.Subdir.current()
    records = await rattler.solve(
        [made.url],
        list(made.specs),
        platforms=[str(platform), "noarch"],  # type: ignore[list-item]
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(records, prefix, cache_dir=cache, show_progress=False)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    root = tmp_path_factory.mktemp("host machine")
    base = interpreter.ask(Path(sys.executable)).base_executable
    subprocess.run([base, "-m", "venv", "--without-pip", root / "venv"], check=True)
    python = interpreter.ask(root / "venv" / "bin" / "python")
    site = root / "venv" / "lib" / f"python{python.major_minor}" / "site-packages"
    _hello(site, root)
    dist_info(site, "dep", {"dep.py": "value = 42\n", "extra.py": ""}, version="1.5")
    dist_info(site, "other", {"other.py": ""})
    put(root / "project", {"src/mine/__init__.py": "name = 'mine'\n"})
    dist_info(site, "mine", {"mine.pth": f"{root}/project/src\n"})
    origin = {"url": (root / "project").as_uri(), "dir_info": {"editable": True}}
    put(site, {"mine-1.0.dist-info/direct_url.json": json.dumps(origin)})
    return Host(python, site, root / "project", root / "cache")


def _hello(site: Path, root: Path) -> None:
    main = """
        import sys
        import dep
        def main():
            print("hello", dep.value, *sys.argv[1:])
            return 7
    """
    files = {
        "hello/__init__.py": textwrap.dedent(main),
        "hello/place.py": f"prefix = {str(root / 'venv')!r}\n",
        "hello/tests/__init__.py": "",
        "../../../bin/hello-old": f"#!{root}/venv/bin/python\nprint('old')\n",
        "../../../share/hello/data.txt": "data",
    }
    headers = "Requires-Dist: dep>=1\nRequires-Dist: nowhere; python_version < '3'"
    dist_info(site, "hello", files, headers=headers)
    put(site, {"hello-1.0.dist-info/entry_points.txt": "[console_scripts]\nhello = hello:main\n"})
    put(site, {"hello-1.0.dist-info/INSTALLER": "pip\n"})
    with open(site / "hello-1.0.dist-info" / "RECORD", "a") as record:
        record.write("hello-1.0.dist-info/entry_points.txt,,\nhello-1.0.dist-info/INSTALLER,,\n")


@pytest.fixture(scope="module")
def made(host: Host) -> HostChannel:
    return host.make(["hello", "mine", "nothing_has_this"], packages=["python"])


@pytest.fixture(scope="module")
def prefix(host: Host, made: HostChannel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host.prefix(made, tmp_path_factory.mktemp("new machine") / "prefix")


def repodata(made: HostChannel) -> dict[str, dict[str, Any]]:
    from urllib.parse import unquote, urlsplit

    (file,) = Path(unquote(urlsplit(made.url).path)).glob("linux-*/repodata.json")
    records = json.loads(file.read_text())["packages.conda"].values()
    return {record["name"]: record for record in records}


def test_make__modules__specs_are_pinned_and_dependencies_included(
    host: Host, made: HostChannel
) -> None:
    assert [spec.split()[:2] for spec in made.specs] == [
        ["python", f"=={host.python.version}"],
        ["hello", "==1.0"],
        ["mine", "==1.0"],
    ]
    assert made.missing == ("nothing_has_this",)
    records = repodata(made)
    assert sorted(records) == ["dep", "hello", "mine", "python"]
    assert records["hello"]["depends"] == ["dep >=1", f"python =={host.python.version}"]


def test_make__interpreter__states_the_glibc_it_needs(made: HostChannel) -> None:
    (need,) = repodata(made)["python"]["depends"]
    assert need.startswith("__glibc >=2.")


def test_prefix__bare_machine__interpreter_and_its_libraries_work(
    prefix: Path, bare_worker: Worker
) -> None:
    code = """
        import bz2, ctypes, decimal, hashlib, lzma, sqlite3, ssl, uuid, zlib, pyexpat
        import hello, mine, sys
        print(sys.prefix, mine.name, hello.__cached__, mine.__file__)
    """
    binds = [Bind(prefix, "/env dir")]
    python = "/env dir/bin/python"
    done = bare_worker.run([python, "-c", textwrap.dedent(code)], binds=binds)
    assert done.stderr == ""
    where, name, *files = done.stdout.replace("env dir", "env-dir").split()
    assert (where, name) == ("/env-dir", "mine")
    assert all(file.startswith("/env-dir/lib/python3.") for file in files)


def test_prefix__bare_machine__scripts_start_their_interpreter(
    prefix: Path, bare_worker: Worker
) -> None:
    binds = [Bind(prefix, "/env dir")]
    done = bare_worker.run(["/env dir/bin/hello", "a b", "-x"], binds=binds)
    assert (done.stdout, done.stderr, done.returncode) == ("hello 42 a b -x\n", "", 7)
    assert bare_worker.run(["/env dir/bin/hello-old"], binds=binds).stdout == "old\n"


def test_prefix__files__nothing_of_this_machine_is_left(prefix: Path, host: Host) -> None:
    base = interpreter.ask(host.python.base_executable)
    private = [str(p).encode() for p in (host.python.prefix, host.project, host.cache)]
    if base.base_prefix not in (Path("/usr"), Path("/usr/local")):
        private.append(str(base.base_prefix).encode())
    for path in prefix.rglob("*"):
        if path.is_file() and "conda-meta" not in path.parts:
            content = path.read_bytes()
            assert not [p for p in private if p in content], path


@pytest.mark.slow
def test_prefix__text_with_the_old_prefix__has_the_new_one(prefix: Path) -> None:
    command = [str(prefix / "bin" / "python"), "-c", "import hello.place as p; print(p.prefix)"]
    done = subprocess.run(command, capture_output=True, text=True, env={})
    assert done.stdout == f"{prefix}\n"
    assert (prefix / "share" / "hello" / "data.txt").read_text() == "data"


def test_prefix__metadata__record_is_true_and_installers_notes_are_gone(prefix: Path) -> None:
    code = """
        import importlib.metadata as m, hashlib, base64
        for name in ("hello", "mine", "dep"):
            for file in m.files(name):
                content = file.locate().read_bytes()
                if file.hash:
                    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
                    assert digest.decode().rstrip("=") == file.hash.value, file
                print(file)
    """
    command = [str(prefix / "bin" / "python"), "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, env={})
    assert done.stderr == ""
    listed = done.stdout.split()
    assert "../../../bin/hello" in listed
    assert "mine/__init__.py" in listed
    assert not [p for p in listed if p.endswith(("INSTALLER", "direct_url.json", ".pth"))]


def packages(host: Host) -> dict[str, int]:
    folder = host.cache / "host" / "packages"
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.conda")}


def test_make__again__builds_nothing_and_is_quick(host: Host, made: HostChannel) -> None:
    before, start = packages(host), time.monotonic()
    again = host.make(["hello", "mine", "nothing_has_this"], packages=["python"])
    assert time.monotonic() - start < 1  # about 0.1 s on a machine with nothing else to do
    assert again == made
    assert packages(host) == before
    assert not list((host.cache / "host").rglob(".new-*"))


def test_make__source_of_an_editable_changed__that_package_alone_is_new(
    host: Host, made: HostChannel
) -> None:
    before = packages(host)
    put(host.project, {"src/mine/__init__.py": "name = 'changed'\n"})
    changed = host.make(["hello", "mine"])
    assert [name.split("-")[0] for name in set(packages(host)) - set(before)] == ["mine"]
    assert changed.url != made.url


@pytest.mark.parametrize("how", ["editable", "installed from a folder", "without RECORD"])
def test_make__own_code_of_the_same_size_and_time__is_packed_as_it_is_now(
    tmp_path: Path, host: Host, how: str
) -> None:
    name = {"editable": "twice", "installed from a folder": "copied", "without RECORD": "bare"}[how]
    project = tmp_path / "project"
    place = project if how == "editable" else host.site
    if how == "editable":
        dist_info(host.site, name, {f"{name}.pth": f"{project}\n"})
    else:
        dist_info(host.site, name, {f"{name}.py": ""})
    if how == "without RECORD":
        (host.site / f"{name}-1.0.dist-info/RECORD").unlink()
        put(host.site, {f"{name}-1.0.dist-info/top_level.txt": name})
    else:
        origin = {"url": project.as_uri(), "dir_info": {"editable": how == "editable"}}
        put(host.site, {f"{name}-1.0.dist-info/direct_url.json": json.dumps(origin)})
    urls = []
    for value in (1, 2):
        put(place, {f"{name}.py": f"value = {value}\n"})
        os.utime(place / f"{name}.py", (1_700_000_000, 1_700_000_000))
        urls.append(host.make([name]).url)
    assert urls[0] != urls[1]


def test_make__requirement_not_installed__is_an_error_that_names_it(host: Host) -> None:
    for requirement in ("absent>2", "dep>=3"):
        with pytest.raises(SolveError, match=f"{requirement} is asked for"):
            host.make(requirements=[requirement])


def test_make__packages_not_installed_or_of_another_version__are_left_to_others(
    host: Host,
) -> None:
    found = host.make(packages=["absent", "dep=2.0", "other >=1"])
    assert sorted(repodata(found)) == ["other", "python"]
    assert [spec.split()[0] for spec in found.specs] == ["python", "other"]


def test_make__another_python_asked_for__is_an_error(host: Host) -> None:
    with pytest.raises(SolveError, match=r"python=3\.1 is asked for, but .* is Python"):
        host.make(packages=["python=3.1"])


def test_make__file_missing_on_disk__is_an_error_that_names_package_and_file(host: Host) -> None:
    dist_info(host.site, "broken", {"broken.py": "", "more.py": ""})
    (host.site / "more.py").unlink()
    with pytest.raises(SolveError, match=r"broken 1\.0 lacks its file .*/more\.py"):
        host.make(["broken"])


def test_make__launcher_listed_where_it_is_not__is_made_anew(host: Host, tmp_path: Path) -> None:
    points = "[console_scripts]\ntold = told:main\n"
    dist_info(host.site, "told", {"told.py": "", "told-1.0.dist-info/entry_points.txt": points})
    with (host.site / "told-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("../scripts/told,,\n")  # as in Debian's pip
    prefix = host.prefix(host.make(["told"]), tmp_path / "env")
    assert (prefix / "bin" / "told").is_file()


def wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """A wheel of one module, in a folder that serves as an index."""
    import zipfile

    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only place that pip's configuration names."""
    for name in [n for n in os.environ if n.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(
        f"[global]\nno-index = 1\nfind-links = {tmp_path}/wheels\nextra-index-url =\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return tmp_path / "wheels"


class Warnings(Reporter):
    """Keeps what it is warned of."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def warning(self, message: str) -> None:
        self.heard.append(message)


def test_make__fetch_missing__wheels_fill_up_and_what_is_installed_stays(
    host: Host, index: Path
) -> None:
    wheel(index, "fetched", "1.0", "dep")
    wheel(index, "fetched", "2.0", "dep>=9")
    wheel(index, "dep", "9.0")
    warnings = Warnings()
    found = host.make(["fetched"], fetch_missing=True, reporter=warnings)
    records = repodata(found)
    assert (records["fetched"]["version"], records["dep"]["version"]) == ("1.0", "1.5")
    assert ["fetched", "==1.0"] in [spec.split()[:2] for spec in found.specs]
    assert "fetched" in warnings.heard[0]
    for file in index.iterdir():
        file.unlink()
    assert host.make(["fetched"], fetch_missing=True) == found


def test_make__fetch_missing_requirement__replaces_an_installed_version(
    host: Host, index: Path
) -> None:
    wheel(index, "dep", "9.0")
    found = host.make(requirements=["dep>=9"], fetch_missing=True)
    assert repodata(found)["dep"]["version"] == "9.0"


def test_make__fetch_missing_unknown_module__is_an_error_that_names_it(
    host: Host, index: Path
) -> None:
    index.mkdir()
    with pytest.raises(SolveError, match="module no_such_thing, and PyPI has no"):
        host.make(["no_such_thing"], fetch_missing=True)


def test_make__fetch_missing_unknown_module_and_no_guesses__is_not_looked_for(
    host: Host, index: Path
) -> None:
    wheel(index, "zq_fetched", "1.0")
    with pytest.raises(RequirementsError, match="known to have the module zq_fetched"):
        host.make(["zq_fetched"], fetch_missing=True, allow_guesses=False)


@pytest.mark.slow
def test_make__parts_of_the_standard_library__are_carried_when_asked_for(
    host: Host, prefix: Path, tmp_path: Path
) -> None:
    library = f"lib/python{host.python.major_minor}"
    asked = host.prefix(host.make(standard=["test"]), tmp_path / "asked")
    assert (asked / library / "test/support/__init__.py").exists()
    for folder, name in ((prefix, "test"), (prefix, "tkinter"), (asked, "idlelib")):
        assert not (folder / library / name).exists()


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("_tkinter"), reason="this Python was built without Tcl/Tk")
def test_make__turtle_asked_for__tkinter_finds_its_own_tcl_and_modules(
    host: Host, tmp_path: Path
) -> None:
    found = host.make(standard=["turtle"])
    prefix = host.prefix(found, tmp_path / "prefix")
    assert list((prefix / "lib").glob("python3.*/host.libs/libX11.so.6"))
    # Tcl looks where it was built to be before it looks beside the executable.
    code = "import turtle, tkinter; t = tkinter.Tcl(); print(t.eval('set auto_path'))"
    done = subprocess.run([prefix / "bin/python", "-c", code], capture_output=True, check=True)
    assert str(prefix / "lib") in done.stdout.decode()
    assert list((prefix / "lib").glob("tcl8*/init.tcl"))
    assert list((prefix / "lib").glob("tk8*/tk.tcl"))
    assert list((prefix / "lib").glob("tcl8/8.*/msgcat-*.tm"))


def test_make__fetch_missing_unknown_package__is_left_to_others(host: Host, index: Path) -> None:
    wheel(index, "fetched", "1.0")
    found = host.make(packages=["no-such-thing", "_openmp_mutex", "fetched=1"], fetch_missing=True)
    assert sorted(repodata(found)) == ["fetched", "python"]


def test_make__fetch_missing_module_with_no_possible_name__is_an_error(
    host: Host, index: Path
) -> None:
    with pytest.raises(SolveError, match="the module _private"):
        host.make(["_private"], fetch_missing=True)
