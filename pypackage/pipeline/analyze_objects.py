"""Find what live objects and pickles need, by the packages of the running interpreter."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from pypackage.analysis import live_objects
from pypackage.analysis.analyzer import Analyzer
from pypackage.analysis.imports import Import
from pypackage.core.progress import SILENT, Reporter
from pypackage.pipeline.analyze import ResolveOptions, find_packages, with_found
from pypackage.python import interpreter, stdlib
from pypackage.requirements.model import Requirements


def analyze_objects(
    things: Iterable[object],
    options: ResolveOptions = ResolveOptions(),  # noqa: B008 (a tuple)
    reporter: Reporter = SILENT,
) -> Requirements:
    """Find what objects need, all together; none of them is called.

    Args:
        things: Functions, classes, or any objects that contain them.
        options: How packages are chosen.

    Raises:
        UsageError: One is only a number or string, or cannot be imported by its name.
        InputPathError: A file that the user's own code was loaded from no longer exists.
    """
    return _of_imports(live_objects.explore(things), options, reporter)


def analyze_pickle(
    data: bytes,
    options: ResolveOptions = ResolveOptions(),  # noqa: B008 (a tuple)
    reporter: Reporter = SILENT,
) -> Requirements:
    """Find what a pickle needs to be loaded, and its functions to be called.

    Raises:
        RequirementsError: It is not a pickle, or is truncated.
    """
    return _of_imports(live_objects.explore_pickle(data, reporter), options, reporter)


def _of_imports(
    imports: Sequence[Import], options: ResolveOptions, reporter: Reporter
) -> Requirements:
    version = sys.version.split()[0]
    analyzer = Analyzer(
        version, stdlib.names(version), interpreter.running_environment, reporter=reporter
    )
    roots = live_objects.roots(one.module for one in imports if one.why.counts)
    analyzer.add_imports("<objects>", imports, roots, live_objects.beside_packages())
    analysis = analyzer.result()
    found = find_packages(
        analysis.modules, version, interpreter.running_environment, options, None, reporter
    )
    needed = Requirements(
        python=version,
        modules=tuple(analysis.modules),
        optional=analysis.reasons,
        local=analysis.local,
    )
    return with_found(needed, found)
