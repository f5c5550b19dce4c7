"""Compile every module of an environment, so that no task has to.

Byte code is compiled once per package and cached, by the digests of the package and the
interpreter. Byte code that was left in the environment, which contains this machine's paths and
times, does not get into the archive.
"""

from __future__ import annotations

import marshal
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from pypackage.archive import members, tar_stream
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.core import platforms
from pypackage.core.errors import ProcessError
from pypackage.core.progress import Reporter
from pypackage.core.store import Store
from pypackage.python.compile import ByteCode, Compiler, Module

_FORMAT = 2  # part of the cache keys: a new number compiles everything again
_OLDEST = (3, 7)  # the first Python with hash-based byte code, which has no timestamp

_NONE = "no byte code is added, tasks will have to compile"

_PYC = re.compile(r"(.*/)__pycache__/([^/]+)\.(?!opt-)[^./]+(?:\.opt-[^./]+)?\.pyc")


def complete(
    contents: Contents, prefix: Path, store: Store, workers: int, reporter: Reporter
) -> Contents:
    """Add byte code for all modules that lack byte code which is always valid.

    Modules that contain the environment's path get none: they are rewritten on the worker.

    Args:
        contents: What goes into the archive.
        prefix: The environment, whose own interpreter compiles.
        store: The cache of byte code.
        workers: The number of processes.
    """
    python = next((p for p in contents.packages if p.name == "python"), None)
    if python is None or not _is_able(python, reporter):
        return contents
    groups = [group for group in _groups(contents) if group.modules]
    keys = [group.key(python) for group in groups]
    kept = [_load(store, key) for key in keys]
    missing = [index for index, code in enumerate(kept) if code is None]
    if missing:
        try:
            made = _compile([groups[i] for i in missing], prefix / "bin/python", workers, reporter)
        except ProcessError as error:
            reporter.warning(f"{_NONE}: {error}")
            return contents
        for index, code in zip(missing, made, strict=True):
            kept[index] = code
            _save(store, keys[index], code)
    return _with(contents, zip(groups, kept, strict=True))


def _is_able(python: Package, reporter: Reporter) -> bool:
    """Whether an environment's interpreter runs here, and supports hash-based byte code."""
    version = tuple(int(number) for number in re.findall(r"\d+", python.version)[:2])
    if version < _OLDEST:
        reporter.debug(f"Python {python.version} checks the times of its byte code: none is added")
        return False
    if python.subdir != platforms.here():
        reporter.warning(f"{_NONE}: Python for {python.subdir} does not run here")
        return False
    return True


_Code = dict[str, ByteCode]


@dataclass(frozen=True)
class _Group:
    """The modules of one package, or of one folder that belongs to no package.

    Attributes:
        package: The package's digest, empty if unknown.
        modules: The entries of the modules.
        formers: The entries of existing byte code, by the module's target.
    """

    package: str
    modules: Sequence[Entry]
    formers: Mapping[str, Sequence[Entry]]

    def key(self, python: Package) -> str:
        """The cache key: a digest of everything that the byte code depends on."""
        digest = sha256(repr((_FORMAT, python, self.package)).encode())
        for module in self.modules:
            for entry in (module, *self.formers.get(module.target, ())):
                digest.update(tar_stream.cache_key(entry, bool(self.package)))
        return digest.hexdigest()

    def job(self) -> list[Module]:
        return [
            Module(
                entry.target,
                Path(entry.source or ""),
                entry.data,
                {
                    former.target: Path(former.source)
                    for former in self.formers.get(entry.target, ())
                    if former.pristine and former.source
                },
            )
            for entry in self.modules
        ]


def _groups(contents: Contents) -> Iterator[_Group]:
    """The modules that need byte code, by package."""
    digests = {package.name: package.sha256 for package in contents.packages}
    rewritten = {relocation.path for relocation in contents.relocations}
    modules: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        if _is_module(entry) and entry.target not in rewritten:
            modules[members.owner(entry)].append(entry)
    formers: dict[str, list[Entry]] = defaultdict(list)
    for entry in contents.entries:
        if source := _source(entry.target):
            formers[source].append(entry)
    for (name, _), found in modules.items():
        yield _Group(digests.get(name, ""), found, formers)


def _is_module(entry: Entry) -> bool:
    return entry.target.endswith(".py") and entry.target.startswith("lib/") and not entry.link


def _source(target: str) -> str:
    """The module that a file is byte code of; empty if the file is not byte code."""
    found = "/__pycache__/" in target and _PYC.fullmatch(target)
    return f"{found[1]}{found[2]}.py" if found else ""


def _compile(
    groups: Sequence[_Group], python: Path, workers: int, reporter: Reporter
) -> list[_Code]:
    total = sum(len(group.modules) for group in groups)
    with reporter.task("compiling", total) as task, ThreadPoolExecutor(workers) as processes:
        compiler = Compiler(python, processes)

        def compiled(group: _Group) -> _Code:
            code = compiler.compile(group.job())
            task.advance(len(group.modules))
            return code

        with ThreadPoolExecutor(workers) as makers:
            return list(makers.map(compiled, groups))


def _with(contents: Contents, found: Iterable[tuple[_Group, _Code | None]]) -> Contents:
    """Add byte code to the contents, and remove what is only valid in its present place."""
    modules = {entry.target for entry in contents.entries if _is_module(entry)}
    rewritten = {relocation.path for relocation in contents.relocations}
    added, valid = [], set(rewritten)
    for group, code in found:
        by_target = {module.target: module for module in group.modules}
        for place, content in (code or {}).items():
            if isinstance(content, bytes):
                package = by_target[_source(place)].package
                added.append(Entry(place, None, content, package=package, mode=0o644))
            elif content:
                valid.add(place)
    kept = [
        entry
        for entry in contents.entries
        if _source(entry.target) not in modules or entry.target in valid
    ]
    entries = sorted([*kept, *added], key=lambda entry: entry.target)
    return replace(contents, entries=tuple(entries))


def _load(store: Store, key: str) -> _Code | None:
    """Load cached byte code; None if there is none or it is damaged."""
    file = store.open(key)
    if file is None:
        return None
    try:
        with file:
            digest, content = file.read(32), file.read()
        if sha256(content).digest() != digest:
            return None
        code: _Code = marshal.loads(content)
    except (OSError, EOFError, ValueError, TypeError):
        return None
    return code


def _save(store: Store, key: str, code: _Code) -> None:
    """Cache byte code; failing to write it is not an error."""
    content = marshal.dumps(code)
    try:
        with store.new(key) as file:
            file.write(sha256(content).digest() + content)
    except OSError:
        return
