"""Make the package `python`: what a worker needs of this machine's interpreter."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from pypackage.backends.host import tcl
from pypackage.backends.host.files import PackageFile
from pypackage.backends.host.own_place import OwnPlace
from pypackage.backends.host.privacy import PathScrubber, homes, private
from pypackage.core import elf
from pypackage.core.errors import SolveError
from pypackage.python import metadata
from pypackage.python.interpreter import Interpreter

OLDEST = (3, 9)

# Folders of the standard library that are not packed: byte code, installed packages, tests.
_LEFT_OUT = re.compile("__pycache__|site-packages|dist-packages|tests?|idle_test")
_LEFT_OUT_FILES = re.compile(
    r"EXTERNALLY-MANAGED|_sysconfig_vars_.*\.json|.*\.(?:pyc|pyo|a|o|exe)"
    r"|(?:_test|_ctypes_test|_xxtestfuzz|xxlimited)\w*\..*so|libpython.*"
)
# Parts of it that are only included on request.
_BY_REQUEST = re.compile(r"(_tkinter|idlelib|test|tkinter|turtle|turtledemo)(\..*)?")

# Debian's site.py only knows dist-packages, and no such folder per minor version.
# The bare path is for programs that read .pth files without running the code in them.
_BRIDGE = "../../../{site}\nimport site, sys; site.addsitedir(sys.prefix + '/{site}')\n"


def check(base: Interpreter) -> None:
    """Refuse an interpreter that cannot be packed.

    Raises:
        SolveError: It is not CPython, too old, or not for Linux.
    """
    markers = base.markers
    implementation = markers["platform_python_implementation"]
    if implementation != "CPython" or markers["sys_platform"] != "linux":
        raise SolveError(
            f"{base.executable} is {implementation} for {markers['sys_platform']}; the host"
            " channel serves CPython on Linux"
        )
    if tuple(int(part) for part in base.major_minor.split(".")) < OLDEST:
        raise SolveError(
            f"{base.executable} is Python {base.version}; the host channel serves"
            f" {'.'.join(map(str, OLDEST))} and newer",
            "name a newer interpreter",
        )


def site_packages(base: Interpreter) -> str:
    """Return the folder of modules in the prefix, the same that conda's installers use."""
    return f"lib/{base.stdlib.name}/site-packages"


def program(base: Interpreter) -> str:
    """Return the interpreter's file name in the prefix, such as `python3.11`."""
    return base.stdlib.name


def items(base: Interpreter, asked: Collection[str] = ()) -> tuple[PackageFile, ...]:
    """Return the files of the interpreter's package, sorted by path.

    Args:
        base: The base interpreter, not that of a virtual environment.
        asked: Requested modules of the standard library; of rarely needed ones,
            such as tkinter, only these are included.
    """
    wanted = {*asked, *(tcl.USERS if not tcl.USERS.isdisjoint(asked) else ())}
    real = base.executable.resolve()
    name = program(base)
    found = [PackageFile(f"bin/{name}", source=real)]
    found += [PackageFile(f"bin/{link}", link=name) for link in ("python", "python3")]
    found += _shared_library(base, real)
    found += _tree(base.stdlib, _inside(base.stdlib, base, "lib"), wanted)
    found += tcl.items(base) if "tkinter" in wanted else ()
    if base.platstdlib != base.stdlib:
        dynload = base.platstdlib / "lib-dynload"
        found += _tree(dynload, f"{_inside(base.platstdlib, base, 'lib')}/lib-dynload", wanted)
    found += _tree(base.include, _inside(base.include, base, "include"), wanted)
    found += _for_compilers(base)
    if "dist-packages" in metadata.read(f"{base.stdlib}/site.py"):
        bridge = _BRIDGE.format(site=site_packages(base)).encode()
        found.append(PackageFile("lib/python3/dist-packages/site-packages.pth", content=bridge))
    unique = {item.path: item for item in found}
    return tuple(unique[path] for path in sorted(unique))


def own_place(base: Interpreter) -> OwnPlace:
    """Return what makes the interpreter's build settings find their prefix themselves."""
    folders = (base.stdlib, base.platstdlib, base.include)
    inside = [os.path.relpath(folder, base.base_prefix) for folder in folders]
    return OwnPlace(
        tuple(path for path in _prefixes(base) if path != "/usr"),
        "/usr" if "/usr" in _prefixes(base) else "",
        tuple(sorted({path for path in inside if not path.startswith("..")})),
    )


def _prefixes(base: Interpreter) -> tuple[str, ...]:
    found = (*private((base.base_prefix, base.prefix)), str(base.base_prefix))
    return tuple(dict.fromkeys(path for path in found if path != "/"))


def scrubber(base: Interpreter) -> PathScrubber:
    """Return the private paths to hide: install prefix, build folder, home."""
    text = "".join(metadata.read(str(path)) for path in base.stdlib.glob("_sysconfigdata*.py"))
    built = re.findall(r"'(?:abs_)?(?:srcdir|builddir)'\s*:\s*'(/[^']+)'", text)
    prefixes = private((base.base_prefix, base.prefix))
    return PathScrubber(prefixes, tuple(p for p in private(built) if p not in prefixes), homes())


def _shared_library(base: Interpreter, executable: Path) -> Iterator[PackageFile]:
    """Yield libpython, if the executable is linked with it."""
    found = elf.read(executable)
    if found is None:
        raise SolveError(f"{executable} is not an executable for Linux, but a script or link")
    for soname in found.needed:
        if not soname.startswith("libpython"):
            continue
        library = elf.Libraries([base.library_dir, base.base_prefix / "lib"]).find(soname, found)
        if library is None:
            raise SolveError(f"{soname}, which {executable} needs, cannot be found")
        yield PackageFile(f"lib/{soname}", source=library.path)
        if not soname.endswith(".so"):  # the name that linkers look for
            yield PackageFile(f"lib/{soname.partition('.so')[0]}.so", link=soname)


def _for_compilers(base: Interpreter) -> Iterator[PackageFile]:
    """Yield what builds of extension modules need besides headers and settings."""
    name = program(base)
    for config in sorted(base.stdlib.glob("config-*/python-config.py")):
        yield PackageFile(f"bin/{name}-config", source=config)
        for link in ("python-config", "python3-config"):
            yield PackageFile(f"bin/{link}", link=f"{name}-config")
    versioned = name.replace("python", "python-")
    for kind in ("", "-embed"):
        for folder in (base.library_dir, base.base_prefix / "lib"):
            file = folder / "pkgconfig" / f"{versioned}{kind}.pc"
            if file.is_file():
                yield PackageFile(f"lib/pkgconfig/{file.name}", source=file)
                yield PackageFile(f"lib/pkgconfig/python3{kind}.pc", link=file.name)
                break
    # Debian's pyconfig.h includes another one, which compilers look for beside it first.
    for header in base.include.parent.glob(f"*-linux-*/{base.include.name}/pyconfig.h"):
        place = _inside(base.include, base, "include")
        yield PackageFile(f"{place}/{header.relative_to(base.include.parent)}", source=header)


def _inside(folder: Path, base: Interpreter, fallback: str) -> str:
    """Return a folder's path in the prefix: the same as in the interpreter's own prefix."""
    inner = os.path.relpath(folder, base.base_prefix)
    return f"{fallback}/{folder.name}" if inner.startswith("..") else inner


def _tree(root: Path, place: str, wanted: Collection[str]) -> Iterator[PackageFile]:
    """Yield the wanted files of a folder; links to files in the same folder stay links."""
    for folder, subfolders, files in os.walk(root):
        inner = os.path.relpath(folder, root)
        here = place if inner == "." else f"{place}/{inner}"
        is_library = inner in (".", "lib-dynload")
        asked = {name for name in (*subfolders, *files) if _is_asked(name, wanted) and is_library}
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name in asked or not (_LEFT_OUT.fullmatch(name) or _BY_REQUEST.fullmatch(name))
        )
        for name in sorted(files):
            if is_library and name not in asked and _BY_REQUEST.fullmatch(name):
                continue
            path = Path(folder, name)
            if _LEFT_OUT_FILES.fullmatch(name) or _leads_to_settings(path) or not path.is_file():
                continue
            target = os.readlink(path) if path.is_symlink() else ""
            inside = target and "/" not in target and not _LEFT_OUT_FILES.fullmatch(target)
            yield (
                PackageFile(f"{here}/{name}", link=target)
                if inside
                else PackageFile(f"{here}/{name}", source=path)
            )


def _is_asked(name: str, wanted: Collection[str]) -> bool:
    return bool(_BY_REQUEST.fullmatch(name)) and name.partition(".")[0] in wanted


def _leads_to_settings(path: Path) -> bool:
    """Whether a file is a link to this machine's own settings, as Debian's sitecustomize."""
    return path.is_symlink() and os.path.realpath(path).startswith("/etc/")
