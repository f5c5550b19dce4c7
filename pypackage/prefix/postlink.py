"""Post-link scripts: what packages want to be run once after they were installed.

py-rattler could run them, but would throw away what they say; and they may write to files
that are hard links into the package cache, which has to be prevented first.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypackage.backends import conda
from pypackage.core import process
from pypackage.core.errors import InstallError, ProcessError
from pypackage.core.progress import Reporter
from pypackage.prefix import variables


def run(folder: Path, stands_for: Path, platform: str, reporter: Reporter) -> frozenset[str]:
    """Run the post-link scripts of all packages in a prefix, dependencies first.

    A script knows the present folder alone. In the text files and links that it writes,
    `stands_for` takes its place.

    Args:
        folder: The prefix.
        stands_for: The path that the environment will have.
        platform: What it is for; scripts for another one than this machine's are not run.

    Returns:
        Files that were changed or made, relative to the prefix.

    Raises:
        InstallError: A script failed, with what it said; or it put the folder's path into a
            binary file.
    """
    scripts = [record for record in _in_order(folder) if _script(folder, record).is_file()]
    if not scripts:
        return frozenset()
    if conda.is_foreign(platform):
        names = ", ".join(record["name"] for record in scripts)
        reporter.warning(f"post-link scripts for {platform} cannot run here, so not run: {names}")
        return frozenset()
    _own_copies(folder)
    before = _snapshot(folder)
    for record in scripts:
        reporter.debug(f"running the post-link script of {record['name']}")
        _run(folder, record)
    _tell_messages(folder, reporter)
    after = _snapshot(folder)
    changed = frozenset(path for path, state in after.items() if before.get(path) != state)
    for path in sorted(changed):
        _settle(folder, folder / path, stands_for)
    return changed


def _in_order(folder: Path) -> Iterator[dict[str, Any]]:
    """The records of the installed packages, each after those that it depends on."""
    records = [json.loads(path.read_bytes()) for path in sorted(folder.glob("conda-meta/*.json"))]
    by_name = {record["name"]: record for record in records}
    needs = {
        name: [need for spec in record["depends"] if (need := spec.split()[0]) in by_name]
        for name, record in by_name.items()
    }
    ordered: dict[str, None] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:  # packages may depend on each other in a circle
            return
        for need in needs[name]:
            place(need, (*above, name))
        ordered[name] = None

    for name in needs:
        place(name, ())
    return (by_name[name] for name in ordered)


def _script(folder: Path, record: dict[str, Any]) -> Path:
    return folder / "bin" / f".{record['name']}-post-link.sh"


def _run(folder: Path, record: dict[str, Any]) -> None:
    """Run one script as conda does: in the activated environment, by bash where there is one."""
    environment = {
        **{name: value for name, value in os.environ.items() if _may_see(name)},
        **variables.values(folder),
        "PREFIX": str(folder),
        "CONDA_PREFIX": str(folder),
        "PKG_NAME": record["name"],
        "PKG_VERSION": record["version"],
        "PKG_BUILDNUM": str(record["build_number"]),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    shell = shutil.which("bash") or "sh"
    try:
        process.run([shell, "-c", _ACTIVATED, _script(folder, record)], cwd=folder, env=environment)
    except ProcessError as error:
        raise InstallError(
            f"the post-link script of {record['name']} failed with status {error.returncode}",
            error.output.strip(),
        ) from error


# The hooks of the packages that are there already, then the script, as conda sources both.
_ACTIVATED = """\
for hook in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    [ ! -f "$hook" ] || . "$hook"
done
. "$0"
"""

# Nothing that may hold a token or a password.
_SEEN = {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"}


def _may_see(name: str) -> bool:
    return name in _SEEN or name.startswith("LC_")


def _own_copies(folder: Path) -> None:
    """Give the prefix files of its own instead of hard links into the package cache."""
    for path in _files(folder):
        if not path.is_symlink() and path.stat().st_nlink > 1:
            copy = path.with_name(f"{path.name}.copy")
            shutil.copy2(path, copy)
            copy.replace(path)


def _snapshot(folder: Path) -> dict[str, object]:
    return {path.relative_to(folder).as_posix(): _state(path) for path in _files(folder)}


def _state(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() or path.is_file()]


def _settle(folder: Path, path: Path, stands_for: Path) -> None:
    """Put the path that the environment will have where a script wrote the present one."""
    if path.is_symlink():
        target = os.readlink(path)
        if Path(target).is_relative_to(folder):
            path.unlink()
            path.symlink_to(os.path.relpath(target, path.parent))
        return
    content = path.read_bytes()
    if bytes(folder) not in content:
        return
    if b"\0" in content:
        raise InstallError(
            f"a post-link script wrote the environment's path into {path.relative_to(folder)}",
            "this binary file cannot be moved with the environment",
        )
    path.write_bytes(content.replace(bytes(folder), bytes(stands_for)))


def _tell_messages(folder: Path, reporter: Reporter) -> None:
    messages = folder / ".messages.txt"
    if messages.is_file():
        reporter.warning(messages.read_text(errors="replace").strip())
        messages.unlink()
