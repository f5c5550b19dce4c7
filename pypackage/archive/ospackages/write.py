"""Write OS packages."""

from __future__ import annotations

import os
from pathlib import Path

from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.manifest import numbers
from pypackage.archive.ospackages import deb, rpm, signing, staging
from pypackage.archive.ospackages.model import OsPackage, architecture
from pypackage.core import caches, files
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter


def write(
    contents: Contents, package: OsPackage, output: Path, reporter: Reporter, how: Compression
) -> None:
    """Make the package, and test it if requested; an existing one is replaced at the end.

    Args:
        package: The description of the package.

    Raises:
        PackError: It cannot be made or signed.
        VerificationError: It cannot be installed, run or removed again.
    """
    with (
        PackError.wrapping(f"cannot write {output}"),
        files.temporary_folder(Path(os.path.realpath(output)).parent) as temporary,
    ):
        made = _make(contents, package, temporary, how.level, reporter)
        if package.try_command:
            from pypackage.archive.ospackages import install_test

            roots = caches.folder() / "roots"
            install_test.check(package, made, roots, temporary, reporter)
        if package.sign:
            with reporter.task("signing"):
                signing.sign_package(made, package.format, package.sign)
        with files.new_file(output) as file, made.open("rb") as source:
            while block := source.read(1 << 20):
                file.write(block)


def _make(
    contents: Contents, package: OsPackage, folder: Path, level: int | None, reporter: Reporter
) -> Path:
    root, made = folder / "root", folder / f"{package.app}.{package.format}"
    root.mkdir()
    staged = staging.lay_out(contents, package, root, reporter)
    if not architecture(package.format, staged.platform):
        raise PackError(f"there are no .{package.format} packages for {staged.platform}")
    glibc = (staged.glibc, package.glibc)
    if all(glibc) and numbers(glibc[0]) > numbers(glibc[1]):
        raise PackError(
            f"the environment needs glibc {staged.glibc}, and the package is for {package.glibc}",
            "use packages built for older machines, such as those of conda-forge",
        )
    with reporter.task(f"packing {package.format}"):
        (deb if package.format == "deb" else rpm).write(package, staged, made, level)
    return made
