"""Expand the sources named by the user to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from pypackage.core.errors import InputPathError
from pypackage.core.reading import bounded
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from pypackage.analysis.gitignore import Ignored

_ENDINGS = (".py", ".pyw", ".ipynb", ".pyx", ".pxd", ".qmd", ".Rmd", ".md", ".smk", "Snakefile")
# Folders that never contain sources of the user's own.
_NEVER = {
    *("site-packages", "dist-packages", "node_modules", "__pycache__", "__pypackages__"),
    *("CVS", "_darcs"),
    "LC_MESSAGES",  # catalogs of gettext: half of Django's folders
}
_NEVER_ENDINGS = (".egg-info", ".dist-info", ".egg")
# Nor do these, unless they are packages.
_BUILT = {"build", "dist", "_build", "buck-out", "develop-eggs", "wheelhouse", "htmlcov"}

_FRONT = 4000  # bytes in which the front matter of a notebook in Markdown ends

# The names in each folder that was listed, and whether each is a folder, or a link to one.
FolderNames = dict[str, dict[str, bool]]


class Source(NamedTuple):
    """A source as named by the user.

    Attributes:
        path: Its real path; empty for stdin.
        label: Its name in messages.
        tree: The named folder that it was found in; else empty.
    """

    path: str
    label: str
    tree: str = ""


def find(names: Sequence[str], folder_names: FolderNames) -> list[Source]:
    """Expand names to sources: files, all files of folders, `-` for stdin.

    Args:
        names: What the user named.
        folder_names: The folders that have sources are added to them.

    Raises:
        InputPathError: A name does not exist, or is neither a file nor a folder.
    """
    found: dict[str, Source] = {}
    for name in names:
        if name == "-":
            found.setdefault("", Source("", "<stdin>"))
        elif os.path.isdir(name):
            tree = os.path.realpath(name)
            begin = os.path.join(name, "")
            for path, is_link in files(tree, folder_names):
                real = os.path.realpath(path) if is_link else path
                found.setdefault(real, Source(real, begin + path[len(tree) + 1 :], tree))
        else:
            # A named file is a script, even if it is also in a named folder.
            real = os.path.realpath(name)
            found.pop(real, None)
            found[real] = Source(real, name)
    return list(found.values())


def read(path: str, label: str) -> bytes:
    """Read a file.

    Raises:
        InputPathError: It cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return bounded(file)
    except OSError as error:
        raise InputPathError(f"cannot read {label}: {error.strerror}") from error


def files(folder: str, folder_names: FolderNames) -> Iterator[tuple[str, bool]]:
    """Yield the Python files and notebooks below a folder, sorted.

    Left out are virtual environments, site-packages, version control and other hidden folders,
    build results, and what a .gitignore in the folder or below ignores. Symbolic links to folders
    are not followed: their targets are below the folder as well, or do not belong to it.

    Yields:
        The path, and whether it is a link. An unreadable subfolder is yielded itself.

    Raises:
        InputPathError: The folder cannot be read.
    """
    todo: list[tuple[str, Ignored | None]] = [(folder, None)]
    while todo:
        here, ignored = todo.pop()
        try:
            found, subfolders, names = _entries(here)
        except OSError as error:
            if here is folder:
                raise InputPathError(f"cannot read {folder}: {error.strerror}") from error
            yield here, False  # reading it fails as well, which is reported
            continue
        if here is not folder and _is_left_out(here, names):
            continue
        if ".gitignore" in names:
            from pypackage.analysis.gitignore import Ignored

            ignored = Ignored(here, ignored)
        if ignored:
            found = [one for one in found if not ignored.covers(one[0])]
            subfolders = [path for path in subfolders if not ignored.covers(path, is_folder=True)]
        if found:
            folder_names[here] = names
            found.sort()
            yield from found
        if subfolders:
            subfolders.sort(reverse=True)
            todo += [(path, ignored) for path in subfolders]


def _entries(folder: str) -> tuple[list[tuple[str, bool]], list[str], dict[str, bool]]:
    """A folder's sources (and whether each is a link), its subfolders, and all its names.

    One `scandir` and one loop per folder: trees have thousands of names.
    """
    sources, subfolders, names = [], [], {}
    for entry in os.scandir(folder):  # closed when exhausted
        name, is_link = entry.name, entry.is_symlink()
        names[name] = is_folder = leads_to(entry.is_dir) if is_link else entry.is_dir()
        if is_folder:
            if not is_link and is_searched(name):
                subfolders.append(entry.path)
        # macOS keeps what the file system cannot store of a file in `._NAME`.
        elif (
            name.endswith(_ENDINGS)
            and name[:2] != "._"
            and leads_to(entry.is_file)
            and (name[-3:] != ".md" or _is_notebook(entry.path))
        ):
            sources.append((entry.path, is_link))
    return sources, subfolders, names


def leads_to(kind: Callable[[], bool]) -> bool:
    """Whether an entry of a folder is of a kind; false for a link that cannot be followed.

    Args:
        kind: Its `is_dir` or `is_file`.
    """
    try:
        return kind()
    except OSError:
        return False


def _is_notebook(path: str) -> bool:
    """Whether the front matter of a Markdown file says that it is a notebook."""
    try:
        with open(path, "rb", buffering=0) as file:
            head, ends, _ = file.read(_FRONT).partition(b"\n---")
    except OSError:
        return False
    return (
        bool(ends) and head.startswith(b"---") and (b"kernelspec:" in head or b"jupytext:" in head)
    )


def is_searched(folder: str) -> bool:
    """Whether a subfolder of this name may have sources of the user's own."""
    return folder[0] != "." and folder not in _NEVER and not folder.endswith(_NEVER_ENDINGS)


def is_environment(names: Collection[str]) -> bool:
    """Whether the names in a folder show that it is an environment."""
    return "pyvenv.cfg" in names or "conda-meta" in names


def _is_left_out(folder: str, names: Collection[str]) -> bool:
    """Whether the names in a folder show that it is an environment or a build result."""
    if is_environment(names):
        return True
    return folder.rpartition(os.sep)[2] in _BUILT and "__init__.py" not in names
