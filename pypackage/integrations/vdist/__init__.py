"""Build OS packages (.deb, .rpm) of an application with its interpreter.

`Builder` makes several at once, see docs/os-packages.md; a single one is made by
`python_package_create --format deb`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypackage.integrations.vdist.builder import Builder, BuildsError
    from pypackage.integrations.vdist.source import directory, git, git_directory

__all__ = ["Builder", "BuildsError", "directory", "git", "git_directory"]


def __getattr__(name: str) -> Any:
    """Import on first use: this package is imported by each start of create."""
    if name in ("Builder", "BuildsError"):
        from pypackage.integrations.vdist import builder

        return getattr(builder, name)
    if name in __all__:
        from pypackage.integrations.vdist import source

        return getattr(source, name)
    raise AttributeError(name)
