"""Options of python_package_create for packages, the archive and the cache."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pypackage.cli import parser
from pypackage.cli.options import Group, Option

if TYPE_CHECKING:
    from pypackage.archive.select import SelectionRule

_PACKAGES = (
    Option(
        "-c --channel",
        "a conda channel by name, URL or folder, or 'host' for what is installed here; "
        "repeatable, the first is preferred (default: the requirements', condarc's, conda-forge)",
        "CHANNEL",
        repeated=True,
    ),
    Option(
        "--locked",
        "install exactly the packages of this lock file; REQUIREMENTS says the rest",
        "FILE",
    ),
    Option(
        "--lock",
        "write the lock file there (default: NAME.lock for an environment by name): *.txt as "
        "conda's explicit list, pylock.toml as PEP 751 has it, any other as pixi's",
        "FILE",
    ),
    Option("--sbom", "write a software bill of materials there (CycloneDX, JSON)", "FILE"),
    Option("--allow-sdist", "build packages of PyPI that have no wheel (this runs their code)"),
    Option(
        "--allow-guesses",
        "assume that a module of no known package comes from the package of the same name",
    ),
    Option(
        "--conda-executable",
        "let this conda, mamba or micromamba (a path or name) solve and install, instead of the "
        "built-in solver",
        "PROGRAM",
    ),
    Option(
        "--platform",
        "make it for another kind of machine, such as linux-aarch64 (default: this one's); steps "
        "that would have to run there are left out",
        "PLATFORM",
    ),
    Option(
        "--exclude-newer",
        "ignore packages published after a date (2025-03-01) or time (2025-03-01T12:00:00Z)",
        "DATE",
    ),
    Option("--offline", "use only the package cache and channels that are folders"),
    Option(
        "--no-verify",
        "do not check that the required modules import before the archive is made",
    ),
)

_OWN_CODE = (
    Option(
        "--add",
        "add a module, a package or a project's folder where Python finds it; with DEST, any "
        "file or folder at this path in the environment; repeatable",
        "PATH[:DEST]",
        repeated=True,
    ),
)


def _rule(keep: bool, pattern: str) -> SelectionRule:
    from pypackage.archive.select import SelectionRule

    return SelectionRule(pattern, keep)


def _selection(name: str, does: str, *, keep: bool) -> Option:
    return Option(
        name,
        f"{does} files whose path in the environment matches, such as '*/tests'; "
        "repeatable, the last one that matches decides",
        "PATTERN",
        repeated=True,
        more={"dest": "selection", "type": partial(_rule, keep)},
    )


_ARCHIVE = (
    Option(
        "--format",
        "tar.gz (the default), tar.zst, tar, zip, squashfs, sh (a file that extracts itself), "
        "folder, layers (a folder of parts that environments share), deb or rpm (OS packages), "
        "oci (a container image), splunk-app; taken from the archive's ending if not given",
        "FORMAT",
        offers=(
            *("tar.gz", "tar.zst", "tar", "zip", "squashfs", "sh", "folder", "layers"),
            *("deb", "rpm", "oci", "splunk-app"),
        ),
    ),
    Option(
        "--since",
        "leave out of the .tar.gz the parts that an older environment has: its archive, layers "
        "folder or manifest",
        "OLD",
    ),
    _selection("--exclude", "leave out", keep=False),
    _selection("--include", "keep", keep=True),
    Option("--slim", "leave out tests, static libraries, headers, documentation and type stubs"),
    Option(
        "--report",
        "write a page that shows what each package costs, and why it is there; "
        "- writes text to stdout",
        "FILE.html",
    ),
    Option(
        "--compress-level",
        "tar.gz, layers, sh, zip, oci and splunk-app: 0 (none) to 9; squashfs: 1 to 9; "
        "tar.zst: 1 to 19",
        "N",
        more={"type": int, "default": None},
    ),
    Option(
        "-j --jobs",
        "how many threads to compress with, and processes to compile with (default: one per "
        "processor)",
        "N",
        more={"type": parser.positive, "default": None},
    ),
)

_CACHE = (
    Option(
        "--cache",
        "list what is kept to be faster the next time, or remove it (clean)",
        "{list,clean}",
        more={"choices": ("list", "clean")},
    ),
    Option(
        "--cache-limit",
        "how much to keep, such as 20G (default: PYPACKAGE_CACHE_LIMIT, else 10G)",
        "SIZE",
    ),
    Option("--rebuild", "do not reuse what was made of the same packages before"),
)

PACKAGES = (Group("packages", _PACKAGES), Group("own code", _OWN_CODE))
ARCHIVE = Group("archive", _ARCHIVE)
CACHE = Group("cache", _CACHE, "environments")
