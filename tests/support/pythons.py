"""Conda packages made from this machine's interpreters."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pypackage.core.errors import InputPathError
from pypackage.python.interpreter import Interpreter, ask
from tests.support.elf import elf_files, library_package, needed_libraries, relocate
from tests.support.packages import PLACEHOLDER, Entry, Package

# Entries of the standard library that an interpreter can do without.
_DROPPED = re.compile(
    r"(test|tests|idlelib|idle_test|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data"
    r"|config-\d.*|site-packages|dist-packages|sitecustomize\.\S*|EXTERNALLY-MANAGED"
    r"|(turtle|mailbox|nntplib|_pydecimal|_pydatetime|_pyio)(\.cpython-\d+)?\.pyc?"
    r"|(cp(?!437)\d+|iso8859_(?!1\.|15)\d+|(iso2022|mac|euc|koi8)_\w+|(big5|gb|shift_jis)\w*"
    r"|hp_roman8|hz|johab|kz1048|ptcp154|tis_620)(\.cpython-\d+)?\.pyc?"
    r"|_?(tkinter|dbm|gdbm|nis|test\w*|xx\w*|ctypes_test|codecs_\w+)\.\S*\.so"
    r"|.*\.opt-\d\.pyc|_sysconfigdata.*\.pyc)"
)


def interpreters() -> tuple[Interpreter, ...]:
    """One CPython of each minor version from 3.10, first the one that runs the tests.

    Raises:
        InputPathError: Not even that one can be queried.
    """
    found = [ask(Path(getattr(sys, "_base_executable", sys.executable)).resolve())]
    for path in executables():
        with suppress(InputPathError):
            other = ask(path)
            known = {interpreter.major_minor for interpreter in found}
            if _new_enough(other) and other.major_minor not in known:
                found.append(other)
    return tuple(found)


def executables() -> list[Path]:
    """This machine's interpreters from 3.7 on, pyenv's before the system's."""
    pyenv = os.environ.get("PYENV_ROOT")  # the user's, since tests have their own HOME
    globs = ("3.[789].*/bin/python3", "3.1?.*/bin/python3")
    folders = [(Path(pyenv, "versions"), glob) for glob in globs] if pyenv else []
    folders += [(Path("/usr/local/bin"), "python3.??"), (Path("/usr/bin"), "python3.??")]
    return [path.resolve() for folder, glob in folders for path in sorted(folder.glob(glob))]


def _new_enough(interpreter: Interpreter) -> bool:
    kind = interpreter.markers["implementation_name"]
    return kind == "cpython" and int(interpreter.major_minor.split(".")[1]) >= 10


def tag(interpreter: Interpreter) -> str:
    """The version as in build strings, such as `311`."""
    return interpreter.major_minor.replace(".", "")


def python_packages(interpreter: Interpreter) -> list[Package]:
    """The packages `python` and `python_abi`, and those of the libraries that `python` needs."""
    short, minor = tag(interpreter), interpreter.major_minor
    with tempfile.TemporaryDirectory() as temporary:
        prefix = Path(temporary)
        _copy_interpreter(interpreter, prefix)
        libraries = _make_relative(prefix)
        entries = _entries(prefix, str(interpreter.base_prefix))
    python = Package(
        "python",
        interpreter.version,
        build="h0123456_0_cpython",
        files=entries,
        depends=("__glibc >=2.17,<3.0.a0", *(library.name for library in libraries)),
        constrains=(f"python_abi {minor}.* *_cp{short}",),
    )
    abi = Package(
        "python_abi",
        minor,
        build=f"8_cp{short}",
        build_number=8,
        constrains=(f"python {minor}.* *_cpython",),
        noarch="generic",
    )
    return [python, abi, *libraries]


def _copy_interpreter(interpreter: Interpreter, prefix: Path) -> None:
    """Lay out bin/ and lib/ as in a conda environment, following links."""
    minor = interpreter.major_minor
    binary = prefix / "bin" / f"python{minor}"
    library = prefix / "lib" / f"python{minor}"
    shutil.copytree(interpreter.stdlib, library, ignore=_dropped, ignore_dangling_symlinks=True)
    binary.parent.mkdir()
    shutil.copy2(interpreter.base_executable, binary)
    for name in ("python3", "python"):
        (binary.parent / name).symlink_to(binary.name)
    if "dist-packages" in (library / "site.py").read_text():
        (library / "sitecustomize.py").write_text(_DEBIAN.format(minor=minor))
        _undo_layout(library)


# Debian's interpreter does not look into site-packages, where conda packages put modules.
_DEBIAN = """\
import os, site, sys
site.addsitedir(os.path.join(sys.base_prefix, "lib", "python{minor}", "site-packages"))
"""


def _undo_layout(library: Path) -> None:
    """Let installers put modules where conda's Python has them, not where Debian's has them."""
    source = library / "sysconfig.py"
    if not source.exists():  # a package since Python 3.13
        source = library / "sysconfig" / "__init__.py"
    text = source.read_text()
    source.write_text(
        text.replace("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'")
    )
    for path in (source.parent / "__pycache__").glob(f"{source.stem}.*.pyc"):
        path.unlink()


def _dropped(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if _DROPPED.fullmatch(name)]


def _make_relative(prefix: Path) -> list[Package]:
    """Give all ELF files below a prefix a relative run path.

    Returns:
        Packages with the libraries that they need and that not every worker has. The
        interpreter's own library (libpython) is copied into the prefix instead.
    """
    needed = needed_libraries(elf_files(prefix))
    own = [path for path in needed if path.name.startswith("libpython")]
    for path in own:
        shutil.copy2(path, prefix / "lib" / path.name)
    relocate(elf_files(prefix), prefix)
    return [library_package(path) for path in needed if path not in own]


def _entries(prefix: Path, old_prefix: str) -> dict[str, Entry]:
    """All entries below a prefix; in _sysconfigdata, the old prefix becomes a placeholder."""
    entries = {}
    for path in sorted(p for p in prefix.rglob("*") if p.is_symlink() or p.is_file()):
        name = str(path.relative_to(prefix))
        if path.is_symlink():
            entries[name] = Entry(link=os.readlink(path))
            continue
        state = path.stat()
        entry = Entry(
            path.read_bytes(), executable=bool(state.st_mode & 0o100), mtime=int(state.st_mtime)
        )
        named = path.name.startswith("_sysconfigdata") and path.suffix == ".py"
        entries[name] = _with_placeholder(entry, old_prefix) if named else entry
    return entries


def _with_placeholder(entry: Entry, old_prefix: str) -> Entry:
    pattern = re.escape(old_prefix.encode()) + rb"(?=[/'\"\s]|$)"
    content = re.sub(pattern, PLACEHOLDER.encode(), entry.content)
    return replace(entry, content=content, prefix="text")
