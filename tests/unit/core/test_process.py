"""What is told of programs while they run."""

from __future__ import annotations

import sys

import pytest

from pypackage.core import process
from pypackage.core.errors import ProcessError

WRITES = "import sys, time; open('/dev/null', 'wb').write(bytes(3_000_000)); time.sleep(0.4)"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_run_told__program_that_writes__tells_its_bytes_and_returns_its_output() -> None:
    told: list[int] = []
    argv = [
        sys.executable,
        "-S",
        "-c",
        f"{WRITES}; print('done')",
    ]  # scripts/coverage.sh writes too
    assert process.run_told(argv, told.append) == b"done\n"
    assert 3_000_000 <= sum(told) < 3_100_000


def test_run_told__program_that_fails__carries_what_it_said() -> None:
    argv = [sys.executable, "-c", "import sys; sys.exit('no')"]
    with pytest.raises(ProcessError) as caught:
        process.run_told(argv, print)
    assert (caught.value.returncode, caught.value.output) == (1, "no\n")
