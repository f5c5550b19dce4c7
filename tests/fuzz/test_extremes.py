"""Sources beyond all measure: too long, too deep, too many, or growing when evaluated.

Each runs in a process of its own with little time and memory, for a hang or a crash of the
interpreter is what it may come to.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "bin" / "python_package_analyze"
SECONDS = 10
MEMORY = 4 << 30


def lines(*parts: str) -> str:
    return "\n".join(("import first", *parts, "import last", ""))


def chain(link: str, count: int) -> str:
    return lines("x = a" + link * count)


EXTREMES: dict[str, Callable[[], str]] = {
    # an expression of many terms, and all kinds of nesting
    "20000_terms": lambda: chain(" + a", 20_000),
    "20000_strings_added": lambda: lines("x = ''" + " + 'a'" * 20_000),
    "100000_calls_in_a_row": lambda: chain("()", 100_000),
    "100000_attributes": lambda: chain(".b", 100_000),
    "100000_subscripts": lambda: chain("[0]", 100_000),
    "50000_nots": lambda: lines("x = " + "not " * 50_000 + "a"),
    "50000_minuses": lambda: lines("x = " + "-" * 50_000 + "a"),
    "50000_lambdas": lambda: lines("x = " + "lambda: " * 50_000 + "a"),
    "10000_conditions": lambda: lines("x = " + "a if b else " * 10_000 + "c"),
    "10000_elifs": lambda: lines("if a: pass", *["elif b: pass"] * 10_000, "else: import inner"),
    "10000_ands": lambda: lines("if a" + " and b" * 10_000 + ": import inner"),
    "100000_brackets": lambda: lines("x = " + "[" * 100_000 + "]" * 100_000),
    "100000_open_brackets": lambda: lines("x = " + "(" * 100_000),
    "10000_closing_brackets": lambda: lines(")" * 10_000),
    "90_f_strings_in_each_other": lambda: lines("x = " + 'f"{' * 90 + "a" + '}"' * 90),
    "3000_blocks": lambda: lines(*(" " * i + "if a:" for i in range(3000)), " " * 3000 + "pass"),
    "3000_functions": lambda: lines(
        *(" " * i + "def f():" for i in range(3000)), " " * 3000 + "pass"
    ),
    "20000_decorators": lambda: lines(*["@a"] * 20_000, "def f(): import inner"),
    # long lines and long files
    "line_of_a_million": lambda: lines("x = '" + "a" * 1_000_000 + "'"),
    "name_of_a_million": lambda: lines("a" * 1_000_000 + " = 1"),
    "list_on_one_line": lambda: lines("x = [" + "1, " * 1_000_000 + "]"),
    "comment_of_a_million": lambda: lines("#" + " import x" * 100_000),
    "spaces_of_a_million": lambda: lines("x = 1" + " " * 1_000_000),
    "blank_lines": lambda: lines("\n" * 1_000_000),
    "continued_lines": lambda: lines("x = 1" + " + \\\n 1" * 500),
    "backslashes": lambda: lines("\\\n" * 100_000 + "x = 1"),
    "errors_named_by_errors": lambda: lines(
        *(f"E{i} = ({f'E{i + 1}, ' * 40})" for i in range(10)),
        "try:\n    import a\nexcept E0:\n    import b",
    ),
    "questions_of_names": lambda: lines(
        *(f"n{i} = ({f'n{i + 1}, ' * 1000})" for i in range(3)), "if n0:\n    import a"
    ),
    "question_asked_often": lambda: lines(
        f"def has():\n    return [{'g(), ' * 5000}]", *["if has():\n    import a"] * 2000
    ),
    "100000_imports": lambda: lines(*(f"import m{i % 100}" for i in range(100_000))),
    "100000_names_in_one_import": lambda: lines("import " + ", ".join(["m.n"] * 100_000)),
    "100000_semicolons": lambda: lines("import m;" * 100_000),
    "deep_module_name": lambda: lines("import " + "m." * 100_000 + "n"),
    "100000_dots": lambda: lines("from " + "." * 100_000 + "m import n"),
    # quotes and starts of strings that a scanner may go through again and again
    "quotes": lambda: lines("'" * 300_001),
    "double_quotes": lambda: lines('"' * 300_001),
    "open_string_each_line": lambda: lines(*["x = 'a"] * 50_000),
    "open_docstring": lambda: lines('"""' + "\nimport inside" * 100_000),
    "prefixes": lambda: lines("rb" * 200_000 + "'"),
    "escaped_quotes": lambda: lines("x = '" + "\\'" * 200_000),
    "braces_in_f_string": lambda: lines("f'" + "{" * 100_000 + "'"),
    "cookie_of_a_million": lambda: "# coding: " + "x" * 1_000_000 + "\n",
    "cookies": lambda: "# " + "coding " * 100_000 + "\nimport first\nimport last\n",
    # what grows when it is evaluated
    "doubling": lambda: lines("N = 'a'", *["N = N + N"] * 60, "__import__(N)"),
    "doubling_f_strings": lambda: lines(
        "N0 = 'a'", *(f"N{i + 1} = f'{{N{i}}}{{N{i}}}'" for i in range(60)), "__import__(N60)"
    ),
    "multiplied": lambda: lines("__import__('a' * 10**12)", "__import__('a' * 10**10)"),
    "width": lambda: lines(
        "__import__('%1000000000000s' % 'a')",
        "__import__('{:>1000000000000}'.format('a'))",
        "__import__(f'{1:>1000000000000}')",
    ),
    "power": lambda: lines("if 9**9**9**9: import inner", "if 1 << 10**12: import inner"),
    "big_number": lambda: lines(f"if {'9' * 100_000}: import inner"),
    "joined": lambda: lines("S = ','.join(['a' * 1000] * 10**9)", "__import__(S)"),
    "names_of_each_other": lambda: lines("A = B", "B = A", "__import__(A)", "__import__(B + A)"),
    "exec_in_exec": lambda: lines("exec(" * 80 + repr("import inner") + ")" * 80),
    "exec_of_itself": lambda: lines(nested_exec(9)),
    "loops": lambda: lines(
        *("  " * i + f"for x{i} in {list('abcdefghij')}:" for i in range(12)),
        "  " * 12 + "__import__(" + " + ".join(f"x{i}" for i in range(12)) + ")",
    ),
    "sys_path_grows": lambda: lines("import sys", *["sys.path += sys.path"] * 60),
}


def nested_exec(depth: int) -> str:
    """Source that executes source that executes source; each layer doubles the escapes."""
    source = "import inner"
    for _ in range(depth):
        source = f"exec({source!r})"
    return source


@pytest.mark.slow
@pytest.mark.parametrize("name", EXTREMES)
def test_analyze__extreme_source__result_in_time(name: str, tmp_path: Path) -> None:
    (tmp_path / "source.py").write_text(EXTREMES[name]())
    done = analyze(tmp_path, "source.py", "-")
    check(done)
    if done.returncode == 0:
        assert "first" in json.loads(done.stdout)["modules"]


@pytest.mark.parametrize("name", ["20000_terms", "50000_nots", "3000_blocks", "100000_attributes"])
def test_analyze__too_deep_for_the_parser__imports_before_and_after(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "source.py").write_text(EXTREMES[name]())
    done = analyze(tmp_path, "source.py", "-")
    assert done.returncode == 0, done.stderr
    assert {"first", "last"} <= set(json.loads(done.stdout)["modules"])


@pytest.mark.slow
def test_analyze__chain_of_local_modules__all_of_it(tmp_path: Path) -> None:
    for i in range(3000):
        (tmp_path / f"m{i}.py").write_text(f"import m{i + 1}\nimport third_party{i % 7}\n")
    done = analyze(tmp_path, "m0.py", "-")
    check(done)
    assert len(json.loads(done.stdout)["modules"]) == 8  # with m3000, which is nowhere


def test_analyze__packages_in_packages__all_of_them(tmp_path: Path) -> None:
    folder = tmp_path
    for i in range(100):
        folder = folder / "p"
        folder.mkdir()
        (folder / "__init__.py").write_text(f"from . import p\nimport third_party{i % 7}\n")
    (tmp_path / "source.py").write_text("import p\n")
    done = analyze(tmp_path, "source.py", "-")
    check(done)
    assert len(json.loads(done.stdout)["modules"]) == 7
    check(analyze(tmp_path, "p", "-"))


def test_analyze__links_that_multiply__in_time(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "source.py").write_text("import a\n")
    for i in range(20):
        (tmp_path / "tree" / f"link{i}").symlink_to(tmp_path / "tree")
    done = analyze(tmp_path, "tree", "-")
    check(done)
    assert json.loads(done.stdout)["modules"] == ["a"]


@pytest.mark.parametrize("content", ["[" * 200_000, '{"cells":' * 50_000, '{"cells": [' + "{},"])
def test_analyze__extreme_notebook__clear_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "note.ipynb").write_text(content)
    done = analyze(tmp_path, "note.ipynb", "-")
    check(done)
    assert done.returncode == 3


@pytest.mark.slow
def test_analyze__notebook_of_many_cells__in_time(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": f"%time\nimport m{i % 50}"} for i in range(5_000)]
    (tmp_path / "note.ipynb").write_text(json.dumps({"nbformat": 4, "cells": cells}))
    done = analyze(tmp_path, "note.ipynb", "-")
    check(done)
    assert len(json.loads(done.stdout)["modules"]) == 50


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["code", "data", "one_line", "string", "comments", "zeros"])
def test_analyze__50_mb__in_time(kind: str, tmp_path: Path) -> None:
    size = 50_000_000
    block = (Path(json.__file__).parent / "decoder.py").read_bytes()
    content = {
        "code": block * (size // len(block)),
        "data": b"TABLE = [\n" + b"    (1, 'two', 3.0),\n" * (size // 21) + b"]\n",
        "one_line": b"x = '" + b"a" * size + b"'\n",
        "string": b'"""\n' + b"import inside\n" * (size // 14) + b'"""\n',
        "comments": b"# import nothing\n" * (size // 17),
        "zeros": b"\0" * size,
    }[kind]
    (tmp_path / "source.py").write_bytes(b"import first\n" + content + b"import last\n")
    done = analyze(tmp_path, "source.py", "-", seconds=180, memory=16 << 30)
    check(done)
    if done.returncode == 0:
        assert {"first", "last"} <= set(json.loads(done.stdout)["modules"])
    assert (done.returncode == 3) == (kind == "zeros")


def analyze(
    cwd: Path, *arguments: str, seconds: float = SECONDS, memory: int = MEMORY
) -> subprocess.CompletedProcess[str]:
    """Run the executable with limits; the cache is beside the sources."""
    return subprocess.run(
        [sys.executable, TOOL, "--python", "3.11", *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(cwd / "cache"), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    """A result or a clear error: neither a crash nor a traceback."""
    said = done.stderr[-2000:]
    assert done.returncode in (0, 3), said
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    if done.returncode == 3:
        assert re.match(r"python_package_analyze: error: \S+(:\d+:\d+)?:? ", done.stderr), said
        assert done.stdout == ""
    assert max(map(len, done.stderr.splitlines()), default=0) < 2000
