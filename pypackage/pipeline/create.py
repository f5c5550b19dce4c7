"""From what is required to an environment and its archive: the stages in their order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.archive import bytecode, compression, select, verify, writers
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry, collect, without_mark
from pypackage.backends import conda, lock
from pypackage.backends.conda import condarc
from pypackage.backends.lock import Lock
from pypackage.core import caches, platforms, preload
from pypackage.core.caches import LIMIT
from pypackage.core.errors import PackError
from pypackage.core.progress import SILENT, Reporter
from pypackage.core.store import Store
from pypackage.pipeline import install, provenance, reuse
from pypackage.pipeline.inputs import Installed
from pypackage.pipeline.options import Options, check_compatible
from pypackage.pipeline.plan import Plan, prepare
from pypackage.pipeline.target import Target
from pypackage.prefix import directory
from pypackage.requirements.model import Requirements

if TYPE_CHECKING:
    from pypackage.archive.report.costs import Report

__all__ = ["Options", "create"]


def create(
    given: Requirements | Lock | Installed,
    target: Target,
    options: Options = Options(),  # noqa: B008 (frozen)
    reporter: Reporter = SILENT,
) -> Report | None:
    """Make the environment that a program requires, and its archive.

    Args:
        given: What is required, the lock of it, or an environment to be packed as it is.
        target: Where the results go; former ones are replaced when the new ones are whole.
        options: How they are made.

    Returns:
        What the archive costs, if the options ask for it.

    Raises:
        PackageError: The stage's own error; nothing is left half-made.
    """
    check_compatible(given, options)
    compression.check(target.format, options.compress_level)
    writers.check(target.format, target.archive)
    if options.package:
        from pypackage.archive.ospackages import checks

        checks.check(options.package)
    if isinstance(given, Installed):
        contents = without_mark(collect(given.prefix, given.prefix))
        return _write(contents, given.prefix, None, target, options, reporter)
    if target.prefix:
        directory.check_replaceable(target.prefix)
    with prepare(given, options, caches.folder(), reporter) as plan:
        costs = _create_or_reuse(given, plan, target, options, reporter)
    _register(target, reporter)
    return costs


def _create_or_reuse(
    given: Requirements | Lock, plan: Plan, target: Target, options: Options, reporter: Reporter
) -> Report | None:
    """Make what is planned, or take what was made of the same before."""
    kept, name = Store(caches.folder() / "archives"), reuse.key(plan, target, options)
    costs = None
    text = None if options.rebuild or not name else _take_cached(kept, name, target)
    if text is None:
        building = directory.building(target.prefix, caches.folder() / "prefixes")
        # Side by side: a temporary environment's removal waits for the file system alone.
        with ThreadPoolExecutor(1) as beside, building as (folder, target_prefix):
            text, costs = _build(plan, folder, target_prefix, target, options, reporter)
            written = reuse.state(target.archive)
            if target.prefix:
                provenance.note(folder, given, plan, target.format)
            # Own code that was edited in the meantime may be in the archive as it is now.
            if name and name == reuse.key(plan, target, options):
                beside.submit(reuse.keep, kept, name, target.archive, written, text)
        if name:
            directory.mark(target.prefix, name)
        caches.evict(caches.folder(), LIMIT if options.cache_limit is None else options.cache_limit)
    if place := options.lock or target.lock:
        lock.write(text, place)
    return costs


def _take_cached(kept: Store, name: str, target: Target) -> bytes | None:
    """Take the archive that was made before, unless its environment is not there any more."""
    if target.prefix and not directory.is_as_made(target.prefix, name):
        return None
    try:
        return reuse.take(kept, name, target.archive)
    except OSError as error:
        raise PackError.of(error, f"cannot write {target.archive}") from error


def _build(
    plan: Plan,
    folder: Path,
    target_prefix: Path,
    target: Target,
    options: Options,
    reporter: Reporter,
) -> tuple[bytes, Report | None]:
    """Make the environment and its archive; the lock, and what it costs if that is asked for."""
    preload.start("conda_pack.core", "yaml")
    filled = install.fill(plan, folder, target_prefix, reporter)
    text = lock.dumps(filled.lock)
    contents = _with_lock(collect(folder, target_prefix, filled.altered), text)
    return text, _write(contents, folder, plan, target, options, reporter)


# --- the environment ---------------------------------------------------------------------


def _register(target: Target, reporter: Reporter) -> None:
    """Let conda know of an environment that was made by name."""
    if target.prefix:
        try:
            condarc.register(target.prefix)
        except OSError as error:
            reporter.warning(
                f"'conda env list' will not show it: {error.strerror}: {error.filename}"
            )


# --- the archive -------------------------------------------------------------------------


def _write(
    contents: Contents,
    folder: Path,
    plan: Plan | None,
    target: Target,
    options: Options,
    reporter: Reporter,
) -> Report | None:
    """Write the archive of what was made by a plan; what it costs, if that is asked for."""
    workers = options.jobs or platforms.cores()
    kept = Store(caches.folder() / "bytecode")
    contents = bytecode.complete(contents, folder, kept, workers, reporter)
    contents = select.select(contents, options.selection, options.slim, reporter)
    if plan:
        _verify(contents, folder, plan.needed, options, reporter)
    if options.package:
        from pypackage.archive.ospackages import write

        level = options.compress_level
        write.write(
            contents, options.package, target.archive, caches.folder() / "roots", reporter, level
        )
    else:
        how = Compression(options.compress_level, workers, Store(caches.folder() / "members"))
        writers.write(contents, target.format, target.archive, reporter, how)
    if not options.report:
        return None
    from pypackage.archive import report

    with reporter.task("adding up what it costs"):
        wanted = plan.wanted if plan else ()
        compressed = target.format not in writers.UNCOMPRESSED
        return report.of(contents, wanted, target.archive, compressed=compressed)


def _verify(
    contents: Contents,
    folder: Path,
    requirements: Requirements,
    options: Options,
    reporter: Reporter,
) -> None:
    if options.verify:
        verify.check(
            contents,
            folder,
            verify.Wanted(requirements.modules, requirements.optional),
            platform=options.platform if conda.is_foreign(options.platform) else "",
            scratch=caches.folder() / "verify",
            reporter=reporter,
        )
    elif absent := directory.absent_modules(folder, requirements.modules):
        reporter.warning(f"no package in the environment has a module {', '.join(absent)}")


def _with_lock(contents: Contents, text: bytes) -> Contents:
    return replace(contents, entries=(*contents.entries, Entry(lock.PATH, None, text, mode=0o644)))
