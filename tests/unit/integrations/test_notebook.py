from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pypackage.core.errors import InputPathError
from pypackage.integrations.notebook import ProgressBars, install_kernel
from pypackage.pipeline.environment import Environment


def test_progress_bars__steps_within_each_other__show_how_far_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = Console(file=io.StringIO(), force_terminal=True, width=100, _environ={})
    # Instead of the test's own output, which is no terminal and as wide as it happens to be.
    monkeypatch.setattr("rich.progress.get_console", lambda: shown)
    bars = ProgressBars()
    for _ in range(2):
        with bars.task("packing", 4) as outer, bars.task("compiling"):
            outer.advance(2)
            outer.grow(1)
            bars.warning("this is odd")
            bars._progress.refresh()  # type: ignore[union-attr]
    assert isinstance(shown.file, io.StringIO)
    said = shown.file.getvalue()
    assert all(word in said for word in ("packing", "40%", "compiling", "warning: this is odd"))


def test_install_kernel__environment__kernel_starts_ipykernel_in_it(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "env.tar.gz")
    path = install_kernel(environment, "mine", folder=tmp_path / "kernels", display_name="Mine")
    assert path == tmp_path / "kernels" / "mine" / "kernel.json"
    told = json.loads(path.read_text())
    words = [*environment.python_words(), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert told == {"argv": words, "display_name": "Mine", "language": "python"}


def test_install_kernel__folder_that_cannot_be__is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputPathError, match="cannot install the kernel"):
        install_kernel(Environment(tmp_path), "mine", folder=tmp_path / "file")
