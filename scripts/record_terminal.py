"""Make docs/terminal.svg: the three commands as they run in a terminal.

    python scripts/record_terminal.py

needs the tools, numpy and pandas in the environment that it runs in, and rich.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

_ROOT = Path(__file__).resolve().parents[1]
_COMMANDS = (
    "python_package_analyze rainfall.py requirements.json",
    "python_package_create -c host requirements.json myenv.tar.gz",
    "./python_package_run myenv 'python3 rainfall.py'",
)


def main() -> None:
    """Run the commands in a folder of their own and draw what a user sees."""
    console = Console(record=True, width=96, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(_ROOT / "examples" / "rainfall.py", folder)
        shutil.copy(_ROOT / "bin" / "python_package_run", folder)
        here = os.path.dirname(sys.executable)
        environment = {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}
        environment["PYTHON_PACKAGE_CACHE"] = f"{folder}/cache"
        for command in _COMMANDS:
            console.print(Text("$ ", style="green") + Text(command, style="bold"))
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, text=True, check=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            shown = re.sub(rf"{re.escape(folder)}/cache\S*/bin/", "…/bin/", done.stdout)
            console.print(Text(shown.replace(sys.prefix, "~/env").replace(folder, "~")), end="")
    picture = console.export_svg(title="from a script to a task on a worker", unique_id="terminal")
    # Without the fonts that rich names by their addresses: those of the reader serve as well.
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    (_ROOT / "docs" / "terminal.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
