"""The corpus: folders of sources, each with the result that was worked out for it by hand.

What `expected.json` may say beside `why`, the reason that the case is there:

- `arguments`: the command line, by default `script.py`; OUT, which is stdout, and `--python
  3.11` are added unless they are given (OUT as `{out}`). `stdin` is a file of the case.
- `exit`: the exit status, or those that are right; by default 0.
- `modules`, `local`: exactly these, none of a kind that is absent; `also`: modules that may be
  there too. `optional`: exactly these, with a regular expression for the reason where it is an
  object. A `local` or `optional` that is null is not looked at.
- `says`: regular expressions of which each is found in a line of stderr; `silent_on`: of which
  none is.
- `prints`, `prints_not`: the same for the whole of stdout; `lines`, `no_lines`: for whole lines.
- `rename`, `links`: made before the run, for what a repository cannot hold.
- `absent`: files that must not be there afterwards.

A folder `environment` becomes the site-packages of a virtual environment of its own, a folder
`conda-meta` the records of that environment, which is the target then.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pypackage.cli import analyze
from pypackage.python.interpreter import Interpreter
from tests.support.pythons import interpreters

CASES = Path(__file__).parents[1] / "data" / "scripts"
NOT_CHECKED = None


@dataclass(frozen=True)
class Case:
    """One folder of the corpus, as its expected.json describes it."""

    why: str
    arguments: list[str] = field(default_factory=lambda: ["script.py"])
    stdin: str = ""
    exit: int | list[int] = 0
    modules: list[str] | None = NOT_CHECKED
    also: list[str] = field(default_factory=list)
    optional: list[str] | dict[str, str] | None = field(default_factory=list)
    local: list[str] | None = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    silent_on: list[str] = field(default_factory=list)
    prints: list[str] = field(default_factory=list)
    prints_not: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    no_lines: list[str] = field(default_factory=list)
    rename: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Done:
    """What a run of the analyzer left behind."""

    status: int
    stdout: str
    stderr: str


Analyze = Callable[[list[str], bytes], Done]


def load(name: str) -> Case:
    return Case(**json.loads((CASES / name / "expected.json").read_text("utf-8")))


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Analyze:
    """Calls the executable's main in the folder of the case, with a cache of its own."""

    def call(arguments: list[str], stdin: bytes) -> Done:
        monkeypatch.chdir(tmp_path / "case")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        monkeypatch.setattr(sys, "argv", ["python_package_analyze"])
        capfdbinary.readouterr()
        status = analyze.main(arguments)
        streams = capfdbinary.readouterr()
        return Done(status, streams.out.decode(), streams.err.decode())

    return call


ALL = sorted(path.name for path in CASES.iterdir())
GRAMMAR = [name for name in ALL if name.startswith(("syntax", "gate", "optional_try", "hostile"))]


@pytest.mark.parametrize("name", ALL)
def test_analyze__case_of_the_corpus__result_by_hand(
    name: str, tmp_path: Path, run: Analyze
) -> None:
    verify(name, tmp_path, run)


@pytest.mark.slow
@pytest.mark.parametrize("python", interpreters()[1:], ids=lambda one: one.major_minor)
@pytest.mark.parametrize("name", GRAMMAR)
def test_analyze__run_by_another_python__same_result(
    name: str, python: Interpreter, tmp_path: Path
) -> None:
    libraries = os.pathsep.join([str(CASES.parents[2]), sysconfig.get_path("purelib")])
    verify(name, tmp_path, executable(python.executable, libraries, tmp_path))


def executable(python: Path, libraries: str, tmp_path: Path) -> Analyze:
    """Runs the executable by some interpreter, with the libraries of this one."""

    def call(arguments: list[str], stdin: bytes) -> Done:
        done = subprocess.run(
            [python, CASES.parents[2] / "bin" / "python_package_analyze", *arguments],
            cwd=tmp_path / "case",
            env={"PYTHONPATH": libraries, "XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            input=stdin,
            capture_output=True,
            timeout=60,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


def verify(name: str, tmp_path: Path, run: Analyze) -> None:
    """Run a case, and compare with what is expected."""
    case = load(name)
    folder = prepared(CASES / name, case, tmp_path)
    out = tmp_path / "out"
    target = environment(folder, tmp_path)
    stdin = (folder / case.stdin).read_bytes() if case.stdin else b""
    done = run(command_line(case, out, target), stdin)
    if out.exists():
        done = Done(done.status, done.stdout + out.read_text("utf-8"), done.stderr)
    check_status(case, done)
    check_words(case, done)
    if done.status == 0 and case.modules is not NOT_CHECKED:
        check_result(case, json.loads(done.stdout))
    assert [one for one in case.absent if (folder / one).exists()] == []


# --- before the run ----------------------------------------------------------------------


def prepared(source: Path, case: Case, tmp_path: Path) -> Path:
    """A copy of the case's folder, with all that a repository cannot hold."""
    folder = tmp_path / "case"
    shutil.copytree(source, folder)
    (folder / "expected.json").unlink()
    for path, link in case.links.items():
        (folder / path).symlink_to(link)
    for before, after in case.rename.items():
        (folder / before).rename(folder / after)
    return folder


def environment(folder: Path, tmp_path: Path) -> str:
    """The interpreter of the case's environment; a version when it has none."""
    if not (folder / "environment").exists():
        return "3.11"
    prefix = tmp_path / "prefix"
    venv.create(prefix, symlinks=True)
    (site,) = prefix.glob("lib/python3.*/site-packages")
    fill(folder / "environment", site, folder, "")
    if (folder / "conda-meta").exists():
        fill(folder / "conda-meta", prefix / "conda-meta", folder, str(site.relative_to(prefix)))
    return str(prefix / "bin" / "python")


def fill(source: Path, target: Path, case: Path, site: str) -> None:
    """Move files to where they belong, and tell them where that is."""
    for path in [path for path in source.rglob("*") if path.is_file()]:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(path.read_text().replace("@CASE@", str(case)).replace("@SITE@", site))
    shutil.rmtree(source)


def command_line(case: Case, out: Path, target: str) -> list[str]:
    arguments = [str(out) if word == "{out}" else word for word in case.arguments]
    if str(out) not in arguments and "--help" not in arguments:
        arguments.append("-")
    return arguments if "--python" in arguments else ["--python", target, *arguments]


# --- after it ----------------------------------------------------------------------------


def check_status(case: Case, done: Done) -> None:
    right = case.exit if isinstance(case.exit, list) else [case.exit]
    assert done.status in right, f"{case.why}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    if done.status:
        assert done.stdout == ""
        assert done.stderr.startswith("python_package_analyze: error: ")


def check_words(case: Case, done: Done) -> None:
    def lines_with(pattern: str) -> list[str]:
        return [line for line in done.stderr.splitlines() if re.search(pattern, line)]

    assert [one for one in case.says if not lines_with(one)] == [], done.stderr
    assert [line for one in case.silent_on for line in lines_with(one)] == []
    assert [one for one in case.prints if not re.search(one, done.stdout)] == [], done.stdout
    assert [one for one in case.prints_not if re.search(one, done.stdout)] == [], done.stdout
    lines = done.stdout.splitlines()
    assert [p for p in case.lines if not any(re.fullmatch(p, line) for line in lines)] == [], lines
    assert [line for p in case.no_lines for line in lines if re.fullmatch(p, line)] == []


def check_result(case: Case, result: dict[str, Any]) -> None:
    modules = set(result["modules"]) - set(case.also)
    assert sorted(modules) == sorted(set(case.modules or []) - set(case.also)), case.why
    assert result["modules"] == sorted(result["modules"])
    if case.optional is not NOT_CHECKED:
        reasons = result.get("optional", {})
        assert sorted(reasons) == sorted(case.optional), case.why
        if isinstance(case.optional, dict):
            wrong = {k: r for k, r in reasons.items() if not re.search(case.optional[k], r)}
            assert wrong == {}
    if case.local is not NOT_CHECKED:
        local = [os.path.normpath(path) for path in result.get("local", [])]
        assert local == sorted(case.local), case.why
