from __future__ import annotations

import os
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pypackage.analysis.imports import Import, Why, prescan
from pypackage.analysis.imports.decoding import decode
from pypackage.analysis.imports.scanning import scan_text
from pypackage.core.errors import SourceError

TARGET = (3, 11)


def test_scan__plain_source__same_as_its_tree() -> None:
    text = (
        '"""import not_this"""\nimport a, b.c as d  # import nor_this\n'
        "from .e import (f,  # a comment, with commas\n                g as h,\n)\n"
        "def i():\n    from j import *\n    async def k():\n        import l\n"
        "if TYPE_CHECKING:\n    import m\nelse:\n    import n\n"
        "q = pytest.importorskip('q.r')\n"
        "from unittest.util import import_it\nimport_it('not_this_of_the_standard_library')\n"
    )
    found = prescan.scan(text)
    assert found is not None
    assert found == scan_text(text, "s.py", TARGET)
    whys = {one.module: one.why for one in found.imports}
    assert whys["m"] is Why.TYPE_CHECKING
    assert whys["q.r"] is Why.OPTIONAL
    assert Import("l", "", 9, 9, deferred=True) in found.imports


@pytest.mark.parametrize(
    "text",
    [
        "x = 1; import a",
        "if x: import a",
        "import a; import b",
        "if 0:\n    import a",
        "if not TYPE_CHECKING:\n    import a",
        "from typing import TYPE_CHECKING as TC\nif TC:\n    import a",
        "import sys\nif sys.version_info > (3,):\n    import a",
        "import sys\ndef f():\n    if sys.version_info > (3,):\n        return\n    import a",
        "def f():\n    return\n    import a",
        "from importlib import import_module\nimport_module('a')",
        "import runpy\nrunpy.run_path('a.py')",
        "import x\nexec('import a')",
        "import sys\nsys.path.insert(0, 'x')\nimport a",
        "from b import *\nsys.path.insert(0, 'x')\nimport a",
        "with suppress(ImportError):\n    import a",
        "while False:\n    import a",
        "import größe",
        "\timport a",
        "if x:\n    y()\n    \f    from b import a",
        "from x \\\n import a",
        "x = 'open\nimport a",
        "try:\n    import a\nexcept ImportError:\n    a = None",
        "def f():\n    try:\n        x()\n    except ValueError:\n        pass\n"
        "    else:\n        import a",
        "from x import has\ndef f():\n    y = has()\n    if not y:\n        import a",
        "from x import HAS\ndef f():\n    return HAS\ndef g():\n    if f():\n        import a",
        "from x import HAS\ndef f():\n    if not HAS:\n        exit()\n    import a",
        "from x import lazy\nlazy(r'a.b')",
        "from x import lazy\nlazy('\\x61')",
    ],
)
def test_scan__anything_unusual__is_left_to_the_tree(text: str) -> None:
    assert prescan.scan(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "x = [a\n  for a in b\n    if c]\nimport a",
        "def f(\n    a,\n    b\n):\n    import a",
        "def f():\n    x = [a\nfor a in b]\n    import a",
        "def f():\n    x = '''\nif 0:\n'''\n    import a",
        "if a and (\n    b\n):\n    import a",
        "if x is not None and y == 1:\n    import a",
        "for x in y:\n    if x:\n        continue\n    import a",
        "if x:\n    pass\nelif y:\n    import a\nelse:\n    import b",
        "from . import a\nfrom .. import b\nfrom ...c.d import e",
        "from x import has\ndef f():\n    if has(y=1):\n        import a",
        "import sys\ndef f():\n    if sys.flags.dev_mode:\n        import a",
        "import a, \\\n    b\nfrom c import d, \\\n    e",
        "from x import lazy_re\ny = lazy_re(r'^a.b$')\nz = lazy_re(rb'a')\n",
        "from x import K\ndef f(y):\n    if isinstance(y, K):\n        import a",
        "import pytest\nwith pytest.raises(ValueError):\n    import a",
    ],
)
def test_scan__layout_of_all_kinds__same_as_its_tree(text: str) -> None:
    found = prescan.scan(text)
    assert found is None or found == scan_text(text, "s.py", TARGET)


def sources_here() -> Iterator[Path]:
    """The modules of this Python, and all that is installed beside it."""
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")}
    for folder in sorted(folders):
        for here, subfolders, names in os.walk(folder):
            subfolders.sort()
            yield from (Path(here, name) for name in sorted(names) if name.endswith(".py"))


def disagreements(paths: list[Path]) -> list[str]:
    found = []
    for path in paths:
        try:
            text = decode(path.read_bytes(), str(path))
            answer = prescan.scan(text)
            if answer is not None and answer != scan_text(text, str(path), TARGET):
                found.append(str(path))
        except SourceError:
            continue
    return found


@pytest.mark.slow
def test_scan__some_of_what_is_installed__never_differs_from_the_tree() -> None:
    assert disagreements(list(sources_here())[::25]) == []


@pytest.mark.slow
def test_scan__all_that_is_installed__never_differs_from_the_tree() -> None:
    assert disagreements(list(sources_here())) == []


def test_scan__many_statements_that_depend_on_others__takes_time_in_proportion() -> None:
    text = "def f():\n    if z: return\n" + "".join(f"    import m{i}\n" for i in range(10_000))
    began = time.process_time()
    found = prescan.scan(text)
    assert found is not None
    assert len(found.imports) == 10_000
    assert time.process_time() - began < 1.5  # where each looked at all others, 2.2 s
