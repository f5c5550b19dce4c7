from __future__ import annotations

import sys
from time import process_time

import pytest

from pypackage.analysis.imports import Target, Why, scan

TARGET = (3, 11)


def why(source: str, target: Target = TARGET) -> Why:
    (found,) = [one for one in scan(source.encode(), "s.py", target).imports if one.module == "a"]
    return found.why


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("try:\n import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept builtins.ImportError:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept (KeyError, Exception):\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept BaseException:\n pass", Why.OPTIONAL),
        ("try:\n import a\nexcept:\n pass", Why.OPTIONAL),
        ("try:\n if x:\n  import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n class K:\n  import a\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n def f():\n  import a\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n f = lambda: __import__('a')\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept KeyError:\n pass", Why.REQUIRED),
        ("try:\n import a\nfinally:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n raise", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n print(1)\n os._exit(1)", Why.REQUIRED),
        ("try:\n import a\nexcept ImportError:\n raise\nexcept Exception:\n pass", Why.REQUIRED),
        ("try:\n import a\nexcept KeyError:\n raise\nexcept ImportError:\n pass", Why.OPTIONAL),
        ("try:\n f()\nexcept Exception:\n import a", Why.REQUIRED),
        ("try:\n f()\nexcept ImportError:\n import a", Why.OPTIONAL),
        ("try:\n f()\nexcept Exception:\n pass\nelse:\n import a", Why.REQUIRED),
        ("try:\n import b\nexcept Exception:\n import a", Why.OPTIONAL),
        ("try:\n import b\nexcept KeyError:\n import a\nexcept ImportError:\n pass", Why.REQUIRED),
        ("try:\n import b\nexcept ImportError:\n b = 0\nelse:\n import a", Why.OPTIONAL),
        ("try:\n import b\nexcept ImportError:\n def f():\n  import a", Why.OPTIONAL),
        ("with suppress(ImportError):\n import a", Why.OPTIONAL),
        ("from contextlib import suppress as q\nwith q(Exception):\n import a", Why.OPTIONAL),
        ("async def f():\n async with c.suppress(Exception):\n  import a", Why.OPTIONAL),
        ("with pytest.raises(ImportError):\n import a", Why.OPTIONAL),
        ("with suppress(KeyError):\n import a", Why.REQUIRED),
        ("with suppress:\n import a", Why.REQUIRED),
        ("import importlib.util as u\nif u.find_spec('a.b'):\n import a", Why.OPTIONAL),
        ("import sys\nif 'a' in sys.modules:\n import a", Why.OPTIONAL),
        ("def f():\n if find_spec('b') is None:\n  return\n import a", Why.REQUIRED),
        (
            "from importlib.util import find_spec\ndef f():\n"
            " if find_spec('b') is None:\n  return\n import a",
            Why.OPTIONAL,
        ),
    ],
)
def test_scan__guard__says_whether_it_is_optional(source: str, expected: Why) -> None:
    assert why(source) is expected


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with Python 3.11")
def test_scan__except_star__is_a_guard_too() -> None:
    assert why("try:\n import a\nexcept* ImportError:\n pass") is Why.OPTIONAL


def test_scan__optional_import__says_the_reason() -> None:
    source = b"try:\n import a\nexcept (KeyError, ImportError):\n import b\n"
    reasons = {one.module: one.reason for one in scan(source, "s.py").imports}
    assert reasons == {"a": "try/except ImportError", "b": "except ImportError"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if TYPE_CHECKING:\n import a", Why.TYPE_CHECKING),
        ("if TYPE_CHECKING:\n try:\n  import a\n except ImportError:\n  pass", Why.TYPE_CHECKING),
        ("try:\n if TYPE_CHECKING:\n  import a\nexcept ImportError:\n pass", Why.TYPE_CHECKING),
        ("if x:\n pass\nelif TYPE_CHECKING:\n import a", Why.TYPE_CHECKING),
        ("x = 1 if TYPE_CHECKING else __import__('a')", Why.REQUIRED),
        ("x = __import__('a') if TYPE_CHECKING else 1", Why.TYPE_CHECKING),
        ("import typing as t\nTC = t.TYPE_CHECKING\nif TC:\n import a", Why.TYPE_CHECKING),
        ("MYPY = False\nif MYPY:\n import a", Why.TYPE_CHECKING),
        ("if False:\n if TYPE_CHECKING:\n  import a", Why.DEAD),
        ("if not True:\n import a", Why.DEAD),
        ("if not (True and 1):\n import a", Why.DEAD),
        ("if '' or None:\n import a", Why.DEAD),
        ("if x or 1:\n pass\nelse:\n import a", Why.DEAD),
        ("if x and 1:\n pass\nelse:\n import a", Why.REQUIRED),
        ("while True:\n import a", Why.REQUIRED),
        ("DEBUG = False\nif DEBUG:\n import a", Why.REQUIRED),
        ("def f():\n return 1\n import a", Why.DEAD),
        ("for x in y:\n continue\n import a", Why.DEAD),
    ],
)
def test_scan__condition_that_is_known__says_why(source: str, expected: Why) -> None:
    assert why(source) is expected


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("sys.version_info >= (3, 8)", True),
        ("sys.version_info > (3, 11)", True),  # 3.11 is (3, 11, x, ...)
        ("sys.version_info <= (3, 11)", False),
        ("sys.version_info == (3, 11)", False),
        ("sys.version_info[:2] == (3, 11)", True),
        ("sys.version_info[:2] > (3, 11)", False),
        ("(3, 8) <= sys.version_info < (4,)", True),
        ("sys.version_info >= (3, 11, 4)", None),
        ("sys.version_info[:3] >= (3, 11, 4)", None),
        ("sys.version_info >= (3, 12, 4)", False),
        ("sys.version_info.major == 3", True),
        ("sys.version_info[0] < 3", False),
        ("sys.version_info[1] >= 12", False),
        ("sys.version_info.micro > 3", None),
        ("sys.version_info >= MINIMUM", None),
        ("sys.hexversion >= 0x03080000", True),
        ("sys.hexversion >= 0x030b0400", None),
        ("sys.version[0] == '2'", False),
        ("six.PY2", False),
        ("sys.platform == 'win32'", False),
        ("sys.platform.startswith('linux')", True),
        ("sys.platform.startswith(('win', 'darwin'))", False),
        ("sys.platform in ('win32', 'cygwin')", False),
        ("os.name != 'nt'", True),
        ("platform.system() == 'Windows'", False),
        ("platform.system().lower() == 'linux'", True),
        ("platform.python_implementation() == 'PyPy'", False),
        ("sys.implementation.name == 'cpython'", True),
        ("not sys.platform == 'win32' and x", None),
        ("sys.platform == 'win32' and x", False),
        ("sys.platform == 'win32' or x", None),
        ("bool(sys.version_info >= (3,))", True),
    ],
)
def test_scan__gate__is_evaluated_for_the_target(condition: str, runs: bool | None) -> None:
    for prefix in ("", "gate = "):
        test = f"gate = {condition}\nif gate" if prefix else f"if {condition}"
        head = "import sys, os, platform, six\n"
        then = why(f"{head}{test}:\n import a\nelse:\n import b")
        other = why(f"{head}{test}:\n import b\nelse:\n import a")
        if runs is None:
            assert (then, other) == (Why.REQUIRED, Why.REQUIRED)
        else:
            excluded = (Why.REQUIRED, Why.TARGET)
            assert (then, other) == (excluded if runs else excluded[::-1])


def test_scan__gate_that_returns__what_follows_is_its_else() -> None:
    source = (
        "import sys\ndef f():\n if sys.version_info >= (3, 8):\n"
        "  import b\n  return b\n import a\n return a"
    )
    assert why(source, (3, 11)) is Why.TARGET
    assert why(source, (3, 7)) is Why.REQUIRED


def test_scan__full_version__closes_what_a_short_one_leaves_open() -> None:
    source = "import sys\nif sys.version_info >= (3, 11, 4):\n import a"
    assert why(source, (3, 11, 3)) is Why.TARGET
    assert why(source, (3, 11, 4)) is Why.REQUIRED


def test_scan__python_2__has_its_own_platform() -> None:
    source = "import sys\nif sys.platform == 'linux2':\n import a"
    assert why(source, (2, 7)) is Why.REQUIRED
    assert why(source, TARGET) is Why.TARGET


def test_scan__name_that_thousands_of_tries_bind__takes_no_time() -> None:
    before = process_time()
    attempt = "try:\n import a\nexcept ImportError:\n pass\n"
    assert len(scan((attempt * 5000).encode(), "s.py").imports) == 5000
    assert process_time() - before < 3
