"""The platforms environments are made for, and the virtual packages of each.

Virtual packages are conda's for what the system provides: its glibc, its kernel and so on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pypackage.core import platforms
from pypackage.core.errors import UsageError

# Those that the script on the worker supports.
PLATFORMS = (
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv7l",
    "linux-ppc64le",
    "linux-riscv64",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
)

# The oldest that conda-forge builds for, so that the chosen packages run on any worker.
_GLIBC = "2.17"
_KERNEL = "3.10"
_MACOS = "11.0"


def check(platform: str) -> None:
    """Refuse a platform that no environment can be made for.

    Raises:
        UsageError: It is not in `PLATFORMS`; empty is this machine's.
    """
    if platform and platform not in PLATFORMS:
        raise UsageError(
            f"cannot make an environment for {platform!r}",
            f"platforms are {', '.join(PLATFORMS)}",
        )


def is_foreign(platform: str) -> bool:
    """Whether programs for a platform (empty: this machine's) cannot run here."""
    return bool(platform) and platform != platforms.here()


def virtual_packages(
    platform: str,
    system: Mapping[str, str] = {},
    environ: Mapping[str, str] = os.environ,
) -> list[Any]:
    """Return the virtual packages of this machine, or of any machine of another platform.

    In both cases the variables CONDA_OVERRIDE_GLIBC, _CUDA and the like take precedence.

    Args:
        platform: Conda's name of it; empty for this machine's.
        system: Versions by name, such as `__cuda`, that replace the machine's own.

    Raises:
        UsageError: One of these variables is not a version.
    """
    import rattler

    try:
        if is_foreign(platform):
            found = [_generic(*one) for one in _of_any(platform, environ)]
        else:
            overrides = rattler.VirtualPackageOverrides.from_env()
            found = [one.into_generic() for one in rattler.VirtualPackage.detect(overrides)]
        fixed = {f"__{key[15:].lower()}" for key in environ if key.startswith("CONDA_OVERRIDE_")}
        stated = {name: version for name, version in system.items() if name not in fixed}
        kept = [one for one in found if one.name.normalized not in stated]
        return [*kept, *(_generic(name, version, "0") for name, version in stated.items())]
    except Exception as error:  # the library raises its own exceptions, or plain ones
        raise UsageError(f"a variable CONDA_OVERRIDE_… is not valid: {error}") from error


def _of_any(platform: str, environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return name, version and build of the virtual packages of another platform's machines."""
    from rattler import Subdir

    architecture = environ.get("CONDA_OVERRIDE_ARCHSPEC", str(Subdir(platform).arch))
    versions = {"__unix": "0"}
    if platform.startswith("osx"):
        versions["__osx"] = environ.get("CONDA_OVERRIDE_OSX", _MACOS)
    else:
        versions["__linux"] = environ.get("CONDA_OVERRIDE_LINUX", _KERNEL)
        versions["__glibc"] = environ.get("CONDA_OVERRIDE_GLIBC", _GLIBC)
        versions["__cuda"] = environ.get("CONDA_OVERRIDE_CUDA", "")
    found = [(name, version, "0") for name, version in versions.items() if version]
    return [*found, ("__archspec", "1", architecture)]


def _generic(name: str, version: str, build: str) -> Any:
    from rattler import BuildString, GenericVirtualPackage, PackageName, Version

    return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))
