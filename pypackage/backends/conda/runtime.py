"""Run py-rattler's operations, and word what they report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from pypackage.core.urls import redact

Result = TypeVar("Result")


def run(start: Callable[[], Awaitable[Result]]) -> Result:
    """Run an operation to its end."""

    async def main() -> Result:
        return await start()

    return asyncio.run(main())


def message(error: BaseException) -> str:
    """The engine's own words, without empty lines and credentials."""
    return "\n".join(redact(line.rstrip()) for line in str(error).splitlines() if line.strip())


def source(name: str, sources: Sequence[Any]) -> Any:
    """What is asked for packages: one source, or several of the same rank."""
    from rattler import MultiSource

    return sources[0] if len(sources) == 1 else MultiSource(name, sources)
