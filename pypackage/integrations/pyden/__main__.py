"""Write the app: `python -m pypackage.integrations.pyden [pyden_manager.spl]`."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from pypackage.archive.splunk import model
from pypackage.archive.splunk.model import SplunkApp
from pypackage.core import caches, files, version
from pypackage.core.errors import PackageError
from pypackage.core.output import check_file
from pypackage.core.progress import SILENT, Reporter
from pypackage.pipeline import create
from pypackage.pipeline.options import Options
from pypackage.pipeline.target import SplunkAppFile
from pypackage.requirements.model import Requirements

NAME = "pyden_manager"
_MODULE = "pypackage.integrations.pyden.commands"
_COMMANDS = (
    *("createdist", "createvenv", "pip", "getversions", "getvenvs", "getpackages"),
    *("pydelete", "pyden"),
)
_FILES = Path(__file__).parent / "app"


def make(output: Path, reporter: Reporter = SILENT) -> None:
    """Write the app, with the running interpreter and its installation of this package.

    Raises:
        PackageError: It cannot be made.
    """
    check_file(os.fspath(output))
    found = re.match(r"\d+\.\d+\.\d+", version.installed())
    number = found[0] if found else "0.0.0"
    root = caches.folder() / "pyden"
    root.mkdir(parents=True, exist_ok=True)
    with files.temporary_folder(root) as folder:
        own = folder / "app"
        shutil.copytree(_FILES, own)
        conf = own / "default/app.conf"
        conf.write_text(conf.read_text().replace("@VERSION@", number))
        app = described(number, own)
        needed = Requirements(python=platform.python_version(), modules=(_MODULE.split(".")[0],))
        options = Options(channels=(f"host:{sys.executable}",))
        create.create(needed, SplunkAppFile(output, app), options, reporter)


def described(number: str, folder: Path) -> SplunkApp:
    """Describe the app as a value.

    Args:
        number: Its version.
        folder: Its files besides the commands.
    """
    commands = [f"{name}={_MODULE}:{name}:generating" for name in _COMMANDS]
    return SplunkApp(
        app=NAME,
        version=number,
        commands=tuple(map(model.parse_command, commands)),
        maintainer="The authors of python-package-tools",
        description="Build Pythons and environments, and install packages, from the search bar",
        license="BSD-3-Clause",
        files=folder,
    )


def main(argv: Sequence[str]) -> int:
    """Run the command line: the app's file, by default in the current directory."""
    try:
        make(Path(argv[0] if argv else f"{NAME}{model.ENDING}"))
    except PackageError as error:
        sys.stderr.write(f"pyden: error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
