from __future__ import annotations

import pytest

from pypackage.core import urls


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/a?b=1&c=2", "https://h/a?b=1&c=2"),
        ("get https://me:ses@h/a now", "get https://h/a now"),
        ("https://h/t/ses/channel", "https://h/channel"),
        ("https://h/a?token=ses", "https://h/a?token=***"),
        ("https://h/a?b=1&X-Amz-Signature=ses&d=2", "https://h/a?b=1&X-Amz-Signature=***&d=2"),
        ("https://me@h/a?API_KEY=ses, https://h/?sig=ses#x", None),
        ("file:///home/me@h/t/a?token=b", "file:///home/me@h/t/a?token=b"),
    ],
)
def test_public__secrets_of_each_kind__are_left_out(text: str, shown: str | None) -> None:
    assert "ses" not in urls.redact(text)
    if shown is not None:
        assert urls.redact(text) == shown


def test_credentials__of_what_is_no_url__are_none() -> None:
    assert urls.credentials("https://me:ses@[::1/channel") is None
    assert "ses" not in urls.redact("https://me:ses@[::1/channel")
