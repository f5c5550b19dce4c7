"""Parse dates and times as users write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from pypackage.core.errors import UsageError


def parse_cutoff(text: str) -> datetime:
    """Parse a date or time; the result is in UTC.

    Args:
        text: A date, which means its end in UTC, the same on all machines; or a date and
            time of RFC 3339, such as `2025-03-01T12:00:00Z`.

    Raises:
        UsageError: It is neither.
    """
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
            return day + timedelta(days=1, milliseconds=-1)
        # Python 3.10 does not accept the Z.
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
        if moment.tzinfo is None:
            raise ValueError("without a time zone it depends on the machine")
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is not a date: {error}", "write 2025-03-01 or 2025-03-01T12:00:00Z"
        ) from error
