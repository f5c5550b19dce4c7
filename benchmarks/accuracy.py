"""How well the analyzer's findings match the declared requirements of 100 projects on PyPI.

The projects (accuracy/projects.txt: libraries, command lines, web, science; versions are fixed)
are downloaded by uv as wheels, which have the code imported at run time and the declared
requirements, so that nothing is built. Each is analyzed for Python 3.11 with nothing installed.
The packages found by unguarded imports are compared with those declared outside extras. Each
disagreement has a kind; accuracy/reasons.txt gives reasons for those that were checked by hand.
The unconditional top-level imports are also found by `ast` alone: the analyzer has to require all
of them, and each one that it misses is printed.

Usage: benchmarks/accuracy.py [--list] [FOLDER], in an environment with this project; downloads in
FOLDER are reused.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pypackage.analysis.analyzer import Scope
from pypackage.core import package_names
from pypackage.core.progress import SILENT, Reporter
from pypackage.pipeline import analyze
from pypackage.pipeline.analyze import ResolveOptions
from pypackage.python import distributions, stdlib
from pypackage.requirements import formats

DATA = Path(__file__).with_name("accuracy")
PYTHON = "3.11"


class Disagreement(NamedTuple):
    """A package that is declared but not found, or found but not declared."""

    kind: str
    project: str
    package: str


class Outcome(NamedTuple):
    """The results for one project.

    Attributes:
        declared: The packages that it requires.
        found: The packages that its unguarded imports lead to.
        disagreements: The packages in only one of these sets.
        unguarded: The top-level modules that its files import unconditionally from packages.
        missed: Those that the analyzer does not require, each with the first file importing it.
    """

    declared: frozenset[str]
    found: frozenset[str]
    disagreements: tuple[Disagreement, ...]
    unguarded: frozenset[str]
    missed: tuple[Disagreement, ...]


class Unknown(Reporter):
    """Collects the modules for which no package is known."""

    def __init__(self) -> None:
        self.modules: list[str] = []

    def warning(self, message: str) -> None:
        """Collect the module that a warning names."""
        told = re.search(r"known to have the module ([\w.]+)", message)
        self.modules += [told[1]] if told else []


def fetch(project: str, folder: Path) -> Path:
    """Install a project's wheel, without its requirements, into a folder of its own."""
    target = folder / project
    if not target.exists():
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", PYTHON]
        argv = ["uv", "pip", "install", *options, "--target", str(target), project]
        subprocess.run(argv, check=True)
    return target


def look_at(folder: Path) -> Outcome:
    """Compare a project's declared packages with those found."""
    (project,) = distributions.scan([folder])
    markers = formats.markers(PYTHON)
    required = [formats.parse(text) for text in project.requires]
    declared = frozenset(
        package_names.normalize(one.name) for one in required if formats.holds(one, markers)
    )
    of_extras = {package_names.normalize(one.name) for one in required} - declared
    sources = [str(folder / top) for top in _tops(folder, project)]
    unknown = Unknown()
    needs, found = _found(sources, Scope(), unknown)
    at_once = _found(sources, Scope(toplevel=True), SILENT)[1]
    in_tests = found - _found(sources, Scope(toplevel=True), SILENT, without_tests=True)[1]
    optional = {one.pypi for name in needs.analysis.optional for one in package_names.find(name)}

    def kind(package: str) -> str:
        if package not in found:
            return _kind_of_missing(package, optional, unknown)
        if package in of_extras:
            return "found, declared in an extra"
        if package not in at_once:
            return "found in functions alone"
        return "found in tests alone" if package in in_tests else "found, not declared"

    found -= {project.key}
    different = sorted(declared ^ found)
    told = tuple(Disagreement(kind(one), project.key, one) for one in different)
    unguarded = _unguarded(folder, sources)
    missed = tuple(
        Disagreement(place, project.key, module)
        for module, place in sorted(unguarded.items())
        if module not in needs.analysis.modules
    )
    return Outcome(declared, found, told, frozenset(unguarded), missed)


def _unguarded(folder: Path, sources: list[str]) -> dict[str, str]:
    """The modules of packages that files import unconditionally at top level, and where."""
    own = {Path(one).stem.partition(".")[0] for one in sources}
    left_out = own | stdlib.names(PYTHON) | {"__main__"}
    found: dict[str, str] = {}
    for path in sorted(path for one in sources for path in _files(Path(one))):
        try:
            body = ast.parse(path.read_bytes()).body
        except (SyntaxError, ValueError):
            continue  # a template, or a test of a parser
        for node in body:
            names_ = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names_ = [node.module]
            for top in {name.partition(".")[0] for name in names_} - left_out:
                found.setdefault(top, f"{path.relative_to(folder)}:{node.lineno}")
    return found


def _files(source: Path) -> Iterator[Path]:
    """The files of a source, except those in hidden folders, which are not analyzed."""
    for path in source.rglob("*.py") if source.is_dir() else [source]:
        if not any(part.startswith(".") for part in path.relative_to(source).parts):
            yield path


def _found(
    sources: list[str], scope: Scope, reporter: Reporter, *, without_tests: bool = False
) -> tuple[analyze.Needs, frozenset[str]]:
    """What some sources need, and the packages that provide it."""
    options = ResolveOptions(pip_only=True)
    if without_tests:
        walked = (
            Path(at, file) for one in sources for at, _, files in os.walk(one) for file in files
        )
        sources = [
            str(one) for one in walked if one.suffix == ".py" and _TESTS.isdisjoint(one.parts)
        ] or sources
    needs = analyze.analyze(sources, python=PYTHON, scope=scope, options=options, reporter=reporter)
    found = (formats.parse(text).name for text in needs.requirements.pip)
    return needs, frozenset(map(package_names.normalize, found))


def _kind_of_missing(package: str, optional: set[str], unknown: Unknown) -> str:
    if package in optional:
        return "declared, imported optionally"
    word = package.removeprefix("python-").replace("-", "_")
    if any(word in package_names.normalize(one).replace("-", "_") for one in unknown.modules):
        return "declared, its module is not in the table"
    return "declared, not imported"


def _tops(folder: Path, project: distributions.Distribution) -> Iterator[str]:
    """The top-level entries of a project that are its own code, not tests or documentation."""
    for name in sorted({path.partition("/")[0] for path in project.listed}):
        is_code = name.endswith(".py") or (folder / name).is_dir()
        if is_code and not name.endswith((".dist-info", ".data")) and name not in _NOT_CODE:
            yield name


_TESTS = {"tests", "test", "testing", "_testing", "conftest.py"}
_NOT_CODE = {"..", "bin", "doc", "docs", "examples", "tests", "test", "__pycache__"}


def reasons() -> dict[tuple[str, str], str]:
    """The reasons found by hand, by project (or `*` for any project) and package."""
    found = {}
    for line in (DATA / "reasons.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            project, package, reason = line.split(maxsplit=2)
            found[(project, package)] = reason
    return found


def show(outcomes: list[Outcome], *, as_list: bool) -> None:
    """Print recall and precision, and the disagreements by kind."""
    declared = sum(len(one.declared) for one in outcomes)
    found = sum(len(one.found) for one in outcomes)
    both = sum(len(one.declared & one.found) for one in outcomes)
    print(f"{len(outcomes)} projects, {declared} packages declared, {found} found, {both} both")
    print(f"recall {both / declared:.1%}, precision {both / found:.1%}")
    _show_unguarded(outcomes)
    by_kind: dict[str, list[Disagreement]] = defaultdict(list)
    for one in (one for outcome in outcomes for one in outcome.disagreements):
        by_kind[one.kind].append(one)
    known = reasons()
    for kind, listed in sorted(by_kind.items()):
        told = Counter(
            known.get((one.project, one.package))
            or known.get(("*", one.package))
            or "not looked at"
            for one in listed
        )
        print(f"\n{kind}: {len(listed)}")
        for reason, count in told.most_common():
            print(f"  {count:4} {reason}")
        for one in listed if as_list else ():
            print(f"       {one.project}: {one.package}")


def _show_unguarded(outcomes: list[Outcome]) -> None:
    """Print the recall of unconditional imports, and each one that is missed."""
    all_ = sum(len(one.unguarded) for one in outcomes)
    missed = [one for outcome in outcomes for one in outcome.missed]
    print(f"{all_} modules imported under no condition, {len(missed)} of them not required:")
    print(f"recall {1 - len(missed) / all_:.2%}")
    known = reasons()
    for one in missed:
        reason = known.get((one.project, one.package), "not looked at")
        print(f"       {one.project}: {one.package} at {one.kind}: {reason}")


def main() -> None:
    """Download the projects, analyze each, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="for what is fetched")
    parser.add_argument("--list", action="store_true", help="list all disagreements")
    options = parser.parse_args()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="accuracy."))
    projects = (DATA / "projects.txt").read_text(encoding="utf-8").split()
    places = [fetch(one, folder) for one in projects]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        show(list(workers.map(look_at, places)), as_list=options.list)


if __name__ == "__main__":
    main()
