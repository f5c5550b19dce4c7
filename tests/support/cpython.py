"""Sources of CPython: Debian's real one, and a stand-in that builds instantly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

_CONFIGURE = """\
#!/bin/sh
for word; do
    case $word in --prefix=*) prefix=${word#--prefix=} ;; esac
done
echo "configured with $*" >&2
printf '%s\\n' "$@" >words
cat >Makefile <<END
all:
\techo compiling; MAKE
install:
\tmkdir -p $(DESTDIR)$prefix/bin
\tcp words $(DESTDIR)$prefix
\tprintf '#!/bin/sh\\\\nexec PYTHON "$$@"\\\\n' >$(DESTDIR)$prefix/bin/python3
\tchmod +x $(DESTDIR)$prefix/bin/python3
END
"""


def stand_in(path: Path, version: str, *, make: str = "true") -> Path:
    """Write an archive with the layout of CPython's source; it installs the tests' own python.

    Args:
        path: The archive; its ending decides the compression.
        version: The version that it claims to be.
        make: An sh command for `make` to run.
    """
    configure = _CONFIGURE.replace("MAKE", make).replace("PYTHON", sys.executable)
    configure = configure.replace("$(DESTDIR)", "\\$(DESTDIR)").replace("$$@", "\\$\\$@")
    texts = {
        "configure": configure,
        "Include/patchlevel.h": f'#define PY_VERSION      "{version}"\n',
        "Lib/ensurepip/_bundled/pip-1-py3-none-any.whl": "",
    }
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder, f"Python-{version}")
        for name, text in texts.items():
            file = top / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (top / "configure").chmod(0o755)
        with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w:gz") as archive:
            archive.add(top, top.name)
    return path


def debian(folder: Path) -> Path:
    """The source of this Debian's Python, downloaded once, without changing system settings.

    Raises:
        LookupError: It cannot be had; the message says why.
    """
    name = f"python{_of_debian()}"
    found = sorted(folder.glob(f"{name}_*.orig.tar.*"))
    if found:
        return found[0]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        options = _options(Path(scratch))
        for words in (["update"], ["source", "--tar-only", "--download-only", name]):
            done = subprocess.run(
                ["apt-get", "-qq", *options, *words], cwd=scratch, capture_output=True, text=True
            )
            if done.returncode:
                raise LookupError(f"apt-get {words[0]} fails: {done.stderr.strip()}")
        (archive,) = Path(scratch).glob("*.orig.tar.*[!c]")
        return archive.rename(folder / archive.name)


def _of_debian() -> str:
    """The version of this Debian's own Python."""
    python = Path("/usr/bin/python3").resolve().name.removeprefix("python")
    if not shutil.which("apt-get") or not python:
        raise LookupError("this is no Debian, or it has no Python")
    return python


def _options(scratch: Path) -> list[str]:
    """Options that let apt-get download sources, using folders of its own."""
    parts = scratch / "parts"
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    for path in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
        if path.suffix in (".list", ".sources") and path.is_file():
            lines = path.read_text().splitlines()
            (parts / path.name).write_text("".join(f"{_for_source(line)}\n" for line in lines))
    settings = {
        "Dir::Etc::sourcelist": os.devnull,
        "Dir::Etc::sourceparts": parts,
        "Dir::State::Lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _for_source(line: str) -> str:
    """A line of apt's sources, changed from binary packages to source packages."""
    if line.startswith("Types:"):
        return "Types: deb-src"
    return f"deb-src {line[4:]}" if line.startswith("deb ") else line
