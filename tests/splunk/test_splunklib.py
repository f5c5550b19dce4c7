"""Classes of Splunk's own SDK as commands, and its parser for what we say by the protocol."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from pypackage.archive.splunk import runtime
from pypackage.archive.splunk.runtime import protocol
from tests.splunk import driver
from tests.support.needs import need_module

CLASSES = Path(__file__).parents[1] / "data/splunk/classes.py"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app whose commands run in the tests' Python, which has the SDK: no environment is made."""
    need_module("splunklib", "splunk-sdk")
    code = Path(runtime.__path__[0])
    binaries = tmp_path / "app/bin"
    shutil.copytree(code, binaries / "python_package_splunk")
    shutil.copy(code / "run_command.py", binaries)
    conf = tmp_path / "app/default/commands.conf"
    conf.parent.mkdir()
    for name in ("Scores", "Totals", "Numbers"):
        with conf.open("a") as file:
            file.write(f"[{name}]\nchunked = true\nfilename = run_command.py\n")
            words = ("--serve", f"classes:{name}", "splunklib")
            file.writelines(f"command.arg.{n} = {word}\n" for n, word in enumerate(words, 1))
    return tmp_path / "app"


def run(app: Path, name: str, words: list[str], chunks: Any = ((),)) -> driver.Search:
    # Splunk's own library path would be no matter; the tests' Python has to find the classes.
    env = {"PYTHONPATH": str(CLASSES.parent), "LD_LIBRARY_PATH": ""}
    return driver.run(app, name, words, chunks, python=sys.executable, env=env)


def test_streaming_class__of_splunklib__runs_on_the_search_head(app: Path) -> None:
    found = run(app, "Scores", ["factor=2"], [[{"price": "2"}], [{"price": "3"}]])
    assert found.info["type"] == "stateful"
    assert [r["score"] for r in found.records] == ["4.0", "6.0"]
    assert (found.answers[-1]["finished"], found.status) == (True, 0)


def test_reporting_class__of_splunklib__gives_its_records(app: Path) -> None:
    found = run(app, "Totals", [], [[{"price": "2"}, {"price": "3"}]])
    assert found.info["type"] == "reporting"
    assert [r["total"] for r in found.records] == ["5.0"]


def test_generating_class__of_splunklib__gives_its_records(app: Path) -> None:
    found = run(app, "Numbers", ["count=3"])
    assert found.info["generating"]
    assert [r["n"] for r in found.records] == ["0", "1", "2"]


def test_class__error_in_its_code__is_a_message(app: Path) -> None:
    found = run(app, "Scores", ["factor=2"], [[{"cost": "2"}]])
    ((level, text),) = found.answers[-1]["inspector"]["messages"]
    assert (level, text.partition(" ")[0]) == ("ERROR", "KeyError")
    assert (found.answers[-1]["finished"], found.status) == (True, 1)


def test_protocol__what_is_written__is_read_alike_by_splunklib() -> None:
    need_module("splunklib", "splunk-sdk")
    from splunklib.searchcommands.search_command import SearchCommand

    stream = io.BytesIO()
    records: list[dict[str, Any]] = [{"a": 'ä,\n"x"', "b": ["$1", "2;"]}, {"a": "", "c": 3}]
    protocol.write(stream, {"finished": True}, protocol.encode(records))
    stream.seek(0)
    metadata, body = SearchCommand._read_chunk(stream)
    assert metadata.finished is True
    read = list(SearchCommand()._read_csv_records(io.StringIO(body, newline="")))
    assert [dict(one) for one in read] == [
        {"a": 'ä,\n"x"', "b": ["$1", "2;"], "c": ""},
        {"a": "", "b": "", "c": "3"},
    ]
    assert SearchCommand._read_chunk(stream) is None
