from __future__ import annotations

import pytest

from pypackage.analysis.imports import scan
from pypackage.core.errors import UsageError

SOURCE = """\
import used, unused, other
from deco import decorate
from default import value
from star import *
from ann import Type
try:
    import maybe
except ImportError:
    maybe = None

CONSTANT = used.x
import late.deep

class Base:
    import in_base
    def inherited(self):
        return late.deep

class Model(Base):
    import in_class
    def run(self):
        return self.helper() + self.inherited()
    def helper(self):
        import in_helper
    async def wait(self):
        import in_wait
    @staticmethod
    def plain():
        return Model.helper

@decorate
def task(x=value) -> Type:
    import inside
    return CONSTANT + second(x)

def second(x):
    return [other for other in x], lambda: maybe

def outer():
    import in_outer
    def inner():
        return in_outer.x
    return inner

def uses_star():
    return zeros(3)

def makes():
    return Model()

def first_version():
    import old
def first_version():
    import new
"""


def needed(function: str) -> set[str]:
    return {one.module for one in scan(SOURCE.encode(), "s.py", function=function).imports}


@pytest.mark.parametrize(
    ("function", "modules"),
    [
        ("task", {"deco", "default", "ann", "inside", "used", "maybe"}),
        ("second", {"maybe"}),
        ("outer.inner", {"in_outer"}),
        ("outer.<locals>.inner", {"in_outer"}),
        ("uses_star", {"star"}),
        ("Model.run", {"in_helper", "late.deep"}),
        ("Model.wait", {"in_wait"}),
        ("Model.plain", {"in_base", "in_class", "in_helper", "in_wait", "late.deep"}),
        ("makes", {"in_base", "in_class", "in_helper", "in_wait", "late.deep"}),
        ("first_version", {"new"}),
    ],
)
def test_scan__function__what_it_and_its_helpers_need(function: str, modules: set[str]) -> None:
    assert needed(function) == modules


@pytest.mark.parametrize("function", ["missing", "Model.missing", "task.x", "CONSTANT", "."])
def test_scan__missing_function__error_names_it_and_those_there_are(function: str) -> None:
    with pytest.raises(UsageError, match=r"s\.py has no function") as raised:
        needed(function)
    assert repr(function) in raised.value.message
    assert "Model.run" in raised.value.hint


def test_scan__function_of_python_2__has_what_it_may_use() -> None:
    source = b"import a\ndef f((x, y)):\n    print a\ndef g():\n    import b\n"
    found = scan(source, "s.py", function="f")
    assert [one.module for one in found.imports] == ["a"]  # what `print a` uses is not understood
    assert len(found.remarks) == 1
