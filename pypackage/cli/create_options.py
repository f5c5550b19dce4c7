"""The command line of python_package_create, and its options that no other module has."""

from __future__ import annotations

from functools import partial

from pypackage.cli import arguments, builds, environments, image, os_package, parser, splunk
from pypackage.cli.options import Command, Group, Option
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pypackage.archive.select import SelectionRule

ARGUMENTS = Group(
    "arguments",
    (
        Option(
            "requirements",
            "the file that python_package_analyze wrote, environment.yml, requirements.txt, "
            "a project, a lock file, a Python script, - (stdin), or an environment's folder or "
            "name",
            "REQUIREMENTS",
            more={"nargs": "?", "default": None},
        ),
        Option(
            "target",
            "a name makes the environment in conda's envs folder, and NAME.tar.gz here; a path, or "
            "a name with an archive's ending, makes only the archive",
            "NAME_OR_ARCHIVE",
            more={"nargs": "?", "default": None},
        ),
    ),
)
OF_INPUTS = Group(
    "what is in the requirements",
    (
        Option(
            "--environment",
            "which environment of a pixi manifest or lock file (default: default)",
            "NAME",
        ),
        Option("--extra", "also take this extra of a project; repeatable", "NAME", repeated=True),
        Option(
            "--group",
            "also take this dependency group of a project, such as dev; repeatable",
            "NAME",
            repeated=True,
        ),
        Option(
            "--category",
            "also take this category of a conda-lock.yml, such as dev; repeatable",
            "NAME",
            repeated=True,
        ),
        Option("--allow-empty", "accept requirements that ask for nothing, otherwise an error"),
    ),
)

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

COMMAND = Command(
    name="python_package_create",
    usage="""\
%(prog)s [options] REQUIREMENTS NAME_OR_ARCHIVE
       %(prog)s --list [NAME] | --versions | --update NAME PACKAGE... | --remove NAME...
       %(prog)s --join LAYERS... ARCHIVE
       %(prog)s --builds FILE [--output FOLDER]""",
    description="""\
Make the conda environment that a program requires and pack it into an archive that runs on
other machines. The archive's path goes to stdout.""",
    examples="""\
%(prog)s -c host requirements.json myenv      (from this machine's Python)
%(prog)s requirements.json myenv              (from conda-forge)
%(prog)s -c /shared/channel requirements.json /scratch/myenv.tar.gz""",
    exit_status="""\
0 success, 1 invalid command, 2 invalid path, 3 invalid requirements,
4 cannot be solved, 5 cannot be installed, 6 cannot be packed,
7 a module does not import in the finished environment""",
    groups=(
        ARGUMENTS,
        arguments.OPTIONS,
        *PACKAGES,
        OF_INPUTS,
        ARCHIVE,
        os_package.GROUP,
        image.GROUP,
        splunk.GROUP,
        *environments.GROUPS,
        CACHE,
    ),
    elsewhere=(builds.GROUP,),
)
