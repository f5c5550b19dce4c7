"""What the tests of the executables have in common."""

from __future__ import annotations

import pytest

from tests.support.channels import Channel


@pytest.fixture
def python(channel: Channel) -> str:
    return channel.python.version
