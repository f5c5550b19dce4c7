"""Wheels and an index of them, made for a test: a private PyPI."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, str | bytes] | None = None,
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
) -> Path:
    """Write a wheel with files given by path; by default, one module."""
    stem = f"{name.replace('-', '_')}-{version}"
    module = name.replace("-", "_")
    content = dict(files or {f"{module}.py": f"VERSION = {version!r}\n"})
    head = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    info = f"{stem}.dist-info"
    content[f"{info}/METADATA"] = "\n".join(["Metadata-Version: 2.1", *head, ""])
    content[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
    content[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*content, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in content.items():
            archive.writestr(zipfile.ZipInfo(member, _EPOCH), text)
    return path


def sdist(
    folder: Path, name: str, version: str = "1.0", build_requires: Sequence[str] = ()
) -> Path:
    """Write a source archive that needs only the standard library to build."""
    stem = f"{name}-{version}"
    files = {
        "pyproject.toml": f"[build-system]\nrequires = {list(build_requires)}\n"
        'backend-path = ["."]\nbuild-backend = "backend"\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "backend.py": _BACKEND.format(name=name, version=version),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in files.items():
            info = tarfile.TarInfo(f"{stem}/{member}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


_BACKEND = """\
import sys, zipfile


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "{name}-{version}-py3-none-any.whl"
    info = "{name}-{version}.dist-info"
    with zipfile.ZipFile(folder + "/" + name, "w") as archive:
        archive.writestr("{name}.py", "BUILT_BY = %r\\n" % (sys.version_info[:2],))
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: {name}\\n"
                         "Version: {version}\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return name
"""


def index(folder: Path) -> None:
    """Write the pages of a simple index (PEP 503) for the wheels and sdists in a folder.

    If the folder is served over HTTP, the index is at `/simple`.
    """
    pages: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.whl")) + sorted(folder.glob("*.tar.gz")):
        name = path.name.split("-")[0].replace("_", "-").lower()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        line = f'<a href="../../{path.name}#sha256={digest}">{path.name}</a>'
        pages.setdefault(name, []).append(line)
    for name, lines in pages.items():
        page = folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<!DOCTYPE html><html><body>\n" + "\n".join(lines) + "</body></html>\n")
