"""Analyze programs: from their sources to the packages they need."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pypackage.analysis import source_files
from pypackage.analysis.analyzer import Analyzer, Scope
from pypackage.analysis.findings import Analysis
from pypackage.analysis.resolution.model import Origin, Resolved
from pypackage.core.errors import InputPathError
from pypackage.core.progress import SILENT, Reporter
from pypackage.core.reading import read_input
from pypackage.core.typed import TYPE_CHECKING, NamedTuple
from pypackage.python import stdlib
from pypackage.requirements.model import Requirements

if TYPE_CHECKING:
    from typing import Any

    from pypackage.analysis.needs import Implied
    from pypackage.analysis.resolution.model import Pin
    from pypackage.analysis.source_files import Source
    from pypackage.python.interpreter import Environment
    from pypackage.requirements.formats import Declarations

_INLINE = b"# /// script"
_INSTALLS = (b"pip install", b"conda install", b"mamba install", b"get_ipython().")


class ResolveOptions(NamedTuple):
    """How packages are chosen.

    Attributes:
        declared: Files that declare versions: pyproject.toml, requirements.txt, environment.yml.
        mapping: Packages of modules, given by the user.
        extra: Packages that no import shows.
        pin: How much of an installed version is required.
        pip_only: Whether to name all packages as PyPI does.
    """

    declared: Sequence[str] = ()
    mapping: Mapping[str, str] = {}
    extra: Sequence[str] = ()
    pin: Pin = "exact"
    pip_only: bool = False


class Needs(NamedTuple):
    """What programs need, and what this was derived from.

    Attributes:
        requirements: What they need.
        analysis: What they import.
        origins: How each package is known.
    """

    requirements: Requirements
    analysis: Analysis
    origins: tuple[Origin, ...] = ()


def analyze(
    named: Sequence[str],
    *,
    modules: Sequence[str] = (),
    python: str | None = None,
    scope: Scope = Scope(),  # noqa: B008 (a tuple)
    options: ResolveOptions = ResolveOptions(),  # noqa: B008 (a tuple)
    reporter: Reporter = SILENT,
    stdin: bytes | None = None,
) -> Needs:
    """Find what programs need.

    Args:
        named: Python files, notebooks and folders; `-` for stdin.
        modules: Names of modules that are run by `python -m`, or of console scripts.
        python: The target: a version, or the name or path of an interpreter; by default the
            `python3` on PATH.
        scope: Which imports count.
        options: How packages are chosen.
        stdin: The content of stdin, if it has been read already.

    Raises:
        InputPathError: Something cannot be read, or there is no such interpreter.
        SourceError: A source is not Python.
        RequirementsError: A declaration or the name of a package is invalid.
        UsageError: There is no such function.
    """
    target = Target(python, reporter)
    contents = _Contents(stdin)
    with _collector_paused():
        analyzer = _analyzer(target, scope, reporter, contents, options)
        analyzer.add(named, contents)
        for module in modules:
            analyzer.add_module(module)
        analysis = analyzer.result()
        implied = _implied(analyzer, analysis, contents)
        implied += _of_configs(analyzer, analysis, contents)
        analyzer.keep_facts()
        needed = _without_packages(analysis, implied, target.version)
        _warn_of_absent(needed.standard, target, reporter)
        found = find_packages(
            analysis.modules,
            target.version,
            target.installed,
            options,
            contents.declared(options.declared),
            reporter,
            [one for one in implied if one.modules[0] not in target.standard()],
        )
    return Needs(with_found(needed, found), analysis, found.origins)


def _analyzer(
    target: Target, scope: Scope, reporter: Reporter, contents: _Contents, options: ResolveOptions
) -> Analyzer:
    return Analyzer(
        target.version,
        target.standard(),
        target.installed,
        scope,
        reporter,
        lambda module: contents.names_package(module, options),
    )


def _without_packages(analysis: Analysis, implied: Sequence[Implied], version: str) -> Requirements:
    """What programs need, without packages."""
    standard = {*analysis.standard, *(one.modules[0] for one in implied)}
    return Requirements(
        python=version,
        modules=tuple(analysis.modules),
        optional=analysis.reasons,
        local=analysis.local,
        submodules=analysis.submodules,
        standard=tuple(sorted(filter(stdlib.is_often_left_out, standard))),
    )


def _warn_of_absent(modules: Sequence[str], target: Target, reporter: Reporter) -> None:
    """Warn about standard library modules that this interpreter lacks."""
    environment = target.installed() if modules else None
    for module in stdlib.absent(modules, environment) if environment else ():
        how = "" if module == "test" else ": install python3-tk, or a Python built with Tcl/Tk"
        reporter.warning(f"{module} is not in the standard library of this Python{how}")


def with_found(needed: Requirements, found: Resolved) -> Requirements:
    """Add packages to requirements."""
    return needed._replace(channels=found.channels, dependencies=found.dependencies, pip=found.pip)


def find_packages(
    modules: Mapping[str, frozenset[str]],
    version: str,
    installed: Callable[[], Environment | None],
    options: ResolveOptions,
    declared: Declarations | None,
    reporter: Reporter,
    implied: Sequence[Implied] = (),
) -> Resolved:
    """Find the packages that modules come from, and report warnings.

    Args:
        modules: The modules, each with the dotted names imported from it.
        version: The target's Python version.
        installed: Finds the target's environment; called only when needed.
        options: How packages are chosen.
        declared: The declarations; None if there are none.
        implied: Needs that no import shows.

    Raises:
        RequirementsError: The name of a package is invalid.
    """
    if not (modules or options.extra or implied) and declared is None:
        return Resolved()  # without loading the resolver
    from pypackage.analysis.resolution import resolve
    from pypackage.requirements.formats import Declarations

    found = resolve.resolve(
        modules,
        installed(),
        declared=declared or Declarations(),
        mapping=options.mapping,
        extra=options.extra,
        implied=implied,
        pin=options.pin,
        python=version,
        pip_only=options.pip_only,
    )
    for warning in found.warnings:
        reporter.warning(warning)
    return found


def _implied(analyzer: Analyzer, analysis: Analysis, contents: _Contents) -> list[Implied]:
    """The needs that no import shows, except modules that are imported or the user's own."""
    from pypackage.analysis import needs

    files = {
        (path, label): needs.modules_of(label, its, analysis.modules)
        for (path, label), its in analysis.entries.by_file().items()
    }
    if not (contents.notebooks or any(map(needs.is_relevant, files.values()))):
        return []
    own = {os.path.basename(one).partition(".")[0] for one in analysis.local}
    imported = {*analysis.modules, *own}
    rules = needs.unmet(imported)
    triggers = tuple((kind, one.trigger) for kind, listed in rules.items() for one in listed)

    def look_into(file: needs.File) -> list[tuple[object, ...]]:
        if file.label not in contents.notebooks and not needs.may_show(file, rules):
            return []
        from pypackage.analysis import implied

        return [tuple(one) for one in implied.in_file(file, analysis.modules)]

    found: list[tuple[Any, ...]] = []
    for (path, label), names in files.items():
        if label in contents.notebooks:
            found += look_into(needs.File(label, contents.notebooks[label], names))
        elif needs.is_relevant(names):

            def look(path: str = path, label: str = label, names: frozenset[str] = names) -> Any:
                return look_into(needs.File(label, contents.read(path, label), names))

            its = analyzer.fact("implied", path, (label, tuple(sorted(names)), triggers), look)
            if path and needs.is_of_framework(label):
                its = [one for one in its if not analyzer.is_own(one[2][0], path)]
            found += its
    return [
        one
        for one in needs.distinct(needs.Implied(*values) for values in found)
        if imported.isdisjoint(module.partition(".")[0] for module in one.modules)
    ]


def _of_configs(analyzer: Analyzer, analysis: Analysis, contents: _Contents) -> Iterator[Implied]:
    """The packages that Hydra's configs name and nothing imports."""
    if "hydra" not in analysis.modules:
        return
    from pypackage.analysis import hydra_configs

    told = set(analysis.modules)
    for (path, label), names in analysis.entries.by_file().items():
        if any(name.partition(".")[0] == "hydra" for name in names):
            for one in hydra_configs.named(path, contents.read(path, label)):
                top = one.modules[0].partition(".")[0]
                if top not in told and not analyzer.is_own(one.modules[0], path):
                    told.add(top)
                    yield one


class Target:
    """The Python to analyze programs for.

    Args:
        python: A version, the name or path of an interpreter, or None for the default one.
        reporter: Receives a warning if the version's standard library is unknown.

    Attributes:
        version: Its version.

    Raises:
        InputPathError: There is no such interpreter.
    """

    def __init__(self, python: str | None, reporter: Reporter = SILENT) -> None:
        self._named = python
        self._reporter = reporter
        self._standard: frozenset[str] | None = None
        self._alone = bool(python and re.fullmatch(r"\d+\.\d+(\.\d+)?((a|b|rc)\d+)?", python))
        self._environment: Environment | None = None
        self.version = python if python and self._alone else self._found().version

    def standard(self) -> frozenset[str]:
        """The top-level modules of its standard library."""
        if self._standard is None:
            self._standard = stdlib.names(self.version, self._telling())
        return self._standard

    def _telling(self) -> Environment | None:
        """An interpreter to ask for the standard library, if the version's is not known here."""
        if stdlib.is_known(self.version):
            return None
        try:
            return self._found()
        except InputPathError:
            what = f"Python {self.version} is not known and not on PATH"
            self._reporter.warning(f"{what}: using the newest standard library that is known")
            return None

    def installed(self) -> Environment | None:
        """The environment whose packages count; None if only a version is given."""
        return None if self._alone else self._found()

    def _found(self) -> Environment:
        if self._environment is None:
            from pypackage.python import interpreter

            self._environment = interpreter.environment(self._named)
        return self._environment


class _Contents:
    """Reads the sources, and remembers those with inline declarations (PEP 723, `%pip`)."""

    def __init__(self, stdin: bytes | None) -> None:
        self._stdin = stdin
        self.notebooks: dict[str, bytes] = {}
        self._declaring: list[tuple[str, bytes]] = []

    def __call__(self, source: Source) -> bytes:
        content = source_files.read(source.path, source.label) if source.path else self._of_stdin()
        if not source.tree and (_INLINE in content or any(one in content for one in _INSTALLS)):
            self._declaring.append((source.label, content))
        if source.label.endswith(".ipynb"):
            self.notebooks[source.label] = content
        return content

    def read(self, path: str, label: str) -> bytes:
        """Read a file of the program again; empty if it no longer exists."""
        try:
            return source_files.read(path, label) if path else b""
        except InputPathError:
            return b""

    def _of_stdin(self) -> bytes:
        return read_input("-") if self._stdin is None else self._stdin

    def declared(self, files: Sequence[str]) -> Declarations | None:
        """Everything declared in the sources and in some files; None if there is nothing."""
        if not self._declaring and not files:
            return None
        from pypackage.analysis import installs
        from pypackage.requirements import formats

        parts = [installs.declare(content, label) for label, content in self._declaring]
        return formats.merge([*parts, *(formats.read(file) for file in files)])

    def names_package(self, module: str, options: ResolveOptions) -> bool:
        """Whether a package for a module is declared so far, or given by the user's mapping."""
        from pypackage.core import package_names

        top = module.partition(".")[0]
        if top in options.mapping or module in options.mapping:
            return True
        declared = self.declared(options.declared)
        if declared is None:
            return False
        packages = {package_names.normalize(top), *(one.pypi for one in package_names.find(module))}
        return not packages.isdisjoint(declared.requirements)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the garbage collector: an analysis makes many objects, and keeps most of them."""
    import gc

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
