"""What type checkers say of programs that use the library."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = """\
import asyncio
import os
from collections.abc import Mapping

import pypackage
from pypackage.integrations.notebook import ProgressBars


def task(x: int) -> int:
    return x


class Heard(pypackage.Reporter):
    def warning(self, message: str) -> None:
        raise RuntimeError(message)


def send(environment: pypackage.Environment) -> str:
    return os.path.join("store", environment.path.name)


async def both() -> None:
    await pypackage.create_async("r.json", "x.tar.gz", jobs=2)
    await pypackage.environment_for_async(task, reporter=ProgressBars())


needs: pypackage.Requirements = pypackage.analyze("s.py", mapping={"yaml": "pyyaml"}, pin="minor")
needs = pypackage.analyze_function(task, [task], extra=["cloudpickle"])
needs = pypackage.analyze_pickle(b"")
made = pypackage.create(needs, "x.tar.gz", channels=["host"], slim=True, add=["helper.py"])
made = pypackage.environment_for(task, needs, target="x.zip", upload=send, compress_level=1)
versions: Mapping[str, str] = made.packages
words: list[str] = [*made.command(["python3", "-V"]), *made.python_words(), made.id, made.url]
size: int = os.path.getsize(made) + made.size
print([one.name for one in made.differences()], pypackage.__version__)
asyncio.run(both())

pypackage.create(needs, "x.tar.gz", slimm=True)  # wrong
pypackage.environment_for(task, compress_level="1")  # wrong
pypackage.analyze("s.py", pin="newest")  # wrong
pypackage.analyze_pickle("text")  # wrong
made.nothing  # wrong
pypackage.nothing  # wrong
"""


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "pyright", "basedpyright"])
def test_types__programs_of_clients__mistakes_alone_are_told(checker: str, tmp_path: Path) -> None:
    program = shutil.which(checker, path=str(Path(sys.executable).parent))
    if not program:
        pytest.skip(f"{checker} is not installed")
    client = tmp_path / "client.py"
    client.write_text(CLIENT)
    strict = {
        "mypy": ["--strict", "--python-executable", sys.executable, "--cache-dir=cache"],
        "pyright": ["--pythonpath", sys.executable],
        "basedpyright": ["--pythonpath", sys.executable, "--level", "error"],
    }
    done = subprocess.run(
        [program, *strict[checker], client], cwd=tmp_path, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    found = {int(one) for one in re.findall(r"client\.py:(\d+):.*error", said)}
    lines = CLIENT.splitlines()
    assert found == {n for n, line in enumerate(lines, 1) if "# wrong" in line}, said
