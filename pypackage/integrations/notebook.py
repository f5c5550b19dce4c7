"""Support notebooks: progress bars, and environments as kernels."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pypackage.core import files, user_dirs
from pypackage.core.bars import Bar
from pypackage.core.errors import InputPathError
from pypackage.core.progress import Reporter, Task
from pypackage.pipeline.environment import Environment

if TYPE_CHECKING:
    from rich.progress import Progress


def install_kernel(
    environment: Environment,
    name: str,
    *,
    display_name: str = "",
    folder: str | os.PathLike[str] | None = None,
) -> Path:
    """Install an environment as a Jupyter kernel; return the path of its `kernel.json`.

    Args:
        environment: An environment that contains ipykernel.
        name: The kernel's name.
        display_name: The name that Jupyter shows; by default the kernel's.
        folder: The folder of all kernels; by default the user's own.

    Raises:
        InputPathError: It cannot be written.
    """
    words = [*environment.python_words(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": words, "display_name": display_name or name, "language": "python"}
    place = Path(folder) if folder else Path(user_dirs.data_home()) / "jupyter" / "kernels"
    path = place.absolute() / name / "kernel.json"
    with InputPathError.wrapping("cannot install the kernel", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_new(path, json.dumps(spec, indent=1).encode() + b"\n")
    return path


class ProgressBars(Reporter):
    """Shows each running task as a bar, and warnings above the bars.

    In a notebook they are widgets if ipywidgets is installed, else text that is redrawn.

        environment_for(task, reporter=ProgressBars())
    """

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._open = 0
        self._lock = threading.Lock()

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        """Show a bar for the duration of the task."""
        progress = self._begin()
        number = progress.add_task(title, total=total)
        try:
            yield Bar(progress, number, total)
        finally:
            progress.remove_task(number)
            self._end()

    def warning(self, message: str) -> None:
        """Print a warning, which stays visible."""
        from rich.console import Console

        console = self._progress.console if self._progress else Console()
        console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)

    def _begin(self) -> Progress:
        from rich.progress import Progress

        with self._lock:
            if not self._progress:
                self._progress = Progress(transient=True)
                self._progress.start()
            self._open += 1
            return self._progress

    def _end(self) -> None:
        with self._lock:
            self._open -= 1
            if not self._open and self._progress:
                self._progress.stop()
                self._progress = None
