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
        "install exactly the packages of this lock; REQUIREMENTS says the rest",
        "FILE",
    ),
    Option(
        "--lock",
        "write the lock there (default: NAME.lock for an environment by name): *.txt is conda's "
        "explicit list, pylock.toml that of PEP 751, any other pixi's",
        "FILE",
    ),
    Option("--sbom", "write a bill of materials there (CycloneDX, JSON)", "FILE"),
    Option("--allow-sdist", "build packages of PyPI that have no wheel (this runs their code)"),
    Option(
        "--allow-guesses",
        "take a module of which no package is known for the package of that name",
    ),
    Option(
        "--conda-executable",
        "let this conda, mamba or micromamba (a path, or its name) choose and install the "
        "packages, instead of the solver built in",
        "PROGRAM",
    ),
    Option(
        "--platform",
        "make it for machines such as linux-aarch64 (default: such as this one); what "
        "would have to run there is left out",
        "PLATFORM",
    ),
    Option(
        "--exclude-newer",
        "take no package published after a date (2025-03-01) or moment (2025-03-01T12:00:00Z)",
        "DATE",
    ),
    Option("--offline", "use the package cache and channels in folders alone"),
    Option(
        "--no-verify",
        "do not try whether the required modules import before the archive is made",
    ),
)

_OWN_CODE = (
    Option(
        "--add",
        "put a module, a package or a project's folder where Python finds it; with DEST any "
        "file or folder at this path below the environment; repeatable",
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
        "folder, layers (a folder of parts that environments share), an OS package: deb, rpm, a "
        "container image: oci, or a Splunk app: splunk-app; by default the archive's ending tells",
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
        "write a page that tells what each package costs, and why it is there; "
        "- is a text on stdout",
        "FILE.html",
    ),
    Option(
        "--compress-level",
        "tar.gz, layers, sh, zip, oci and splunk-app: 0 (not at all) to 9; squashfs: 1 to 9; "
        "tar.zst: 1 to 19",
        "N",
        more={"type": int, "default": None},
    ),
    Option(
        "-j --jobs",
        "how many threads compress, and processes compile (default: one a processor)",
        "N",
        more={"type": parser.positive, "default": None},
    ),
)

_CACHE = (
    Option(
        "--cache",
        "say what is kept to be faster the next time (list), or remove it (clean)",
        "{list,clean}",
        more={"choices": ("list", "clean")},
    ),
    Option(
        "--cache-limit",
        "how much may be kept, such as 20G (default: PYPACKAGE_CACHE_LIMIT, else 10G)",
        "SIZE",
    ),
    Option("--rebuild", "make anew what was made of the same packages before"),
)

PACKAGES = (Group("packages", _PACKAGES), Group("own code", _OWN_CODE))
ARCHIVE = Group("archive", _ARCHIVE)
CACHE = Group("cache", _CACHE, "environments")
