from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pypackage.core.errors import ProcessError
from pypackage.python.compile import ByteCode, Compiler, Module

TAG = sys.implementation.cache_tag
UNCHECKED = b"\1\0\0\0"

MODULES = [
    Module("lib/a.py", content=b"def f(x):\n    return x in {'x', 'y', 'z', 'w'}\n"),
    Module("lib/sub/b.py", content="# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1")),
    Module("lib/bad.py", content=b"print 'old syntax'\n"),
    *(Module(f"lib/m{n}.py", content=b"x = %d\n" % n * 20_000) for n in range(20)),
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


def test_compile__module_that_is_gone__has_none(tmp_path: Path) -> None:
    assert compiled([Module("lib/m.py", tmp_path / "m.py")]) == {pyc("m"): None}


def test_compile__interpreter_that_cannot_run__is_an_error() -> None:
    with pytest.raises(ProcessError, match="/nonexistent"):
        compiled(MODULES, python="/nonexistent")


@pytest.mark.parametrize("version", ["3.7.16", "3.9.18", "3.13.0"])
def test_compile__another_interpreter__makes_its_own_byte_code(version: str) -> None:
    python = Path.home() / ".pyenv/versions" / version / "bin/python"
    if not python.exists():
        pytest.skip(f"no Python {version} here")
    tag = "cpython-" + "".join(version.split(".")[:2])
    found = compiled(MODULES[:1], str(python))
    assert list(found) == [f"lib/__pycache__/a.{tag}.pyc"]
