"""Find what programs import, following the imports of the user's own modules."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from pypackage.analysis import source_files
from pypackage.analysis.classify import Classifier, Kind
from pypackage.analysis.diagnostics import Diagnostics, shown
from pypackage.analysis.exports import Exported
from pypackage.analysis.finder import Finder, Located
from pypackage.analysis.findings import Analysis, Findings
from pypackage.analysis.foreign_flags import ForeignFlags
from pypackage.analysis.imports import Import, Remark, Scan, Why, scan, target_of
from pypackage.analysis.modules import Unit, Units
from pypackage.analysis.search_path import Root, SitePackages
from pypackage.analysis.source_files import Source
from pypackage.core.errors import InputPathError, SourceError, UsageError
from pypackage.core.progress import SILENT, Reporter
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Any

    from pypackage.analysis.scan_cache import Facts
    from pypackage.python.interpreter import Environment

_MOST_ROOTS = 16  # search paths for the imports of one file: each change of sys.path makes another
_MANY = 200  # sources from which on it is faster to scan them all together


class Scope(NamedTuple):
    """Which imports count, and where the user's own modules are searched for.

    Attributes:
        path: Additional folders to search for the user's own modules.
        function: Count only what this function or `Class.method` needs; empty for everything.
        toplevel: Ignore imports in functions.
        keep_going: Report and skip named sources that cannot be read or parsed, as is done for
            files found in folders.
        strict: Treat files found in folders that cannot be read or parsed as errors.
    """

    path: tuple[str, ...] = ()
    function: str = ""
    toplevel: bool = False
    keep_going: bool = False
    strict: bool = False


Contents = Callable[[Source], bytes]
Key = tuple[str | int, str, str]  # an import: where it is looked for, its module and name


class Analyzer:
    """Analyzes programs for one target.

    Args:
        version: The target's Python version, `3.11` or `3.11.7`.
        standard: The top-level modules of its standard library.
        find: Finds its environment; called only when what is installed matters.
        scope: Which imports count.
        declares: Whether the program's author or the user names a package for a module.
    """

    def __init__(
        self,
        version: str,
        standard: frozenset[str],
        find: Callable[[], Environment | None],
        scope: Scope = Scope(),  # noqa: B008 (a tuple)
        reporter: Reporter = SILENT,
        declares: Callable[[str], bool] = lambda module: False,
    ) -> None:
        self._target = target_of(version)
        self._scope = scope
        self._reporter = reporter
        self._diagnostics = Diagnostics(reporter)
        self._facts: Facts | None = None  # cached on disk; only for large trees
        self._finder = Finder(Exported(lambda path: source_files.read(path, path), self.fact))
        self._site = site = SitePackages(find, self._finder)
        self._classifier = Classifier(standard, self._finder, site, self._diagnostics, declares)
        self._units = Units(self._finder, tuple(os.path.realpath(one) for one in scope.path))
        self._findings = Findings()
        self._foreign_flags = ForeignFlags(self._classifier, self._scanned, self._findings)
        self._queue: deque[tuple[Unit, Scan]] = deque()
        self._seen: dict[str, set[tuple[str, ...]]] = {}
        self._scans: dict[str, Scan] = {}
        self._changing: dict[str, Scan] = {}  # local files that change sys.path
        self._paths: set[str] = set()  # folders that files add to sys.path
        self._named: set[str] = set()
        self._contexts: dict[tuple[object, ...], int] = {}
        self._siblings: dict[str, frozenset[str]] = {}  # names that each file imports relatively
        self._known: dict[Key, Kind] = {}
        self._settled: dict[tuple[int, str, bool], set[Key]] = {}
        self._pending: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}

    # --- what is analyzed ----------------------------------------------------------------

    def add(self, named: Sequence[str], contents: Contents) -> None:
        """Add sources.

        Args:
            named: Python files, notebooks and folders; `-` for stdin.
            contents: Returns the content of a source.

        Raises:
            InputPathError: A source does not exist, or cannot be read.
            SourceError: A source is not valid Python.
            UsageError: No source has the requested function.
        """
        found = source_files.find(named, self._finder.folder_names)
        missing: list[UsageError] = []
        self._named.update(source.path for source in found)
        if not (self._scope.function or self._scope.strict):
            self._scan_many([source.path for source in found if source.tree])
        for source in found:
            try:
                self._add(source, contents)
            except UsageError as error:
                missing.append(error)
            except (SourceError, InputPathError) as error:
                if self._ends(met=bool(source.tree)):
                    if len(found) > 1:
                        other = "--keep-going leaves out what cannot be read or parsed"
                        error.hint = f"{error.hint}\n{other}".lstrip()
                    raise
                self._reporter.warning(f"{error.message}; left out")
        if missing and len(missing) == len(found):
            raise missing[0]

    def _ends(self, *, met: bool) -> bool:
        """Whether a source that cannot be read is an error; by default only a named one is."""
        return self._scope.strict if met else not self._scope.keep_going

    def _scan_many(self, paths: Sequence[str]) -> None:
        """Scan the files of folders in several processes if there are many."""
        if len(paths) >= _MANY:
            from pypackage.analysis import parallel, scan_cache

            self._facts = scan_cache.Facts(scan_cache.tree_of(paths), self._target)
            with self._reporter.task("reading the sources", len(paths)) as task:
                self._scans.update(parallel.scan_files(paths, self._target, task))

    def fact(self, kind: str, path: str, question: object, find: Callable[[], Any]) -> Any:
        """Return a fact about a file, cached on disk for large trees; see `Facts.get`."""
        return self._facts.get(kind, path, question, find) if self._facts else find()

    def _add(self, source: Source, contents: Contents) -> None:
        scanned = self._scans.get(source.path) if source.path else None
        if scanned is None:
            content = contents(source)
            scanned = scan(content, source.label, self._target, function=self._scope.function)
        self._begin(self._units.of_source(source), scanned)

    def add_module(self, name: str) -> None:
        """Add a module, as `python -m` runs it, or a console script, by name.

        Raises:
            InputPathError: There is no module or console script of that name.
        """
        unit = self._units.of_name(f"-m {name}")
        module = name if all(part.isidentifier() for part in name.split(".")) else ""
        if module and self._is_anywhere(unit, module):
            for one in self._run_as(unit, module):
                self._begin(unit, Scan((one,)))
            return
        from pypackage.analysis import entry_points

        module = self._site.script(name) or entry_points.of_project(unit.folder).get(name, "")
        if not module:
            hint = "name a module, or a console script of the target's environment"
            raise InputPathError(f"no module or console script {name!r}", hint)
        self._begin(unit, Scan((Import(module, "", 1, 1),)))

    def _run_as(self, unit: Unit, module: str) -> Iterator[Import]:
        """Yield what `-m` runs: the module, or the scripts of a package that has no `__main__`.

        Raises:
            InputPathError: A local package has no `__main__` and no scripts.
        """
        kind, located = self._classifier.absolute(unit, Import(module, "", 1, 1))
        late = (*unit.late, *self._site.editable)
        roots = (*unit.roots, *(root.folder for root in late if root.only in ("", module)))
        if kind != "local" or located is None or self._finder.runs(module, roots):
            yield Import(module, "__main__", 1, 1)
            return
        from pypackage.analysis import entry_points

        scripts = entry_points.of_project(os.path.dirname(located.tops[0]))
        its = {
            name: target
            for name, target in scripts.items()
            if f"{target}.".startswith(f"{module}.")
        }
        if not its:
            what = "it has no __main__, and no script is declared for it"
            raise InputPathError(f"{module} cannot be run: {what}", "name one of its modules")
        same = [target for name, target in its.items() if name.replace("-", "_") == module]
        for target in dict.fromkeys(same or its.values()):
            yield Import(target, "", 1, 1)

    def add_imports(
        self,
        label: str,
        imports: Sequence[Import],
        roots: Sequence[str],
        late: tuple[Root, ...] = (),
    ) -> None:
        """Add imports that are in no file.

        Args:
            label: Where they come from, for messages.
            imports: The imports.
            roots: The folders to search for the user's own modules.
            late: The folders to search after the standard library.
        """
        folder = roots[0] if roots else ""
        unit = Unit("", label, tuple(roots), late, folder, folder)
        self._begin(unit, Scan(tuple(imports)))

    def _is_anywhere(self, unit: Unit, module: str) -> bool:
        top = module.partition(".")[0]
        kind, _ = self._classifier.absolute(unit, Import(module, "", 1, 1))
        if kind != "package":
            return True
        if self._site.environment is not None:
            return self._site.has(top)
        from pypackage.core import package_names

        return bool(package_names.find(top))

    # --- following imports ----------------------------------------------------------------

    def _begin(self, unit: Unit, scanned: Scan) -> None:
        self._findings.add_edge("", unit.path)
        self._take(unit, scanned)
        while self._queue:
            self._take(*self._queue.popleft())

    def _take(self, unit: Unit, scanned: Scan) -> None:
        """Process the imports of one file, unless that has been done."""
        seen = self._seen.setdefault(unit.path, set())
        if unit.path and (unit.roots in seen or len(seen) == _MOST_ROOTS):
            return
        seen.add(unit.roots)
        self._findings.files.append((unit.path, unit.label))
        self._diagnostics.of_source(unit.label, scanned)
        if scanned.paths:
            unit = unit.with_paths(scanned)
            self._paths.update(scanned.paths)
        context, settled = self._context(unit)
        path, label, *_ = unit
        required, optional = Why.REQUIRED, Why.OPTIONAL
        known, found, nowhere = self._known, self._findings.raw, ("unresolved", None)
        for one in scanned.imports:  # there may be hundreds of thousands
            module, name, _, _, why, _, deferred, _, _, flags = one
            if deferred and self._scope.toplevel:
                continue
            kind: Kind = nowhere
            if why is required or why is optional:
                if flags:
                    one = self._foreign_flags.guarded(unit, one)
                    if not one.why.counts:
                        continue
                # Within one context, an import resolves the same way for every file.
                key = (unit.folder if module[0] == "." else context, module, name)
                kind = known.get(key) or nowhere
                if kind is nowhere:
                    kind = known[key] = self._classifier.kind(unit, one, context)
                meant = one
                if kind[0] == "package" and self._is_beside(unit, scanned, one.top):
                    kind, meant = self._classifier.own(unit, one) or (kind, one)
                if kind[1] is not None:
                    if key not in settled and self._follow(unit, meant, kind[1]) and meant is one:
                        settled.add(key)
                    if self._changing and not deferred:
                        changed = self._changed_by(unit, kind[1])
                        if changed is not unit:
                            unit = changed
                            context, settled = self._context(unit)
            found.append((path, label, one, kind[0]))

    def _is_beside(self, unit: Unit, scanned: Scan, top: str) -> bool:
        """Whether a module of this name is beside the file, or is meant to be built there."""
        stem = os.path.basename(unit.path).partition(".")[0]
        if not unit.path or stem == top:  # a file that imports its own name means a package
            return False
        if unit.path not in self._siblings:
            relative = (one for one in scanned.imports if one.module[0] == ".")
            names = (one.module.lstrip(".").partition(".")[0] or one.name for one in relative)
            self._siblings[unit.path] = frozenset((f"_{stem}", *names))
        return self._finder.has_package(top, (unit.folder,)) or top in self._siblings[unit.path]

    def _context(self, unit: Unit) -> tuple[int, set[Key]]:
        """The number of a file's search context, and the imports already followed in it."""
        context = self._contexts.setdefault((unit.roots, unit.late), len(self._contexts))
        key = (context, unit.base, bool(unit.top))
        if key not in self._settled:
            self._settled[key] = set()
        return context, self._settled[key]

    def _changed_by(self, unit: Unit, located: Located) -> Unit:
        """A file's unit after it imports a local module that may change sys.path."""
        for file in located.files:
            scanned = self._changing.get(file)
            if scanned and not set(scanned.paths) <= set(unit.roots):
                unit = unit.with_paths(scanned)
        return unit

    def _follow(self, unit: Unit, one: Import, located: Located) -> bool:
        """Record a local module and queue its files; return whether it had none to queue."""
        if not (unit.top and one.module.startswith(".")):
            self._findings.local.update(located.tops)
        unnamed = self._unnamed(located.files)
        for file, path in unnamed:
            self._findings.add_edge(unit.path, path, one)
            if unit.roots not in self._seen.get(path, ()):
                top = located.tops[0] if located.tops else unit.top
                folder = os.path.dirname(path)
                inner = unit._replace(path=path, label=shown(file), folder=folder, top=top)
                scanned = self._scanned(inner)
                if scanned is not None:
                    self._queue.append((inner, scanned))
                    if scanned.paths:
                        self._changing[file] = scanned
        return not unnamed

    def _unnamed(self, files: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Those of some files that are not named as sources, each with its real path."""
        if files not in self._pending:
            other = (file for file in files if file not in self._named)
            pairs = ((file, os.path.realpath(file)) for file in other)
            self._pending[files] = tuple(pair for pair in pairs if pair[1] not in self._named)
        return self._pending[files]

    def _scanned(self, unit: Unit) -> Scan | None:
        """The scan of one of the user's files; None if it cannot be read or parsed."""
        if unit.path not in self._scans:
            try:
                self._scans[unit.path] = self._read(unit)
            except InputPathError as error:
                self._diagnostics.warn(error.message)
                return None
            except SourceError as error:
                if self._ends(met=unit.met):
                    raise
                self._diagnostics.warn(error.message)
                return None
        return self._scans[unit.path]

    def _read(self, unit: Unit) -> Scan:
        def read() -> Scan:
            content = source_files.read(unit.path, unit.label)
            return scan(content, unit.label, self._target)

        if self._facts is None:
            return read()
        from pypackage.analysis.parallel import packed, unpacked

        question = (unit.label, os.getcwd())  # relative paths in a scan are relative to these
        return unpacked(self._facts.get("scan", unit.path, question, lambda: packed(read())))

    # --- the result ----------------------------------------------------------------------

    def is_own(self, module: str, settings: str) -> bool:
        """Whether a module named in a settings file (given by its path) is the user's own."""
        unit = self._units.of_settings(settings, sorted(self._paths))
        return self._classifier.absolute(unit, Import(module, "", 1, 1))[0] == "local"

    def keep_facts(self) -> None:
        """Save the facts about files for the next analysis."""
        if self._facts is not None:
            self._facts.save()

    def result(self) -> Analysis:
        """Return the findings."""
        analysis = self._findings.result(
            cache(lambda one: self._classifier.standing(one, self._target))
        )
        for fork in analysis.undecided:
            what = (
                f"one of {', '.join(fork.modules)} is needed, but no package is known of any;"
                " --pkg-mapping names one, or --extra-pkg adds it"
            )
            remark = Remark(fork.first.line, fork.first.column, what, fork.first.cell)
            self._diagnostics.of_source(fork.label, Scan(remarks=(remark,)))
        self._diagnostics.more()
        return analysis
