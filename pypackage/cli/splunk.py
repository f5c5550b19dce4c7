"""Options of python_package_create for Splunk apps."""

from __future__ import annotations

from pypackage.archive.splunk import FORMAT
from pypackage.cli.options import Group, Option
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pypackage.pipeline.target import SplunkAppFile

FORMATS = (FORMAT,)
_OPTIONS = (
    Option(
        "--splunk-command",
        "a search command: its name in searches, and its function or splunklib class; KIND, where "
        "the source does not show it, is streaming, reporting or generating; repeatable",
        "NAME=MODULE:FUNCTION[:KIND]",
        repeated=True,
    ),
    Option(
        "--splunk-files",
        "more files for the app, such as default/data/ui/views/*.xml; they replace generated files "
        "of the same name",
        "FOLDER",
    ),
)


GROUP = Group(
    "Splunk apps (--format splunk-app)",
    _OPTIONS,
    "splunk",
    "with --app, --app-version, --maintainer, --description and --license as for OS packages",
)


def target(parsed: argparse.Namespace, path: Path) -> SplunkAppFile:
    """Return the app to make.

    Args:
        parsed: The options.
        path: Its file.

    Raises:
        UsageError: A command is not valid.
    """
    from pathlib import Path

    from pypackage.archive.splunk import model
    from pypackage.archive.splunk.model import SplunkApp
    from pypackage.pipeline.target import SplunkAppFile

    app = SplunkApp(
        app=parsed.app or path.name.removesuffix(model.ENDING),
        version=parsed.app_version or SplunkApp.version,
        commands=tuple(map(model.parse_command, parsed.splunk_command)),
        maintainer=parsed.maintainer,
        description=parsed.description,
        license=parsed.license,
        files=Path(parsed.splunk_files) if parsed.splunk_files else None,
    )
    return SplunkAppFile(path, app)
