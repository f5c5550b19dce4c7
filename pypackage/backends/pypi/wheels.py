"""Packages of PyPI beside those of conda: chosen by uv to go with them, installed by uv.

A wheel is chosen before anything is installed, against the Python and the packages that the
solver chose. For uv each of these is a wheel without content, so that it neither looks for
it on PyPI nor takes another version.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pypackage.backends.pypi import pip_settings, uv
from pypackage.core import names
from pypackage.core.errors import InstallError, ProcessError, RequirementsError, SolveError
from pypackage.core.progress import Reporter
from pypackage.core.urls import redact
from pypackage.python import dist_info
from pypackage.requirements.formats import requirements_txt


@dataclass(frozen=True)
class Wheel:
    """A package of PyPI.

    Attributes:
        name: Its normalized name.
        version: Its version.
        url: Of the wheel, or of the source archive that one is built of (`is_source`);
            `git+URL@COMMIT` for what comes from a repository. It may have a password in it,
            which is needed to fetch it and must not be shown.
        sha256: Of the file; empty where the index does not tell, and for a repository.
        requires_dist: Its requirements; known once it is installed.
        requires_python: Likewise.
    """

    name: str
    version: str
    url: str = field(repr=False)
    sha256: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str = ""

    @property
    def is_source(self) -> bool:
        """Whether it has to be built."""
        return not urlsplit(self.url).path.endswith(".whl")


def is_commit(url: str) -> bool:
    """Whether it is what a `Wheel` from a repository has for a URL, which needs no digest."""
    return bool(re.fullmatch(r"\w+\+.+@[0-9a-f]{40}(#subdirectory=.+)?", url))


@dataclass(frozen=True)
class Site:
    """What the wheels have to suit.

    Attributes:
        python: The version of Python.
        present: The distributions that conda packages bring, versions by normalized names.
        platform: Conda's name of the platform; empty for this machine's.
        allow_sdist: Whether what has no wheel may be built here.
        offline: Whether uv has to do with its cache and local folders.
        exclude_newer: A date; what was uploaded later is left out.
        constraints: Requirements that hold for what comes in, and ask for nothing.
        indexes: Options of pip that say where to look, such as `--index-url=…`.
    """

    python: str
    present: Mapping[str, str]
    platform: str = ""
    allow_sdist: bool = False
    offline: bool = False
    exclude_newer: str = ""
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


def present(records: Iterable[tuple[str, str, Sequence[str]]]) -> dict[str, str]:
    """The distributions among conda packages: those that depend on Python.

    Args:
        records: Name, version and match specs of each package.

    Returns:
        Their versions by PyPI's normalized names.
    """
    return {
        names.normalize(names.pypi_name(name) or name): version
        for name, version, depends in records
        if any(spec.split()[0] in ("python", "python_abi") for spec in depends)
    }


_BUILD = "--allow-sdist builds here what has no wheel (this runs its code)"


# --- choosing ----------------------------------------------------------------------------


def resolve(requirements: Sequence[str], site: Site) -> tuple[Wheel, ...]:
    """Choose wheels for requirements, and for what these require.

    Args:
        requirements: As in PEP 508.
        site: What they have to suit; what is present is not chosen again.

    Returns:
        The wheels, sorted by name; those given as `NAME @ file:…` among them.

    Raises:
        RequirementsError: A requirement is not valid.
        SolveError: There is no such thing, or it does not go with the conda packages; or
            the index cannot be reached.
    """
    if not requirements:
        return ()
    repositories = [one for one in requirements if re.search(r"(^|@)\s*(git|hg|svn|bzr)\+", one)]
    if repositories and not site.allow_sdist:
        raise SolveError(f"{redact(repositories[0])} would have to be built", _BUILD)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        constraints = folder / "constraints.txt"
        bounds = (*_stubs(site, folder), *site.constraints, *configured_constraints(site.present))
        constraints.write_text("".join(f"{line}\n" for line in bounds))
        arguments = ["pip", "compile", "--quiet", "--no-header", "--format", "pylock.toml"]
        arguments += ["--constraints", str(constraints), *_options(site), "-"]
        arguments += pip_settings.as_arguments(
            Path(sys.prefix), os.environ, sdists=site.allow_sdist
        )
        text = "".join(f"{requirement}\n" for requirement in requirements)
        try:
            locked = uv.run(
                arguments,
                Path(sys.executable),
                Path(sys.prefix),
                choosing=True,
                options=site.indexes,
                stdin=text,
            )
        except ProcessError as error:
            raise _refused(error, requirements, site) from error
        chosen = [_wheel(package, site) for package in _packages(locked, folder)]
    return tuple(sorted(chosen, key=lambda wheel: wheel.name))


def configured_constraints(present: Container[str]) -> Iterator[str]:
    """The constraints of pip's and uv's configuration, as lines of a file of constraints.

    Args:
        present: Names of what is chosen or installed already, which nothing bounds any more.

    Raises:
        InputPathError: A file of them cannot be read.
        RequirementsError: A line is not valid.
    """
    place = "the constraints that pip or uv is configured with"
    files, single = uv.constraints()
    local = [file.removeprefix("file://") for file in files]
    given = [requirements_txt.Line(f"-c {file}", place) for file in local if "://" not in file]
    found = requirements_txt.collect(requirements_txt.entries(given, os.getcwd()))
    yield from (f"-c {file}" for file in local if "://" in file)
    for text in (*found.constraints, *single):
        name = re.match(r"[\w.-]+", text)
        if not name or names.normalize(name[0]) not in present:
            yield text


def _stubs(site: Site, folder: Path) -> Iterator[str]:
    """Wheels without content for what conda brings, as constraints that admit them alone."""
    for name, version in sorted(site.present.items()):
        if re.fullmatch(r"[0-9]+([0-9A-Za-z.!+]*[0-9A-Za-z])?", version):
            stem = f"{name.replace('-', '_')}-{version}"
            path = folder / f"{stem}-py3-none-any.whl"
            with zipfile.ZipFile(path, "w") as wheel:
                head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
                wheel.writestr(f"{stem}.dist-info/METADATA", head)
                wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
                wheel.writestr(f"{stem}.dist-info/RECORD", "")
            yield f"{name} @ {path.as_uri()}"


_PLATFORMS = {
    "linux-64": "x86_64-unknown-linux-gnu",
    "linux-aarch64": "aarch64-unknown-linux-gnu",
    "osx-64": "x86_64-apple-darwin",
    "osx-arm64": "aarch64-apple-darwin",
}
_MANYLINUX = (17, 28, *range(31, 41))  # uv knows machines with glibc 2.N for these N


def _options(site: Site) -> list[str]:
    options = ["--python-version", site.python]
    platform = _platform(site, os.environ.get("CONDA_OVERRIDE_GLIBC", ""))
    options += ["--python-platform", platform] if platform else []
    options += ["--offline"] if site.offline else []
    return options + (["--exclude-newer", site.exclude_newer] if site.exclude_newer else [])


def _platform(site: Site, glibc: str) -> str:
    """How uv calls the platform; empty for this machine's."""
    if site.platform and site.platform not in _PLATFORMS:
        known = ", ".join(sorted(_PLATFORMS))
        raise SolveError(
            f"packages of PyPI cannot be chosen for {site.platform}", f"they can for {known}"
        )
    version = re.fullmatch(r"2\.(\d+)", glibc)
    machine = {"": os.uname().machine, **_PLATFORMS}[site.platform].partition("-")[0]
    if version and not site.platform.startswith("osx"):
        fitting = [known for known in _MANYLINUX if known <= int(version[1])]
        return f"{machine}-manylinux_2_{max(fitting, default=_MANYLINUX[0])}"
    return _PLATFORMS.get(site.platform, "")


def _refused(error: ProcessError, requirements: Sequence[str], site: Site) -> Exception:
    """Why uv found no solution, with conda's part in it."""
    said = uv.message(error)
    if error.returncode != uv.NO_SOLUTION:
        if "Couldn't parse requirement" in said:
            return RequirementsError("not a requirement of PyPI", said)
        return uv.unreachable(error)
    named = [n for n in site.present if re.search(rf"(?<![\w.-]){re.escape(n)}(?![\w-])", said)]
    hints = [said]
    if named:
        fixed = ", ".join(f"{name} {site.present[name]}" for name in named)
        hints.append(f"conda brings {fixed}: ask for other versions of them, or of these")
    if not site.allow_sdist and re.search(
        "no (usable )?wheels|--only-binary|no-build|is disabled", said
    ):
        hints.append(_BUILD)
    asked = ", ".join(map(redact, requirements))
    return SolveError(f"cannot get {asked} from PyPI", "\n".join(hints))


def _packages(locked: str, stubs: Path) -> Iterator[Mapping[str, Any]]:
    """The packages of a pylock.toml (PEP 751) without those that stand for conda's."""
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    for package in toml.loads(locked).get("packages", []):
        if Path(package.get("archive", {}).get("path", "")).parent != stubs:
            yield package


def _wheel(package: Mapping[str, Any], site: Site) -> Wheel:
    """The one file to take of a package in a pylock.toml."""
    name, version = package["name"], package.get("version", "")
    if "directory" in package:
        raise RequirementsError(
            f"{name} is a folder: {package['directory']['path']}", "name it with --add"
        )
    if "vcs" in package:
        source = package["vcs"]
        folder = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        url = f"{source['type']}+{source['url']}@{source['commit-id']}{folder}"
        return Wheel(name, version, url, "")
    files = sorted(package.get("wheels", []), key=lambda file: _rank(_url(file)))
    file = next(iter(files), None) or package.get("archive") or package["sdist"]
    digest = file.get("hashes", {}).get("sha256", "")
    if not digest and "path" in file:
        digest = sha256(Path(file["path"]).read_bytes()).hexdigest()
    return Wheel(name, version or _version(_url(file)), _url(file), digest)


def _url(file: Mapping[str, Any]) -> str:
    return str(file["url"]) if "url" in file else Path(file["path"]).absolute().as_uri()


def _version(url: str) -> str:
    """The version in a wheel's or source archive's name."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    return name.split("-")[1] if name.endswith(".whl") else ""


def _rank(url: str) -> tuple[int, int, int, str]:
    """Of several wheels that suit, the first is made for this Python and for old machines."""
    tags = unquote(urlsplit(url).path).removesuffix(".whl").split("-")[-3:]
    interpreter, abi, platform = tags if len(tags) == 3 else ("", "", "")
    kind = 0 if abi.startswith("cp") else 1 if abi == "abi3" else 2 if platform != "any" else 3
    minors = [int(number) for number in re.findall(r"cp3(\d+)", interpreter)]
    return kind, -max(minors, default=0), dist_info.glibc_of(platform)[1], url


def check_hashes(wheels: Iterable[Wheel], hashes: Mapping[str, Sequence[str]]) -> None:
    """Make sure that packages of PyPI are those whose digests the user has written down.

    Args:
        wheels: As chosen.
        hashes: Digests, such as `sha256:…`, by normalized name.

    Raises:
        SolveError: One is not, or does not come from PyPI.
    """
    chosen = {wheel.name: wheel for wheel in wheels}
    for name, allowed in hashes.items():
        wheel = chosen.get(name)
        if wheel is None:
            raise SolveError(
                f"{name} is to have one of certain hashes, but is not taken from PyPI",
                "leave out its hash, or conda's package of it",
            )
        if f"sha256:{wheel.sha256}" not in allowed:
            raise SolveError(
                f"{name} {wheel.version} has none of the hashes that it is to have",
                f"the wheel for this Python has sha256:{wheel.sha256}",
            )


def check_built(wheels: Iterable[Wheel]) -> None:
    """Make sure that nothing has to be built, which would run its code.

    Raises:
        InstallError: Something has.
    """
    for wheel in wheels:
        if wheel.is_source:
            raise InstallError(f"{wheel.name} {wheel.version} would have to be built", _BUILD)


# --- installing --------------------------------------------------------------------------


def install(
    wheels: Sequence[Wheel], prefix: Path, stands_for: Path, site: Site, reporter: Reporter
) -> None:
    """Install wheels into a prefix that has its Python, but need not have pip.

    Args:
        wheels: As chosen, or as a lock tells; the digests are checked.
        prefix: The folder.
        stands_for: The path that is written into files in its place.
        site: What they were chosen for.

    Raises:
        InstallError: One cannot be fetched, built or written, or is not what was locked.
    """
    if not wheels:
        return
    with reporter.task("installing packages of PyPI"), tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch, "pylock.toml")
        lock.write_text(_pylock(wheels))
        arguments: list[str | Path] = ["pip", "install", "--quiet", "--no-deps"]
        arguments += ["--requirements", lock, *(["--offline"] if site.offline else [])]
        try:
            if site.platform:
                _install_foreign(arguments, prefix, site)
            else:
                arguments += ["--prefix", prefix]
                python = prefix / "bin" / "python"
                uv.run(
                    arguments, python, prefix, choosing=False, options=site.indexes, env=_BUILDING
                )
        except ProcessError as error:
            raise InstallError(
                "the packages of PyPI cannot be installed", uv.message(error)
            ) from error
    built = {wheel.name for wheel in wheels if wheel.is_source}
    dist_info.make_relocatable(prefix, stands_for, {wheel.name for wheel in wheels}, built)


# What is built here is to come out the same next time.
_BUILDING = {"SOURCE_DATE_EPOCH": "315532800", "PYTHONHASHSEED": "0"}


def _install_foreign(arguments: Sequence[str | Path], prefix: Path, site: Site) -> None:
    """Install for a platform whose interpreter does not run here."""
    place = prefix / "lib" / f"python{'.'.join(site.python.split('.')[:2])}" / "site-packages"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=prefix) as scratch:
        options = [*_options(site), "--target", scratch]
        options += [] if site.allow_sdist else ["--only-binary", ":all:"]
        python = Path(sys.executable)
        uv.run([*arguments, *options], python, prefix, choosing=False, options=site.indexes)
        dist_info.spread(Path(scratch), place, prefix)


def _pylock(wheels: Iterable[Wheel]) -> str:
    """A pylock.toml (PEP 751) that uv installs from."""
    lines = ['lock-version = "1.0"', 'created-by = "python_package_create"']
    for wheel in wheels:
        lines += ["[[packages]]", f"name = {json.dumps(wheel.name)}"]
        lines += [f"version = {json.dumps(wheel.version)}"] if wheel.version else []
        lines.append(_source(wheel))
    return "".join(f"{line}\n" for line in lines)


def _source(wheel: Wheel) -> str:
    git = re.fullmatch(r"(\w+)\+(.+)@([0-9a-f]+)(?:#subdirectory=(.+))?", wheel.url)
    if git:
        parts = zip(("type", "url", "commit-id", "subdirectory"), git.groups(), strict=True)
        said = ", ".join(f"{key} = {json.dumps(text)}" for key, text in parts if text)
        return f"vcs = {{ {said} }}"
    hashes = f", hashes = {{ sha256 = {json.dumps(wheel.sha256)} }}" if wheel.sha256 else ""
    path = urlsplit(wheel.url)
    where = "path" if path.scheme == "file" else "url"
    place = unquote(path.path) if path.scheme == "file" else wheel.url
    file = f"{{ {where} = {json.dumps(place)}{hashes} }}"
    if wheel.is_source:
        return f"sdist = {file}" if wheel.version else f"archive = {file}"
    return f"wheels = [{file}]"


def described(wheels: Iterable[Wheel], prefix: Path) -> tuple[Wheel, ...]:
    """The same wheels with what their metadata, once installed, says they require."""
    found = dist_info.installed(prefix)
    return tuple(
        replace(
            wheel,
            version=wheel.version or found[wheel.name].version,
            requires_dist=found[wheel.name].requires,
            requires_python=dist_info.header(found[wheel.name].info, "Requires-Python"),
        )
        if wheel.name in found
        else wheel
        for wheel in wheels
    )
