"""The functions for Python programs: what the executables do, with values in and out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pypackage.analysis.analyzer import Scope
from pypackage.core.errors import UsageError
from pypackage.core.progress import SILENT, Reporter
from pypackage.pipeline import analyze as programs
from pypackage.pipeline.analyze import ResolveOptions
from pypackage.python import interpreter
from pypackage.requirements.model import Requirements, dumps

if TYPE_CHECKING:
    from pathlib import Path

    from pypackage.analysis.resolution.resolve import Pin
    from pypackage.pipeline.child import Given, Option


def analyze(
    *sources: str | os.PathLike[str],
    modules: Sequence[str] = (),
    python: str | None = None,
    path: Sequence[str | os.PathLike[str]] = (),
    function: str = "",
    toplevel: bool = False,
    keep_going: bool = False,
    declared: Sequence[str | os.PathLike[str]] = (),
    mapping: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    pin: Pin = "exact",
    reporter: Reporter = SILENT,
) -> Requirements:
    """Find what programs need; nothing of them is imported or run.

    Args:
        *sources: Python files, notebooks and folders.
        modules: Modules that are run by `python -m`, or console scripts, by their names.
        python: The target: a version, or the name or path of an interpreter; by default the
            one that runs this.
        path: Folders in which local modules are looked for as well.
        function: Only what this function or `Class.method` needs.
        toplevel: Whether to leave out what functions import when they run.
        keep_going: Whether to leave out sources that cannot be read or parsed.
        declared: Files that tell versions: pyproject.toml, requirements.txt, environment.yml.
        mapping: Packages of modules.
        extra: Packages that no import shows.
        pin: How much of an installed version is required.

    Raises:
        PackageError: As `python_package_analyze` fails; which one is its exit code's.
    """
    if not sources and not modules:
        raise UsageError("no source is given")
    scope = Scope(tuple(os.fspath(one) for one in path), function, toplevel, keep_going)
    needs = programs.analyze(
        [os.fspath(one) for one in sources],
        modules=modules,
        python=python or interpreter.running(),
        scope=scope,
        options=ResolveOptions([os.fspath(one) for one in declared], mapping or {}, extra, pin),
        reporter=reporter,
    )
    return needs.requirements


def analyze_function(
    *things: object,
    mapping: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    pin: Pin = "exact",
    reporter: Reporter = SILENT,
) -> Requirements:
    """Find what functions and other objects at hand need elsewhere, in the running Python.

    Counted is what sending them by cloudpickle implies. What `__main__`, a notebook or
    `register_pickle_by_value` defines is sent by value: its imports count, the globals and
    what is in the closure that it uses, and what all of these lead to. The rest is sent by
    name: its module has to be there, an installed one as its package, one of the user's own
    as local, with all that it imports. Nothing of it is called.

    Args:
        *things: Functions, methods, classes, code objects, and whatever holds them: lists,
            partials, instances with their state, collections and graphs of Dask.
        mapping: Packages of modules.
        extra: Packages that no import shows, such as the engine's own and cloudpickle.
        pin: How much of an installed version is required.

    Raises:
        UsageError: One is a mere number or text, or of a module that cannot be imported by
            its name.
        InputPathError: A file that a module was loaded from is gone.
    """
    from pypackage.pipeline.analyze_objects import analyze_objects

    return analyze_objects(
        things, ResolveOptions(mapping=mapping or {}, extra=extra, pin=pin), reporter
    )


def analyze_pickle(
    data: bytes,
    *,
    mapping: Mapping[str, str] | None = None,
    extra: Sequence[str] = (),
    pin: Pin = "exact",
    reporter: Reporter = SILENT,
) -> Requirements:
    """Find what a pickle needs to be loaded, and the functions in it to be called.

    It is read without importing or running anything that it names. Functions that cloudpickle
    sent by value are looked into when they are of this version of Python.

    Args:
        data: What `pickle` or cloudpickle wrote.
        mapping: Packages of modules.
        extra: Packages that it does not show.
        pin: How much of an installed version is required.

    Raises:
        RequirementsError: It is no pickle, or cut short.
    """
    from pypackage.pipeline.analyze_objects import analyze_pickle as analyze

    return analyze(data, ResolveOptions(mapping=mapping or {}, extra=extra, pin=pin), reporter)


def create(
    given: Given,
    target: str | os.PathLike[str],
    *,
    channels: Sequence[str] = (),
    reporter: Reporter = SILENT,
    **options: Option,
) -> Path:
    """Make the environment of a program and its archive, as `python_package_create` does.

    Args:
        given: Requirements (of `analyze`, say), a dictionary of the same shape, or whatever
            the command takes: a file, or an environment's folder or name.
        target: A name, or the archive's path.
        channels: Conda channels, the most preferred first; `host` is what is installed here.
        **options: The command's other options by their long names, with `_` for `-`, such
            as `slim=True`, `locked="my.lock"`, `add=["helper.py"]`.

    Returns:
        The archive's path.

    Raises:
        PackageError: As the command fails; which one is its exit status's.
    """
    from pypackage.pipeline import child

    return child.create(given, target, {"channel": channels, **options}, reporter)


def environment_for(
    function: object,
    target: str | os.PathLike[str] | None = None,
    *,
    channels: Sequence[str] = (),
    reporter: Reporter = SILENT,
    **options: Option,
) -> Path:
    """Make the archive of an environment in which a function at hand runs elsewhere.

    Args:
        function: As for `analyze_function`.
        target: The archive's path, or a name; by default a file in the cache, which is made
            once for the same needs.
        channels: Conda channels; by default those that this Python has its packages from,
            else `host`: what is installed here.
        **options: As for `create`.

    Returns:
        The archive's path.

    Raises:
        PackageError: As `analyze_function` and `create` do.
    """
    from hashlib import sha256

    from pypackage.core import caches

    needed = analyze_function(function, reporter=reporter)
    channels = channels or needed.channels or ("host",)
    if target is None:
        told = repr((dumps(needed), channels, sorted(options.items())))
        name = f"{sha256(told.encode()).hexdigest()[:16]}.tar.gz"
        target = caches.folder() / "functions" / name
        target.parent.mkdir(parents=True, exist_ok=True)
    return create(needed, target, channels=channels, reporter=reporter, **options)
