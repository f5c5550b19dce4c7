"""Run py-rattler's operations, and format its errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pypackage.core.errors import advice_for
from pypackage.core.urls import redact

Result = TypeVar("Result")
LONGER = "remote_read_timeout_secs of condarc sets how long to wait"


def run(start: Callable[[], Awaitable[Result]], timeout: int | None = None) -> Result:
    """Run an operation to completion.

    Args:
        timeout: Seconds after which it is given up, retries included; unlimited by default.

    Raises:
        TimeoutError: It took longer.
    """
    import asyncio

    async def main() -> Result:
        return await asyncio.wait_for(start(), timeout)

    try:
        return asyncio.run(main())
    except asyncio.TimeoutError:
        raise TimeoutError(f"no complete answer in {timeout} seconds; {LONGER}") from None


def message(error: BaseException) -> str:
    """Return the engine's message: each cause once, without empty lines and credentials.

    For an error of the system, such as a full disk, advice is added: its number is in the text.
    """
    said: list[str] = []
    for line in redact(str(error)).splitlines():
        cause = line.strip().removeprefix("Caused by: ")
        if cause and (cause == line.strip() or cause not in "\n".join(said)):
            said.append(line.rstrip())
    if number := re.search(r"\(os error (\d+)\)", str(error)):
        said.append(advice_for(int(number[1])))
    return "\n".join(filter(None, said))


def source(name: str, sources: Sequence[Any]) -> Any:
    """Return a source for the solver: the only one, or several of the same priority as one."""
    from rattler import MultiSource

    return sources[0] if len(sources) == 1 else MultiSource(name, sources)
