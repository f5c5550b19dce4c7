"""Create an environment and its archive from requirements.

The stages, each taking the value of the one before: plan -> prefix -> contents -> byte code ->
selection -> verification -> relocation, if the target has a fixed place -> writer.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.archive import (
    bytecode,
    compression,
    fixed_place,
    relocate_sh,
    sbom,
    select,
    slim,
    verify,
    writers,
)
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry, collect, without_mark
from pypackage.backends import lock
from pypackage.backends.conda import condarc
from pypackage.backends.lock import Lock
from pypackage.core import caches, preload
from pypackage.core.caches import LIMIT
from pypackage.core.errors import PackError
from pypackage.core.output import check_apart, check_file
from pypackage.core.progress import SILENT, Reporter
from pypackage.core.store import Store
from pypackage.pipeline import install, lock_file, provenance, reuse
from pypackage.pipeline.inputs import Installed
from pypackage.pipeline.options import Options, check_compatible
from pypackage.pipeline.plan import Plan, prepare
from pypackage.pipeline.target import OsPackageFile, Output, Target
from pypackage.prefix import directory, history, own_code
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
    """Create the environment that a program requires, and its archive.

    Args:
        given: Requirements, a lock, or an existing environment to be packed as it is.
        target: Where the results go; existing ones are replaced when the new ones are complete.
        options: How they are made.

    Returns:
        The archive's size by package, if the options ask for it.

    Raises:
        PackageError: The error of the stage that failed; no partial results are left.
    """
    check_compatible(given, options)
    compression.check(target.output.format, options.compress_level)
    _check_files(target, options)
    target.output.check()
    if options.lock:
        lock_file.check(options.lock)
    if options.sbom:
        sbom.check()
    if isinstance(given, Installed):
        contents = without_mark(collect(given.prefix, given.prefix))
        costs = _pack(contents, given.prefix, None, target.output, options, reporter)
        _write_sbom(given.prefix, Lock("", (), ()), target.output, options)
        _publish(target, reporter)
        return costs
    if target.prefix:
        directory.check_replaceable(target.prefix)
    with prepare(given, options, caches.folder(), reporter) as plan:
        costs = _create_or_reuse(plan, target, reporter)
    if target.prefix:
        _register(target.prefix, reporter)
    _publish(target, reporter)
    return costs


def _check_files(target: Target, options: Options) -> None:
    """Check, before the work is done, that each file can be written and replaces no other one."""
    beside = _lock_beside(target, options)
    if beside:
        check_file(os.fspath(beside))
    report = Path(options.report) if options.report not in ("", "-") else None
    named = (target.output.path, beside, options.lock, options.sbom, report)
    added = (own_code.split(one)[0] for one in options.add)
    check_apart(filter(None, named), (*options.inputs, *added))


def _lock_beside(target: Target, options: Options) -> Path | None:
    """The lock beside a named environment's archive, unless another file has all of it."""
    asked, beside = options.lock, target.lock
    if not beside or (asked and lock_file.is_own_form(asked)):
        return None
    return None if beside.resolve() in map(Path.resolve, options.inputs) else beside


def _publish(target: Target, reporter: Reporter) -> None:
    """Add an OS package to its repository."""
    if isinstance(target, OsPackageFile):
        target.publish(reporter)


def _create_or_reuse(plan: Plan, target: Target, reporter: Reporter) -> Report | None:
    """Reuse the archive of an identical plan, or create it."""
    kept, key = Store(caches.folder() / "archives"), reuse.key(plan, target.output)
    text, costs = None, None
    if key and not plan.options.rebuild:
        text = _take_cached(kept, key, target)
    if text is None:
        text, costs = _create(plan, target, kept, key, reporter)
        limit = plan.options.cache_limit
        caches.evict(caches.folder(), LIMIT if limit is None else limit)
    if beside := _lock_beside(target, plan.options):
        lock.write(text, beside)
    if plan.options.lock:
        lock_file.write(text, plan.options.lock, plan, reporter)
    return costs


def _take_cached(kept: Store, key: str, target: Target) -> bytes | None:
    """Take a cached archive, unless its environment no longer exists as it was made."""
    if target.prefix and not directory.is_as_made(target.prefix, key):
        return None
    archive = target.output.path
    with PackError.wrapping(f"cannot write {archive}"):
        return reuse.take(kept, key, archive)


def _create(
    plan: Plan, target: Target, kept: Store, key: str, reporter: Reporter
) -> tuple[bytes, Report | None]:
    """Create the environment and its archive, and cache the archive; return lock and report."""
    output = target.output
    building = directory.building(target.prefix, caches.folder() / "prefixes")
    # In parallel: removing a temporary environment only waits for the file system.
    with ThreadPoolExecutor(1) as beside, building as (prefix, target_prefix):
        text, costs = _build(plan, prefix, target_prefix, output, reporter)
        written = reuse.state(output.path)
        if target.prefix:
            provenance.note(prefix, plan, output.format)
            history.write(prefix, plan.packages.conda_specs)
        # Own code may have been edited meanwhile, and the archive may contain the edited version.
        if key and key == reuse.key(plan, output):
            beside.submit(reuse.keep, kept, key, output.path, written, text)
    if key and target.prefix:
        directory.mark(target.prefix, key)
    return text, costs


# --- the stages --------------------------------------------------------------------------


def _build(
    plan: Plan, prefix: Path, target_prefix: Path, output: Output, reporter: Reporter
) -> tuple[bytes, Report | None]:
    """Fill a prefix as planned, collect its contents and write the archive; lock and report."""
    preload.start("conda_pack.core", "yaml")
    filled = install.fill(plan, prefix, target_prefix, reporter)
    text = lock.dumps(filled.lock)
    contents = collect(prefix, target_prefix, filled.altered)
    contents = contents.plus(Entry(lock.PATH, None, text, mode=0o644))
    costs = _pack(contents, prefix, plan, output, plan.options, reporter)
    _write_sbom(prefix, filled.lock, output, plan.options)
    return text, costs


def _pack(
    contents: Contents,
    prefix: Path,
    plan: Plan | None,
    output: Output,
    options: Options,
    reporter: Reporter,
) -> Report | None:
    """Pack a prefix: byte code, selection, verification, relocation, writer.

    Args:
        contents: The files of the prefix.
        plan: What it was made by; None for an existing environment, which is not verified.
        output: What is written.
        options: How it is made.

    Returns:
        The archive's size by package, if the options ask for it.
    """
    workers = options.workers
    store = Store(caches.folder() / "bytecode")
    contents = bytecode.complete(contents, prefix, store, workers, reporter)
    contents = select.select(contents, options.selection, options.slim, reporter)
    contents = relocate_sh.complete(contents)
    if plan:
        _verify(contents, prefix, plan, reporter)
    if output.place:
        contents = fixed_place.settle(contents, output.place, prefix, caches.folder(), workers)
    how = Compression(options.compress_level, workers, Store(caches.folder() / "members"))
    output.write(contents, how, reporter)
    if not options.slim and (worth := slim.worth_telling(contents)):
        saved, whole = (round(size / 1e6) for size in worth)
        reporter.warning(
            f"{saved} of {whole} MB are tests, headers, documentation and the like: "
            "--slim leaves them out"
        )
    return _costs(contents, plan, output, reporter) if options.report else None


def _write_sbom(prefix: Path, locked: Lock, output: Output, options: Options) -> None:
    """Write the bill of materials, if requested."""
    if options.sbom:
        text = sbom.render(prefix, output.path.name, locked.wheels)
        lock.write(text.encode(), options.sbom)


def _verify(contents: Contents, prefix: Path, plan: Plan, reporter: Reporter) -> None:
    needed = plan.requirements
    if plan.options.verify:
        verify.check(
            contents,
            prefix,
            verify.RequiredModules(
                (*needed.modules, *needed.submodules, *needed.standard), needed.optional
            ),
            platform=plan.context.platform,
            scratch=caches.folder() / "verify",
            reporter=reporter,
        )
    elif absent := directory.absent_modules(prefix, needed.modules):
        reporter.warning(f"no package in the environment has a module {', '.join(absent)}")


def _costs(contents: Contents, plan: Plan | None, output: Output, reporter: Reporter) -> Report:
    from pypackage.archive import report

    with reporter.task("adding up what it costs"):
        compressed = output.format not in writers.UNCOMPRESSED
        specs = plan.specs if plan else ()
        return report.of(contents, specs, output.path, compressed=compressed)


def _register(prefix: Path, reporter: Reporter) -> None:
    """Register a named environment with conda."""
    try:
        condarc.register(prefix)
    except OSError as error:
        reporter.warning(f"'conda env list' will not show it: {error.strerror}: {error.filename}")
