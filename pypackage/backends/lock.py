"""The lock: exactly which packages an environment has, in pixi's lock format.

py-rattler writes and reads the format; since it reads hashes of wheels but does not write
them, its output is completed here. A lock never has paths of this machine or credentials:
a package from a channel that is a folder is found again by its digest.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypackage.backends import conda_meta
from pypackage.backends.pypi.package import PyPIPackage, is_commit, of_lock
from pypackage.core import files, platforms
from pypackage.core.errors import InputPathError, RequirementsError
from pypackage.core.urls import LOCAL, redact
from pypackage.requirements.selected import hint_of

if TYPE_CHECKING:
    from rattler import LockFile, RepoDataRecord
    from rattler.lock import Environment, LockPlatform

PATH = "etc/pypackage/environment.lock"  # inside an archive
ENVIRONMENT = "default"


@dataclass(frozen=True)
class Lock:
    """The packages of an environment.

    Attributes:
        platform: Conda's name of the platform.
        channels: URLs or absolute folders that the conda packages come from, by priority.
        records: The conda packages.
        wheels: The packages from PyPI.
        projects: Folders of projects to be built, relative to the lock's own.
    """

    platform: str
    channels: tuple[str, ...]
    records: tuple[RepoDataRecord, ...]
    wheels: tuple[PyPIPackage, ...] = ()
    projects: tuple[str, ...] = ()


def of_prefix(folder: Path, channels: Sequence[str] = ()) -> Lock:
    """Return a lock of the conda packages in an environment."""
    from rattler import PrefixRecord

    records = tuple(PrefixRecord.from_path(path) for path in conda_meta.paths(folder))
    native = (record.subdir for record in records if record.subdir != "noarch")
    return Lock(next(native, platforms.here()), tuple(channels), records)


def digest(locked: Lock) -> str:
    """Return a digest of a lock's packages; empty if one of them has no SHA-256."""
    told = [json.loads(record.to_json()) for record in locked.records]
    wheels = [_wheel_entry(wheel) for wheel in locked.wheels]
    if not all(one.get("sha256") for one in (*told, *wheels)):
        return ""
    for one in told:
        one.pop("indexed_timestamp", None)
        one["url"], one["channel"] = _shared(one["url"]), _shared(one["channel"] or "")
    text = json.dumps([locked.platform, told, wheels], sort_keys=True)
    return sha256(text.encode()).hexdigest()


# --- writing -----------------------------------------------------------------------------


def dumps(locked: Lock) -> bytes:
    """Serialize a lock; the same packages give the same bytes."""
    import yaml

    with files.private_folder() as folder:
        path = folder / "lock"
        _of_conda(locked).to_path(path)
        content = yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    environment = content["environments"][ENVIRONMENT]
    environment["channels"] = [{"url": url} for url in _channels(locked)]
    references = environment["packages"].setdefault(locked.platform, [])
    packages = [_without_machine(one) for one in content["packages"]]
    references[:] = [{"conda": _shared(one["conda"])} for one in references]
    wheels = [_wheel_entry(wheel) for wheel in sorted(locked.wheels, key=lambda one: one.name)]
    references += ({"pypi": entry["pypi"]} for entry in wheels)
    content["packages"] = packages + wheels
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(content, Dumper=dumper, sort_keys=False, width=1000, allow_unicode=True)
    return str(text).encode()


def write(content: bytes, path: Path) -> None:
    """Write the content of a lock to a file, replacing an existing one.

    Raises:
        InputPathError: It cannot be written there.
    """
    with InputPathError.wrapping("cannot write the lock", path):
        files.write_new(path, content)


def _of_conda(locked: Lock) -> LockFile:
    """Convert a lock's conda packages to py-rattler's lock file."""
    from rattler import LockFile, LockPlatform

    platform = LockPlatform(locked.platform)
    made = LockFile([platform])
    made.set_channels(ENVIRONMENT, [])
    for record in locked.records:
        made.add_conda_package(ENVIRONMENT, platform, record)
    return made


def _channels(locked: Lock) -> list[str]:
    """Return the channels' URLs; all folders of this machine are merged into one."""
    used = {record.channel for record in locked.records}
    named = [channel for channel in locked.channels if "://" in channel or channel[:1] == "/"]
    urls = [*named, *sorted(used)]
    return list(dict.fromkeys(_shared(url).rstrip("/") for url in urls))


def _without_machine(entry: dict[str, Any]) -> dict[str, Any]:
    """Remove from a package's entry what only applies to this machine and moment."""
    entry.pop("indexed_timestamp", None)
    entry["conda"] = _shared(entry["conda"])
    if "channel" in entry:
        entry["channel"] = _shared(entry["channel"])
    return entry


def _shared(url: str) -> str:
    """Make a URL machine-independent; of a local package, the part below its channel stays."""
    if not url.startswith(("file:", "/")):
        return redact(url)
    folder, name = url.rstrip("/").rsplit("/", 2)[-2:]
    return f"{LOCAL}/{folder}/{name}" if name.endswith((".conda", ".tar.bz2")) else LOCAL


def _wheel_entry(wheel: PyPIPackage) -> dict[str, Any]:
    """Return the entry of a wheel; a local one is named without its folders."""
    url = redact(wheel.url)
    if url.startswith(("file:", "/", "git+file:")):
        url = f"{'git+' if url[:4] == 'git+' else ''}{LOCAL}/{url.rsplit('/', 1)[-1]}"
    entry: dict[str, Any] = {"pypi": url, "name": wheel.name, "version": wheel.version}
    if wheel.sha256:
        entry["sha256"] = wheel.sha256
    if wheel.requires_dist:
        entry["requires_dist"] = list(wheel.requires_dist)
    if wheel.requires_python:
        entry["requires_python"] = wheel.requires_python
    return entry


# --- reading -----------------------------------------------------------------------------


def loads(
    content: bytes,
    label: str,
    platform: str = "",
    environment: str = "",
) -> Lock:
    """Read a lock.

    Args:
        content: Of pixi's lock file, in any of its versions.
        label: The name shown in messages.
        platform: Conda's name of the platform; by default this machine's.
        environment: Which of its environments; by default `default`, or the only one.

    Raises:
        RequirementsError: It is not valid, or not for the platform.
    """
    platform = platform or platforms.here()
    chosen = _environment(_parsed(content, label), label, environment)
    at = _platform(chosen, platform, label)
    packages = chosen.packages(at) or []
    return Lock(
        platform,
        tuple(str(channel) for channel in chosen.channels()),
        tuple(_record(one, label) for one in packages if not _is_pypi(one)),
        tuple(_wheel(one, label) for one in packages if _is_pypi(one) and not _is_project(one)),
        tuple(one.location for one in packages if _is_pypi(one) and _is_project(one)),
    )


_DEEPEST = 100  # brackets in each other; with thousands of them, the library took over 150 s


def _parsed(content: bytes, label: str) -> LockFile:
    from rattler import LockFile

    steps = (1 if one in b"[{" else -1 for one in re.findall(rb"[][{}]", content))
    if max(accumulate(steps, initial=0)) > _DEEPEST:
        raise RequirementsError(f"{label}: not a pixi lock file: nested too deep")
    with files.private_folder() as folder:
        path = folder / "lock"
        path.write_bytes(content)
        try:
            return LockFile.from_path(path)
        except Exception as error:  # the library raises plain ones
            reason = str(error).replace(os.fspath(folder), "").partition("\n")[0]
            raise RequirementsError(f"{label}: not a pixi lock file: {reason}") from error


def _environment(file: LockFile, label: str, name: str) -> Environment:
    every = dict(file.environments())
    if not name:
        name = ENVIRONMENT if ENVIRONMENT in every or len(every) != 1 else next(iter(every))
    if name not in every:
        raise RequirementsError(
            f"{label}: has no environment {name!r}", hint_of(name, every, "--environment")
        )
    filled = [one for one in every if one != name and _has_packages(every[one])]
    if filled and not _has_packages(every[name]):
        known = ", ".join(sorted(filled))
        raise RequirementsError(
            f"{label}: the environment {name!r} is empty",
            f"--environment names one; it has {known}",
        )
    return every[name]


def _has_packages(environment: Environment) -> bool:
    return any(environment.packages(platform) for platform in environment.platforms())


def _platform(environment: Environment, name: str, label: str) -> LockPlatform:
    every = {str(platform.subdir): platform for platform in environment.platforms()}
    found = every.get(name)
    if found and not environment.packages(found):
        raise RequirementsError(f"{label}: has no packages for {name}")
    if not every:
        raise RequirementsError(f"{label}: has no packages", "add some, and lock it again")
    if not found:
        raise RequirementsError(
            f"{label}: is a lock for {', '.join(sorted(every))}, not for {name}",
            "create it again from the requirements on a machine of this kind",
        )
    return found


def _is_pypi(package: object) -> bool:
    from rattler.lock import PypiLockedPackage

    return isinstance(package, PypiLockedPackage)


def _is_project(package: Any) -> bool:
    """Whether it is a folder beside the lock, such as pixi's own project: `pypi: ./`."""
    place = of_lock(package.location)
    is_file = place.endswith((".whl", ".zip", ".tar.gz"))
    return not (is_file or "://" in place or place.startswith("/") or is_commit(place))


def _record(package: Any, label: str) -> RepoDataRecord:
    from rattler.lock import CondaLockedBinaryPackage

    if not isinstance(package, CondaLockedBinaryPackage):
        raise RequirementsError(
            f"{label}: {package.name} is to be built from source", "build it, and lock its package"
        )
    record = package.repo_data_record()
    if not record.sha256 and not record.md5:
        raise RequirementsError(f"{label}: {package.name} has no digest", "lock it again")
    return record


def _wheel(package: Any, label: str) -> PyPIPackage:
    place = of_lock(package.location)
    file = None
    if "://" not in place:  # the library's form of file:///… and of files beside the lock
        file = Path(os.path.abspath(os.path.join(os.path.dirname(label), place)))
        place = file.as_uri()
    try:
        digest = package.hashes.sha256
    except AttributeError:  # raised by the library if there are none
        digest = None
    if not digest and file and file.is_file():
        digest = sha256(file.read_bytes()).digest()
    if not digest and not is_commit(place):
        raise RequirementsError(
            f"{label}: {package.name} has no sha256",
            "what is taken from a folder or by a URL has to be there, or be locked with its "
            "digest; the manifest itself is taken, too",
        )
    return PyPIPackage(
        name=package.name,
        version=package.version,
        url=place if is_commit(place) else place.partition("#")[0],
        sha256=digest.hex() if digest else "",
        requires_dist=tuple(package.requires_dist),
        requires_python=package.requires_python or "",
    )
