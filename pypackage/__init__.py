"""Get a Python program onto machines that have nothing."""

# Nothing is imported here: Ctrl-C would end a command with a traceback until `pypackage.cli` has
# seen to it, and to import `collections` alone takes a tenth of Python's own start.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from pypackage.api import (
        analyze,
        analyze_function,
        analyze_pickle,
        create,
        create_async,
        environment_for,
        environment_for_async,
    )
    from pypackage.core.errors import PackageError
    from pypackage.core.progress import Reporter
    from pypackage.pipeline.commands import RUNNER
    from pypackage.pipeline.environment import Environment
    from pypackage.requirements.model import Requirements

    __version__: str

__all__ = [
    "RUNNER",
    "Environment",
    "PackageError",
    "Reporter",
    "Requirements",
    "__version__",
    "analyze",
    "analyze_function",
    "analyze_pickle",
    "create",
    "create_async",
    "environment_for",
    "environment_for_async",
]

_HOMES = {
    "RUNNER": "pypackage.pipeline.commands",
    "Environment": "pypackage.pipeline.environment",
    "PackageError": "pypackage.core.errors",
    "Reporter": "pypackage.core.progress",
    "Requirements": "pypackage.requirements.model",
}


if not TYPE_CHECKING:  # or type checkers would take any name for one of these

    def __getattr__(name: str) -> object:
        """Import the public names on first access, which saves the executables' time."""
        if name == "__version__":
            return _version()
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES.get(name, "pypackage.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    """Return the installed version; `0+unknown` for a source tree that is not installed."""
    from pypackage.core import version

    return version.installed() or "0+unknown"
