"""Implement a Dask worker that Dask's cluster classes start through the runner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from distributed.deploy.spec import ProcessInterface

from pypackage.core.errors import UsageError

PATIENCE = 10.0  # seconds for a worker to exit by itself

# LocalCluster's options that also apply to another process.
PASSED = (
    "dashboard",
    "dashboard_address",
    "host",
    "interface",
    "local_directory",
    "memory_limit",
    "name",
    "nthreads",
    "protocol",
    "silence_logs",
)


class CommandWorker(ProcessInterface):
    """A nanny with its worker, as a process.

    Args:
        scheduler: The scheduler's address.
        python: The words that start Python.
        options: LocalCluster's options for its workers.
    """

    def __init__(self, scheduler: str, *, python: Sequence[str], **options: Any) -> None:
        if options["security"].require_encryption:
            raise UsageError(
                "a LocalCluster with security= cannot have workers that run from an archive"
            )
        super().__init__(scheduler=scheduler, name=options.get("name"))
        kept = {name: options[name] for name in PASSED if options.get(name) is not None}
        nanny = json.dumps({"cls": "distributed.Nanny", "opts": kept})
        self.command = [*python, "-m", "distributed.cli.dask_spec", scheduler, "--spec", nanny]
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process; the worker registers itself with the scheduler."""
        self.process = await asyncio.create_subprocess_exec(*self.command)
        await super().start()

    async def close(self) -> None:
        """End the process: terminate it, and kill it if that does not suffice."""
        if self.process and self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), PATIENCE)
            except asyncio.TimeoutError:
                self.process.kill()
                await self.process.wait()
        await super().close()
