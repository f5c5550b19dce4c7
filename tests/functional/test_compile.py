from __future__ import annotations

import importlib.util
import marshal
import os
import py_compile
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pypackage.core.errors import ProcessError
from pypackage.python.compile import ByteCode, Compiler, Module
from tests.support.pythons import executables

TAG = sys.implementation.cache_tag
UNCHECKED = b"\1\0\0\0"

MODULES = [
    Module("lib/a.py", content=b"def f(x):\n    return x in {'x', 'y', 'z', 'w'}\n"),
    Module("lib/sub/b.py", content="# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1")),
    Module("lib/bad.py", content=b"print 'old syntax'\n"),
    *(Module(f"lib/m{n}.py", content=b"x = %d\n" % n + b"#\n" * 60_000) for n in range(20)),
]


def compiled(modules: list[Module], python: str = sys.executable) -> dict[str, ByteCode]:
    with ThreadPoolExecutor(2) as workers:
        return Compiler(Path(python), workers).compile(modules)


def pyc(name: str) -> str:
    return f"lib/__pycache__/{name}.{TAG}.pyc"


def with_former(folder: Path, mode: py_compile.PycInvalidationMode) -> tuple[Module, Path]:
    """A module in a folder with byte code that its builder made elsewhere."""
    source, former = folder / "m.py", folder / "m.pyc"
    source.write_text("x = 1\n")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    py_compile.compile(str(source), str(former), "/built/m.py", invalidation_mode=mode)
    return Module("lib/m.py", source, formers={pyc("m"): former}), former


def test_compile__modules__byte_code_that_is_never_checked(tmp_path: Path) -> None:
    found = compiled(MODULES)
    assert found[pyc("bad")] is None
    code = found[f"lib/sub/__pycache__/b.{TAG}.pyc"]
    assert isinstance(code, bytes)
    assert code[4:8] == UNCHECKED
    (tmp_path / "b.pyc").write_bytes(code)
    said = subprocess.check_output(
        [sys.executable, "-c", "import b; print(ascii(b.x))"], cwd=tmp_path
    )
    assert said == b"'\\xe9'\n"


@pytest.mark.slow
def test_compile__in_another_order_and_place__gives_the_same_bytes(tmp_path: Path) -> None:
    moved = []
    for module in reversed(MODULES):
        path = tmp_path / module.target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(module.content or b"")
        moved.append(Module(module.target, path))
    found = compiled(moved)
    assert found == compiled(MODULES)
    assert not any(
        os.fsencode(tmp_path) in (code or b"") for code in found.values() if code is not True
    )


def test_compile__builder_s_byte_code_of_the_same_time__is_taken_with_another_head(
    tmp_path: Path,
) -> None:
    module, former = with_former(tmp_path, py_compile.PycInvalidationMode.TIMESTAMP)
    code = compiled([module])[pyc("m")]
    assert isinstance(code, bytes)
    assert code[16:] == former.read_bytes()[16:]
    assert code[4:16] == UNCHECKED + importlib.util.source_hash(b"x = 1\n")


def test_compile__builder_s_byte_code_of_another_time__is_made_anew(tmp_path: Path) -> None:
    module, _ = with_former(tmp_path, py_compile.PycInvalidationMode.TIMESTAMP)
    os.utime(module.path)
    code = compiled([module])[pyc("m")]
    assert isinstance(code, bytes)
    assert b"/built/m.py" not in code


def test_compile__builder_s_unchecked_byte_code__will_do_while_the_source_is_the_same(
    tmp_path: Path,
) -> None:
    module, _ = with_former(tmp_path, py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert compiled([module]) == {pyc("m"): True}
    module.path.write_text("x = 2\n")
    assert isinstance(compiled([module])[pyc("m")], bytes)


SOURCES = (
    "def f(x):\n    return x in {'x', 'y', 'z', 'w'}, 1.5, (1, (2, 'a'))\n\nclass C:\n    f = f\n",
    "def g(x):\n    return x in {'x', 'y', 'z', 'w'} or x in {'w', 'z', 'y', 'x'} or -0.0 or 0.0\n",
)


def installed(folder: Path) -> list[Module]:
    """Modules that an installer has compiled where they lie, by another hash seed."""
    modules = []
    for index, text in enumerate(SOURCES):
        path = folder / f"m{index}.py"
        path.write_text(text)
        modules.append(Module(f"lib/m{index}.py", path, installed=True))
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder], env=env, check=True)
    return modules


def without_installed(modules: list[Module]) -> list[Module]:
    return [replace(module, installed=False) for module in modules]


def marked(path: Path, text: str) -> None:
    """Put other byte code in the place of a module's own, as if it had been made of that."""
    status = path.stat()
    other = path.with_name("other.py")
    other.write_text(text.ljust(status.st_size, "\n"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    made = Path(importlib.util.cache_from_source(os.fspath(path)))
    py_compile.compile(str(other), str(made))


@pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 11), (3, 12)),
    reason="this Python's does not come out the same",
)
def test_compile__installer_s_byte_code__gives_the_same_bytes_without_compiling(
    tmp_path: Path,
) -> None:
    modules = installed(tmp_path)
    wanted = compiled(without_installed(modules))
    assert compiled(modules) == wanted
    assert not any(os.fsencode(tmp_path) in (code or b"") for code in wanted.values())  # type: ignore[operator]
    marked(modules[1].path, "MARK = 'of another source'\n")
    code = compiled(modules)[pyc("m1")]
    assert isinstance(code, bytes)
    assert b"of another source" in code


@pytest.mark.parametrize("damage", ["older", "cut off", "no code", "gone", "another compiler's"])
def test_compile__installer_s_byte_code_that_is_not_valid__is_made_anew(
    tmp_path: Path, damage: str
) -> None:
    modules = installed(tmp_path)
    wanted = compiled(without_installed(modules))
    caches = [Path(importlib.util.cache_from_source(os.fspath(one.path))) for one in modules]
    for cache in caches:
        made = cache.read_bytes()
        if damage == "older":
            cache.write_bytes(made[:8] + bytes(4) + made[12:])
        elif damage == "cut off":
            cache.write_bytes(made[:-9])
        elif damage == "no code":
            cache.write_bytes(made[:16] + marshal.dumps("text"))
        elif damage == "gone":
            cache.unlink()
    if damage == "another compiler's":  # as the first module tells
        marked(modules[0].path, "MARK = 1\n")
        marked(modules[1].path, "MARK = 2\n")
    assert compiled(modules) == wanted


def test_compile__module_that_is_gone__has_none(tmp_path: Path) -> None:
    assert compiled([Module("lib/m.py", tmp_path / "m.py")]) == {pyc("m"): None}


def test_compile__interpreter_that_cannot_run__is_an_error() -> None:
    with pytest.raises(ProcessError, match="/nonexistent"):
        compiled(MODULES, python="/nonexistent")


@pytest.mark.parametrize("python", executables(), ids=str)
def test_compile__another_interpreter__makes_its_own_byte_code(python: Path) -> None:
    (name,) = compiled(MODULES[:1], str(python))
    assert name == cache_from_source(python, "lib/a.py")


def cache_from_source(python: Path, source: str) -> str:
    """Where an interpreter looks for a module's byte code."""
    asking = "import importlib.util, sys; print(importlib.util.cache_from_source(sys.argv[1]))"
    return subprocess.check_output([python, "-I", "-c", asking, source], text=True).strip()
