"""Build the packages of a channel, each at most once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pypackage.backends.host import conda_file, distribution_package, interpreter_package, strip
from pypackage.backends.host.closure import Selected
from pypackage.backends.host.conda_file import Description, Package
from pypackage.backends.host.files import HashedFile, PackageFile, digest, hash_file
from pypackage.backends.host.libraries import Rules, graft_libraries
from pypackage.backends.host.names import PYTHON, conda_name, conda_version
from pypackage.backends.host.own_place import OwnPlace
from pypackage.backends.host.privacy import PathScrubber, private
from pypackage.backends.host.store import Store
from pypackage.core import files
from pypackage.core.elf import Libraries
from pypackage.core.errors import ProcessError, SolveError
from pypackage.core.progress import Reporter, Task
from pypackage.python.compile import Compiler, Module
from pypackage.python.distributions import Distribution
from pypackage.python.interpreter import Interpreter

_FORMAT = 7  # of the packages: increase it to make all of them again

_SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64", "ppc64le": "linux-ppc64le"}


@dataclass(frozen=True)
class _Recipe:
    """How one package is made.

    Attributes:
        key: The cache key, from all that goes into the package.
        key_now: Computes the key from the files as they are now.
        description: The package's metadata, except for the glibc that it needs.
        size: How many files it has, about.
        items: Lists its files on this machine.
        rules: For its shared libraries.
        scrubber: For private paths in its files.
        place: For files that can find their prefix themselves.
        distribution: The distribution that is packed; None for the interpreter.
    """

    key: str
    key_now: Callable[[], str]
    description: Description
    size: int
    items: Callable[[], tuple[PackageFile, ...]]
    rules: Rules
    scrubber: PathScrubber
    place: OwnPlace
    distribution: Distribution | None = None


@dataclass(frozen=True)
class Builder:
    """Makes packages for one interpreter.

    Attributes:
        interpreter: The one that was requested.
        base: Its base interpreter, which is packed.
        store: The finished packages.
        jobs: How many packages are made, and how many processes compile, at a time.
        standard: Requested modules of the standard library.
    """

    interpreter: Interpreter
    base: Interpreter
    store: Store
    jobs: int
    standard: frozenset[str] = frozenset()

    def packages(self, selected: Sequence[Selected], reporter: Reporter) -> list[Package]:
        """Make or look up the packages of the interpreter and of some distributions, in this order.

        Raises:
            SolveError: One of them cannot be made.
        """
        recipes = [self._python(), *(self._distribution(one) for one in selected)]
        found = {recipe.key: self.store.lookup(recipe.key) for recipe in recipes}
        wanting = [recipe for recipe in recipes if not found[recipe.key]]
        if wanting:
            found.update(self._make_all(wanting, reporter))
        return [one for one in (found[recipe.key] for recipe in recipes) if one]

    def _make_all(self, recipes: Sequence[_Recipe], reporter: Reporter) -> dict[str, Package]:
        size = sum(recipe.size for recipe in recipes)
        made = {}
        with (
            reporter.task("making packages of what is installed", size) as task,
            ThreadPoolExecutor(self.jobs) as workers,
            ThreadPoolExecutor(self.jobs) as makers,
        ):
            libraries = Libraries([self.base.library_dir, self.base.base_prefix / "lib"])
            compiler = Compiler(self.base.executable, workers)
            made_by = [
                (recipe, makers.submit(self._make, recipe, compiler, libraries, task))
                for recipe in sorted(recipes, key=lambda recipe: -recipe.size)
            ]
            for recipe, future in made_by:
                made[recipe.key] = future.result()
                reporter.debug(f"packed {made[recipe.key].path.name}")
        return made

    def _make(
        self, recipe: _Recipe, compiler: Compiler, libraries: Libraries, task: Task
    ) -> Package:
        """Make one package; the task advances by its size, as the parts of the work are done."""
        name = recipe.description.name
        try:
            with files.temporary_folder(self.store.root / "making") as folder:
                listed = recipe.items()
                found = [
                    _counted(recipe.place.patch(item), task, 0.2 * recipe.size / len(listed))
                    for item in listed
                ]
                outcome = graft_libraries(found, recipe.rules, libraries, recipe.scrubber, folder)
                # A project under development may be edited twice within the same second.
                edited = bool(recipe.distribution and recipe.distribution.project)
                items = [*outcome.items, *compiled(outcome.items, compiler, installed=not edited)]
                task.advance(0.4 * recipe.size)
                hashed = [
                    _counted(hash_file(item), task, 0.2 * recipe.size / len(items))
                    for item in items
                ]
                hashed += self._record(recipe, hashed)
                description = _with_glibc(recipe.description, outcome.glibc)
                made = conda_file.write(folder, description, hashed, self.jobs)
                task.advance(0.2 * recipe.size)
                # A file edited meanwhile is packed with content that the key does not stand for.
                key = recipe.key if recipe.key_now() == recipe.key else ""
                return self.store.add(key, made, outcome.carried)
        except OSError as error:
            raise SolveError.of(error, f"cannot pack {name}") from error
        except SolveError as error:
            raise SolveError(f"cannot pack {name}: {error.message}", error.hint) from error

    def _record(self, recipe: _Recipe, hashed: Sequence[HashedFile]) -> list[HashedFile]:
        if recipe.distribution is None:
            return []
        site = interpreter_package.site_packages(self.base)
        item = distribution_package.record(recipe.distribution, site, hashed)
        return [hash_file(item)] if item else []

    def _python(self) -> _Recipe:
        base = self.base
        items = interpreter_package.items(base, self.standard)
        scrubber = interpreter_package.scrubber(base)
        # A folder of its own: packages of other channels have libraries of the same names.
        folder = f"lib/{base.stdlib.name}/host.libs"
        rules = Rules(folder, base.markers["platform_machine"], self._roots(base.base_prefix))
        description = Description(
            PYTHON,
            conda_version(base.version),
            (),
            self.store.subdir,
            license="PSF-2.0",
            site_packages=interpreter_package.site_packages(base),
        )
        rules = replace(rules, bare=True, whole="_tkinter")
        paths = (scrubber.others, scrubber.homes)

        def key() -> str:
            told = [*paths, strip.is_possible(), _states(items)]
            return digest([_FORMAT, self._identity(), *told])

        place = interpreter_package.own_place(base)
        return _Recipe(key(), key, description, len(items), lambda: items, rules, scrubber, place)

    def _distribution(self, selected: Selected) -> _Recipe:
        one, base = selected.distribution, self.base
        site = interpreter_package.site_packages(base)
        prefix = distribution_package.prefix_of(one)
        prefixes = private((self.interpreter.prefix, base.base_prefix, prefix or ""))
        scrubber = PathScrubber(prefixes, *distribution_package.origin(one))
        rules = Rules(
            f"{site}/{conda_name(one.name)}.libs",
            base.markers["platform_machine"],
            ((one.root, site), *self._roots(prefix, self.interpreter.prefix)),
            tuple(path.resolve() for path in self.interpreter.search_path if path.is_dir()),
        )
        description = Description(
            conda_name(one.name),
            conda_version(one.version),
            (*selected.depends, f"{PYTHON} =={conda_version(base.version)}"),
            self.store.subdir,
            f"py{base.major_minor.replace('.', '')}_",
            one.license,
        )
        told = [_FORMAT, self._identity(), description.depends, one.version]
        origin = (scrubber.others, scrubber.homes)

        def key() -> str:
            return digest([*told, distribution_package.states(one), origin])

        size = len(one.files)
        items = partial(distribution_package.items, one, site, interpreter_package.program(base))
        place = OwnPlace(prefixes)
        return _Recipe(key(), key, description, size, items, rules, scrubber, place, one)

    def _identity(self) -> list[str]:
        """Return what influences every package made for the interpreter, as part of its key."""
        base = self.base
        paths = (self.interpreter.prefix, base.base_prefix, base.stdlib)
        return [base.version, base.extension_suffix, *map(str, paths)]

    def _roots(self, *prefixes: Path | None) -> tuple[tuple[Path, str], ...]:
        return tuple((Path(path), "") for path in private(p for p in prefixes if p))


def subdir(interpreter: Interpreter) -> str:
    """Return the conda platform of an interpreter.

    Raises:
        SolveError: The host channel does not support it.
    """
    machine = interpreter.markers["platform_machine"]
    if machine not in _SUBDIRS:
        raise SolveError(f"the host channel does not serve machines of type {machine}")
    return _SUBDIRS[machine]


def _states(items: Sequence[PackageFile]) -> list[object]:
    return [[item.path, _state(item.source) if item.source else item.link] for item in items]


def _state(path: Path) -> list[object]:
    status = os.stat(path)
    return [str(path), status.st_size, status.st_mtime_ns, status.st_mode]


_T = TypeVar("_T")


def _counted(made: _T, task: Task, amount: float) -> _T:
    """Advance a task and return what was made."""
    task.advance(amount)
    return made


def compiled(
    items: Iterable[PackageFile], compiler: Compiler, *, installed: bool = False
) -> list[PackageFile]:
    """Compile the modules among some items to byte code; those that fail to compile get none.

    Items with a placeholder are left out, since byte code cannot be rewritten.

    Args:
        installed: Whether valid byte code beside a module is reused.

    Raises:
        SolveError: The interpreter cannot be run.
    """
    modules = [
        Module(item.path, item.source or Path(), item.content, installed=installed)
        for item in items
        if item.path.endswith(".py")
        and item.path.startswith("lib")
        and not (item.placeholder or item.link)
    ]
    try:
        found = compiler.compile(modules)
    except ProcessError as error:
        raise SolveError("cannot compile to byte code", str(error)) from error
    return [
        PackageFile(place, content=code) for place, code in found.items() if isinstance(code, bytes)
    ]


def _with_glibc(description: Description, glibc: tuple[int, int]) -> Description:
    need = [f"__glibc >={glibc[0]}.{glibc[1]}"] if glibc > (0, 0) else []
    return replace(description, depends=tuple(sorted((*description.depends, *need))))
