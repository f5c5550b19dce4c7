"""The Python API: what the executables do, as functions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from pypackage.analysis.analyzer import Scope
from pypackage.core.errors import UsageError
from pypackage.core.progress import Reporter
from pypackage.pipeline import analyze as programs
from pypackage.pipeline.analyze import ResolveOptions
from pypackage.pipeline.log import LOG
from pypackage.python import interpreter
from pypackage.requirements.model import Requirements, merge

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pypackage.analysis.resolution.model import Pin
    from pypackage.pipeline.child import Given, OnStart, Option
    from pypackage.pipeline.environment import Environment
    from pypackage.pipeline.option_types import CreateOptions, EnvironmentOptions
    from pypackage.pipeline.upload import Upload


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
    reporter: Reporter = LOG,
) -> Requirements:
    """Find what programs need, without importing or running them.

    Args:
        *sources: Python files, notebooks and folders.
        modules: Names of modules to run by `python -m`, or of console scripts.
        python: The target: a version, or the name or path of an interpreter; by default the
            running one.
        path: Further folders to look for local modules in.
        function: Only what this function or `Class.method` needs.
        toplevel: Whether to leave out what functions import when they run.
        keep_going: Whether to skip sources that cannot be read or parsed.
        declared: Files that declare versions, such as a pyproject.toml or requirements.txt.
        mapping: The package of each module in it.
        extra: Packages that no import shows.
        pin: How closely to require the installed versions.

    Raises:
        PackageError: The error that `python_package_analyze` would end with.
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
    reporter: Reporter = LOG,
) -> Requirements:
    """Find what functions and other live objects need elsewhere, for the running Python.

    What counts is what sending them by cloudpickle implies. What is defined in `__main__` or a
    notebook, or registered by `register_pickle_by_value`, is sent by value: its imports count,
    the globals and closure variables that it uses, and everything that these lead to. The rest
    is sent by name, so its module has to exist: an installed one as its package, one of the
    user's own as local, with everything that it imports. Nothing is called.

    Args:
        *things: Functions, methods, classes, code objects, and whatever holds them: lists,
            partials, instances with their state, Dask collections and graphs.
        mapping: The package of each module in it.
        extra: Packages that no import shows, such as the engine's own and cloudpickle.
        pin: How closely to require the installed versions.

    Raises:
        UsageError: One is just a number or text, or its module cannot be imported by name.
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
    reporter: Reporter = LOG,
) -> Requirements:
    """Find what it takes to load a pickle, and to call the functions in it.

    The pickle is read without importing or running anything that it names. Functions that
    cloudpickle sent by value are looked into if they come from this version of Python.

    Args:
        data: The bytes that `pickle` or cloudpickle wrote.
        mapping: The package of each module in it.
        extra: Packages that the pickle does not show.
        pin: How closely to require the installed versions.

    Raises:
        RequirementsError: It is not a pickle, or truncated.
    """
    from pypackage.pipeline.analyze_objects import analyze_pickle as analyze

    return analyze(data, ResolveOptions(mapping=mapping or {}, extra=extra, pin=pin), reporter)


def create(
    given: Given,
    target: str | os.PathLike[str],
    *,
    channels: Sequence[str] = (),
    reporter: Reporter = LOG,
    **options: Unpack[CreateOptions],
) -> Environment:
    """Make the environment of a program and its archive, as `python_package_create` does.

    Args:
        given: Requirements (from `analyze`, for example), a dictionary of the same shape, or
            anything that the command takes: a file, or an environment's folder or name.
        target: A name, or the archive's path.
        channels: Conda channels, by priority; `host` stands for what is installed for the
            running Python.
        reporter: Receives progress, warnings and details as they happen.
        **options: The command's other options by their long names, with `_` for `-`, such as
            `slim=True`, `locked="my.lock"`, `add=["helper.py"]`.

    Raises:
        PackageError: The error that the command would end with.
    """
    return _create(_ignore, given, target, channels, reporter, options)


async def create_async(
    given: Given,
    target: str | os.PathLike[str],
    *,
    channels: Sequence[str] = (),
    reporter: Reporter = LOG,
    **options: Unpack[CreateOptions],
) -> Environment:
    """Do what `create` does without blocking the event loop; cancelling it ends the work.

    The reporter is called in another thread.
    """
    from pypackage.pipeline import background

    return await background.run(
        lambda on_start: _create(on_start, given, target, channels, reporter, options)
    )


def environment_for(
    *things: object,
    target: str | os.PathLike[str] | None = None,
    extra: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    pin: Pin = "exact",
    channels: Sequence[str] = (),
    upload: Upload | None = None,
    reporter: Reporter = LOG,
    **options: Unpack[EnvironmentOptions],
) -> Environment:
    """Make an environment in which functions and other live objects run elsewhere.

    Args:
        *things: As for `analyze_function`; requirements among them are added to what is found,
            and a path is the target.
        target: The archive's path, or a name; by default a file in the cache that is named by
            its content and reused for the same needs.
        extra: Packages that no import shows, such as the engine's own and cloudpickle.
        mapping: The package of each module in it.
        pin: How closely to require the installed versions.
        channels: Conda channels; by default those that the running Python got its packages
            from, else `host`: what is installed here.
        upload: Where to send it: a function that is called with the environment and may return
            its URL, or the URL of a folder, for which fsspec has to be installed.
        reporter: Receives progress, warnings and details as they happen.
        **options: As for `create`.

    Raises:
        PackageError: As from `analyze_function` and `create`, or it cannot be sent.
    """
    wanted = ResolveOptions(mapping=mapping or {}, extra=extra, pin=pin)
    making = _Making(target, channels, upload, reporter, options)
    return _environment_for(_ignore, things, wanted, making)


async def environment_for_async(
    *things: object,
    target: str | os.PathLike[str] | None = None,
    extra: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    pin: Pin = "exact",
    channels: Sequence[str] = (),
    upload: Upload | None = None,
    reporter: Reporter = LOG,
    **options: Unpack[EnvironmentOptions],
) -> Environment:
    """Do what `environment_for` does without blocking the event loop; cancelling ends the work.

    The reporter is called in another thread.
    """
    from pypackage.pipeline import background

    wanted = ResolveOptions(mapping=mapping or {}, extra=extra, pin=pin)
    making = _Making(target, channels, upload, reporter, options)
    return await background.run(lambda on_start: _environment_for(on_start, things, wanted, making))


class _Making(NamedTuple):
    """How to make an environment of the requirements found."""

    target: str | os.PathLike[str] | None
    channels: Sequence[str]
    upload: Upload | None
    reporter: Reporter
    options: EnvironmentOptions


def _ignore(_: object) -> None:
    """Ignore the process that was started."""


def _create(
    on_start: OnStart,
    given: Given,
    target: str | os.PathLike[str],
    channels: Sequence[str],
    reporter: Reporter,
    options: EnvironmentOptions,
) -> Environment:
    from pypackage.pipeline import child
    from pypackage.pipeline.environment import Environment

    if "://" in os.fspath(target):
        hint = "environment_for(..., upload=URL) sends it there"
        raise UsageError(f"{os.fspath(target)}: an archive is made in a file of this machine", hint)
    named = cast("Mapping[str, Option]", {"channel": channels, **options})
    return Environment(child.create(given, target, named, reporter, on_start))


def _environment_for(
    on_start: OnStart, things: Sequence[object], wanted: ResolveOptions, making: _Making
) -> Environment:
    from pypackage.pipeline import environment_cache
    from pypackage.pipeline.analyze_objects import analyze_objects

    interpreter.running()  # raises if the interpreter's path is unknown, which all needs
    paths = [one for one in things if isinstance(one, str | os.PathLike)]
    paths += [] if making.target is None else [making.target]
    known = [one for one in things if isinstance(one, Requirements)]
    objects = [one for one in things if not isinstance(one, str | os.PathLike | Requirements)]
    if len(paths) > 1 or not (objects or known):
        raise UsageError("give functions or other objects, and one target at most")
    if objects or wanted.extra:
        known.append(analyze_objects(objects, wanted, making.reporter))
    needed = merge(known)
    channels = making.channels or needed.channels or ("host",)
    if paths:
        made = _create(on_start, needed, paths[0], channels, making.reporter, making.options)
    else:
        named = cast("Mapping[str, Option]", {"channel": channels, **making.options})
        made = environment_cache.find_or_create(needed, named, making.reporter, on_start)
    if making.upload is None:
        return made
    import dataclasses

    from pypackage.pipeline.upload import upload

    return dataclasses.replace(made, url=upload(made, making.upload))
