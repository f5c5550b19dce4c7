"""Which files are meant by what is named as a source."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from pypackage.core.errors import InputPathError
from pypackage.core.reading import bounded
from pypackage.core.typed import NamedTuple

_ENDINGS = (".py", ".pyw", ".ipynb", ".pyx", ".pxd", ".qmd", ".Rmd", ".smk", "Snakefile")
# Folders that hold no sources of the user's own.
_NEVER = {
    *("site-packages", "dist-packages", "node_modules", "__pycache__", "__pypackages__"),
    *("CVS", "_darcs"),
}
_NEVER_ENDINGS = (".egg-info", ".dist-info", ".egg")
# So do these, unless they are packages.
_BUILT = {"build", "dist", "_build", "buck-out", "develop-eggs", "wheelhouse", "htmlcov"}
_ENVIRONMENT = {"pyvenv.cfg", "conda-meta"}


class Source(NamedTuple):
    """A source as it is named.

    Attributes:
        path: Where it is, links resolved; empty for stdin.
        label: What messages call it.
        tree: The folder that was named, when it is one of its files; else empty.
    """

    path: str
    label: str
    tree: str = ""


def find(names: Sequence[str]) -> list[Source]:
    """The sources that are named: files, all files of folders, `-` for stdin.

    Raises:
        InputPathError: One does not exist, or is neither a file nor a folder.
    """
    found: dict[str, Source] = {}
    for name in names:
        if name == "-":
            found.setdefault("", Source("", "<stdin>"))
        elif os.path.isdir(name):
            tree = os.path.realpath(name)
            for path, is_link in files(tree):
                real = os.path.realpath(path) if is_link else path
                label = os.path.join(name, path[len(tree) + 1 :])
                found.setdefault(real, Source(real, label, tree))
        else:
            # A file that is named is a script, though it lies in a folder that is named too.
            real = os.path.realpath(name)
            found.pop(real, None)
            found[real] = Source(real, name)
    return list(found.values())


def read(path: str, label: str) -> bytes:
    """The content of a file.

    Raises:
        InputPathError: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return bounded(file)
    except OSError as error:
        raise InputPathError(f"cannot read {label}: {error.strerror}") from error


def files(folder: str) -> Iterator[tuple[str, bool]]:
    """The Python files and notebooks below a folder, sorted, but for what is not a source.

    Left out are virtual environments, site-packages, version control and other hidden
    folders, what was built, and what a .gitignore in the folder or below says. Links to
    folders are not followed: what they lead to is below the folder as well, or not in it.

    Yields:
        Each file's path, and whether it is a link; of a folder below that cannot be read, its own.

    Raises:
        InputPathError: The folder cannot be read.
    """
    from pypackage.analysis.gitignore import Ignored

    todo = [(folder, Ignored(folder))]
    while todo:
        here, ignored = todo.pop()
        try:
            entries = _entries(here)
        except OSError as error:
            if here is folder:
                raise InputPathError(f"cannot read {folder}: {error.strerror}") from error
            yield here, False  # to read it fails as well, and that is told
            continue
        names = {entry.name for entry in entries}
        if here is not folder:
            if _is_left_out(here, names):
                continue
            ignored = ignored.below(here, has_own=".gitignore" in names)
        subfolders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not _is_never(entry.name) and not ignored.has_folder(entry.path):
                    subfolders.append((entry.path, ignored))
            elif _is_source(entry) and entry.path not in ignored:
                yield entry.path, entry.is_symlink()
        todo.extend(reversed(subfolders))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_source(entry: os.DirEntry[str]) -> bool:
    # macOS writes what a file's system cannot hold of it into a file of this name beside it.
    if entry.name.startswith("._"):
        return False
    return entry.name.endswith(_ENDINGS) and entry.is_file()


def _is_never(name: str) -> bool:
    return name.startswith(".") or name in _NEVER or name.endswith(_NEVER_ENDINGS)


def _is_left_out(folder: str, names: set[str]) -> bool:
    """Whether a folder with some names in it is an environment, or was built."""
    if os.path.basename(folder) in _BUILT and "__init__.py" not in names:
        return True
    return not _ENVIRONMENT.isdisjoint(names)
