from __future__ import annotations

import ast

import pytest

from pypackage.analysis.imports.values import Text, Version, compared, element, length, sliced

VERSION = Version((3, 11), 5)  # sys.version_info, of which the last three are unknown
HEX = Version((3, 11), 4, is_number=True)


@pytest.mark.parametrize(
    ("left", "op", "right", "expected"),
    [
        (VERSION, ast.GtE(), (3, 10), True),
        (VERSION, ast.Eq(), (3, 11), False),  # it is longer
        (VERSION, ast.Lt(), (3, 11, 4), None),
        (VERSION, ast.Lt(), ("3",), None),
        (VERSION, ast.Lt(), "3.12", None),
        (VERSION, ast.Eq(), VERSION, None),
        ((3, 12), ast.Gt(), VERSION, True),
        (HEX, ast.GtE(), 0x030A0000, True),
        (HEX, ast.In(), ((3, 10), 0x030A0000), None),
        (VERSION, ast.In(), (3, 11), None),  # a mistake, of which nothing is concluded
        (Version((3, 11), 2), ast.In(), ((3, 10), (3, 11)), True),
        (Version((3, 11), 2), ast.NotIn(), ((3, 10), (3, 11)), False),
        (Version((3, 11), 2), ast.In(), 5, None),
        (3, ast.In(), VERSION, None),
        (Text("3.11"), ast.Lt(), "3.12", True),
        (Text("3.11"), ast.Lt(), "3.11.4", None),  # of which no more is known
        (Text("3.11"), ast.Lt(), 3, None),
        (3, ast.Lt(), "3", None),
        ("linux", ast.Eq(), "linux", True),
    ],
)
def test_compared__values_known_in_part__what_can_be_told(
    left: object, op: ast.cmpop, right: object, expected: bool | None
) -> None:
    assert compared(left, op, right) is expected


def part(text: str) -> ast.Slice:
    node = ast.parse(f"x[{text}]", mode="eval").body
    assert isinstance(node, ast.Subscript)
    assert isinstance(node.slice, ast.Slice)
    return node.slice


def test_sliced__beginning_of_a_value__that_and_nothing_else() -> None:
    assert sliced(VERSION, part(":2")) == Version((3, 11), 2)
    assert sliced("linux2", part("0:5")) == "linux"
    for other in ("1:2", ":2:2", ":n", ":-1", ":'a'", ":"):
        assert sliced(VERSION, part(other)) is None
    assert sliced(5, part(":2")) is None


def test_length_and_element__of_what_has_them__are_told() -> None:
    assert (length(VERSION), length("ab"), length(5)) == (5, 2, None)
    assert [element(VERSION, one) for one in (1, 2, -1, "a")] == [11, None, None, None]
    assert (element("ab", 0), element(5, 0)) == ("a", None)
