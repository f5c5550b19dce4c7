"""Run the post-link scripts of packages.

py-rattler could run them, but would discard their output; and they may write to files that are hard
links into the package cache, which must be prevented first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypackage.backends import conda, conda_meta
from pypackage.core import process
from pypackage.core.errors import InstallError, ProcessError
from pypackage.core.progress import Reporter
from pypackage.core.relocation import rewrite_prefix
from pypackage.prefix import variables


def run(prefix: Path, target_prefix: Path, platform: str, reporter: Reporter) -> frozenset[str]:
    """Run the post-link scripts of all packages in a prefix, dependencies first.

    Scripts only know the present path. In the text files and links that they write, it is replaced
    by `target_prefix`.

    Args:
        target_prefix: The path that the environment will have.
        platform: The target platform; if it is not this machine's, scripts are not run.

    Returns:
        Files that were changed or created, relative to the prefix.

    Raises:
        InstallError: A script failed, with its output; or it wrote the prefix's path into a
            binary file.
    """
    scripts = [record for record in _in_order(prefix) if _script(prefix, record).is_file()]
    if not scripts:
        return frozenset()
    if conda.is_foreign(platform):
        names = ", ".join(record["name"] for record in scripts)
        reporter.warning(f"post-link scripts for {platform} cannot run here, so not run: {names}")
        return frozenset()
    _break_hardlinks(prefix)
    before = _snapshot(prefix)
    for record in scripts:
        reporter.debug(f"running the post-link script of {record['name']}")
        _run(prefix, record)
    _tell_messages(prefix, reporter)
    after = _snapshot(prefix)
    changed = frozenset(path for path, state in after.items() if before.get(path) != state)
    for path in sorted(changed):
        rewrite_prefix(prefix / path, prefix, target_prefix, by="a post-link script")
    return changed


def _in_order(prefix: Path) -> Iterator[dict[str, Any]]:
    """The records of the installed packages, each after its dependencies."""
    by_name = {record["name"]: record for record in conda_meta.records(prefix)}
    needs = {
        name: [need for spec in record["depends"] if (need := spec.split()[0]) in by_name]
        for name, record in by_name.items()
    }
    ordered: dict[str, None] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above:  # packages may depend on each other
            return
        for need in needs[name]:
            place(need, (*above, name))
        ordered[name] = None

    for name in needs:
        place(name, ())
    return (by_name[name] for name in ordered)


def _script(prefix: Path, record: dict[str, Any]) -> Path:
    return prefix / "bin" / f".{record['name']}-post-link.sh"


def _run(prefix: Path, record: dict[str, Any]) -> None:
    """Run one script as conda does: in the activated environment, by bash if there is one."""
    environment = {
        **{n: value for n, value in os.environ.items() if n in _SEEN or n.startswith("LC_")},
        **variables.values(prefix),
        "PREFIX": str(prefix),
        "CONDA_PREFIX": str(prefix),
        "PKG_NAME": record["name"],
        "PKG_VERSION": record["version"],
        "PKG_BUILDNUM": str(record["build_number"]),
        "PATH": f"{prefix / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    shell = shutil.which("bash") or "sh"
    try:
        process.run([shell, "-c", _ACTIVATED, _script(prefix, record)], cwd=prefix, env=environment)
    except ProcessError as error:
        raise InstallError(
            f"the post-link script of {record['name']} failed with status {error.returncode}",
            error.output.strip(),
        ) from error


# The activation hooks of the packages, then the script; conda sources both.
_ACTIVATED = """\
for hook in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do
    [ ! -f "$hook" ] || . "$hook"
done
. "$0"
"""

# Variables that cannot contain a token or password.
_SEEN = {"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER"}


def _break_hardlinks(prefix: Path) -> None:
    """Replace hard links into the package cache by copies."""
    for path in _files(prefix):
        if not path.is_symlink() and path.stat().st_nlink > 1:
            copy = path.with_name(f"{path.name}.copy")
            shutil.copy2(path, copy)
            copy.replace(path)


def _snapshot(prefix: Path) -> dict[str, object]:
    return {path.relative_to(prefix).as_posix(): _state(path) for path in _files(prefix)}


def _state(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _files(prefix: Path) -> list[Path]:
    return [path for path in prefix.rglob("*") if path.is_symlink() or path.is_file()]


def _tell_messages(prefix: Path, reporter: Reporter) -> None:
    messages = prefix / ".messages.txt"
    if messages.is_file():
        reporter.warning(messages.read_text(errors="replace").strip())
        messages.unlink()
