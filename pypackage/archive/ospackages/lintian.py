"""Provide lintian overrides, each with its reason.

They only apply to the application's folder; the rest of the package must pass without them.
"""

from __future__ import annotations

from pypackage.archive.ospackages.model import OsPackage

_REASONS = {
    "dir-or-file-in-opt": "/opt is the place of software that is not of the distribution",
    "package-installs-python-pycache-dir": "the interpreter is the application's own, which "
    "Debian's scripts do not compile for",
    "python3-script-but-no-python3-dep": "the interpreter is in the package",
    "shell-script-fails-syntax-check": "launchers that sh and Python can read both",
    "embedded-library": "the application brings its libraries along, to depend on no system's",
    "custom-library-search-path": "the application's libraries are found beside it",
    "library-not-linked-against-libc": "extension modules need not call the C library",
    "unstripped-binary-or-object": "binaries are as their builders delivered them",
    "unstripped-static-library": "binaries are as their builders delivered them",
    "shared-library-is-executable": "modes are as the libraries' builders set them",
    "interpreter-in-usr-local": "the standard library's cgi.py says so; it is imported, not run",
}
_CONFIGURATION = {
    "non-etc-file-marked-as-conffile": "the application reads it in its own folder",
}


def overrides(package: OsPackage) -> str:
    """The overrides file that the package installs."""
    reasons = dict(_REASONS)
    if any(path.startswith(f"{package.prefix}/") for path in package.config_paths):
        reasons.update(_CONFIGURATION)
    place = str(package.prefix).lstrip("/")
    lines = [
        line
        for tag, reason in reasons.items()
        for line in (f"# {reason}", f"{package.app}: {tag} *{place}*")
    ]
    return "".join(f"{line}\n" for line in lines)
