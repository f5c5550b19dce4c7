"""pylock.toml (PEP 751), the format of uv's result and of what it installs."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core import fingerprint, toml
from pypackage.core.errors import RequirementsError
from pypackage.python import dist_info


def loads(text: str, placeholders: Path) -> Iterator[PyPIPackage]:
    """Yield the packages of a pylock.toml.

    Args:
        text: Its content.
        placeholders: The folder of the wheels that stand for what is present already; they are
            left out.

    Raises:
        RequirementsError: A package is a folder.
    """
    for package in toml.loads(text).get("packages", []):
        if Path(package.get("archive", {}).get("path", "")).parent != placeholders:
            yield _package(package)


def dumps(packages: Iterable[PyPIPackage], direct: Container[str] = (), python: str = "") -> str:
    """Return the content of a pylock.toml that uv installs from.

    Args:
        packages: The packages.
        direct: Names of those that were requested by URL; installers note it in
            `direct_url.json`.
        python: The compatible versions of Python (PEP 440); empty to leave it out.
    """
    lines = ['lock-version = "1.0"', 'created-by = "python_package_create"']
    lines += [f"requires-python = {json.dumps(python)}"] if python else []
    for package in packages:
        lines += ["[[packages]]", f"name = {json.dumps(package.name)}"]
        lines += [f"version = {json.dumps(package.version)}"] if package.version else []
        lines.append(_source(package, is_direct=package.name in direct))
    return "".join(f"{line}\n" for line in lines)


def _package(package: Mapping[str, Any]) -> PyPIPackage:
    """Return a package with the best of its files."""
    name, version = package["name"], package.get("version", "")
    if "directory" in package:
        raise RequirementsError(
            f"{name} is a folder: {package['directory']['path']}", "add it with --add"
        )
    if "vcs" in package:
        source = package["vcs"]
        folder = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        url = f"{source['type']}+{source['url']}@{source['commit-id']}{folder}"
        return PyPIPackage(name, version, url, "")
    files = sorted(package.get("wheels", []), key=lambda file: _rank(_url(file)))
    file = next(iter(files), None) or package.get("archive") or package["sdist"]
    digest = file.get("hashes", {}).get("sha256", "")
    url = _url(file)
    if not digest and url.startswith("file:"):  # uv before 0.13 requires one
        digest = fingerprint.of_file(unquote(urlsplit(url).path))
    return PyPIPackage(name, version, url, digest)


def _url(file: Mapping[str, Any]) -> str:
    return str(file["url"]) if "url" in file else Path(file["path"]).absolute().as_uri()


def _rank(url: str) -> tuple[int, int, int, str]:
    """Rank compatible wheels: first those for this very Python, then those for old machines."""
    tags = unquote(urlsplit(url).path).removesuffix(".whl").split("-")[-3:]
    interpreter, abi, platform = tags if len(tags) == 3 else ("", "", "")
    kind = 0 if abi.startswith("cp") else 1 if abi == "abi3" else 2 if platform != "any" else 3
    minors = [int(number) for number in re.findall(r"cp3(\d+)", interpreter)]
    return kind, -max(minors, default=0), dist_info.glibc_of(platform)[1], url


def _source(package: PyPIPackage, *, is_direct: bool) -> str:
    git = re.fullmatch(r"(\w+)\+(.+)@([0-9a-f]+)(?:#subdirectory=(.+))?", package.url)
    if git:
        parts = zip(("type", "url", "commit-id", "subdirectory"), git.groups(), strict=True)
        said = ", ".join(f"{key} = {json.dumps(text)}" for key, text in parts if text)
        return f"vcs = {{ {said} }}"
    digest = package.sha256
    hashes = f", hashes = {{ sha256 = {json.dumps(digest)} }}" if digest else ""
    path = urlsplit(package.url)
    where = "path" if path.scheme == "file" else "url"
    place = unquote(path.path) if path.scheme == "file" else package.url
    file = f"{{ {where} = {json.dumps(place)}{hashes} }}"
    if is_direct or (package.is_source and not package.version):
        return f"archive = {file}"
    return f"sdist = {file}" if package.is_source else f"wheels = [{file}]"
