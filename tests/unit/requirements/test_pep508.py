from __future__ import annotations

import pytest

from pypackage.requirements import pep508


@pytest.mark.parametrize(
    ("versions", "python", "expected"),
    [
        (">=3.12", "3.11.7", False),
        ("==3.11.7", "3.11", False),
        (">=3.11.7", "3.11", True),
        (">=3.6.*", "3.11.7", True),  # not valid
    ],
)
def test_allows__range__includes_a_python(versions: str, python: str, expected: bool) -> None:
    assert pep508.allows(versions, python) is expected
