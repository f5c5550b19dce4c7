from __future__ import annotations

from datetime import datetime, timezone

import pytest

from pypackage.cli import dates
from pypackage.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-03-01", (2025, 3, 1, 23, 59, 59, 999_000)),
        ("2024-02-29", (2024, 2, 29, 23, 59, 59, 999_000)),
        ("2025-03-01T12:00:00Z", (2025, 3, 1, 12)),
        ("2025-03-01T12:00:00+02:00", (2025, 3, 1, 10)),
        ("2025-03-01 12:00:00.5z", (2025, 3, 1, 12, 0, 0, 500_000)),
    ],
)
def test_parse__valid__is_in_utc(text: str, expected: tuple[int, ...]) -> None:
    if "." in text:
        text = text.replace(".5", ".500")  # as Python 3.10 wants it
    assert dates.parse_cutoff(text) == datetime(*expected, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2025-02-30", "2025-3-1", "2025-03-01T12:00:00", "0000-01-01"]
)
def test_parse__invalid__says_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match="write 2025-03-01 or"):
        dates.parse_cutoff(text)
