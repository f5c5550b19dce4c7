"""docs/splunk.md: its module and its commands, as they stand there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.functional.test_snippets import SNIPPETS
from tests.splunk import driver
from tests.splunk.conftest import unpack
from tests.support.tools import Tools

pytestmark = pytest.mark.slow


def texts(language: str) -> list[str]:
    own = [one for one in SNIPPETS if one.place.startswith("docs/splunk.md:")]
    return [one.text for one in own if one.language == language]


def test_page__its_module_and_commands__make_an_app_whose_commands_run(
    tools: Tools, tmp_path: Path
) -> None:
    (module,) = texts("python")
    make, prepare, *_ = texts("sh")
    (tmp_path / "searches.py").write_text(module)
    (tmp_path / "requirements.txt").write_text("iniconfig\n")
    env = {**tools.environment, "SPLUNK_HOME": str(tmp_path / "splunk")}

    def run(text: str) -> None:
        done = subprocess.run(
            ["sh", "-eu", "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    run(make)
    app = unpack(tmp_path / "shop.spl", tmp_path / "splunk/etc/apps")
    run(prepare)
    found = driver.run(app, "score", ["factor=2"], [[{"price": "1.5", "shop": "a"}]])
    assert [one["score"] for one in found.records] == ["3.0"], found.log
    found = driver.run(app, "shops", ["count=3"])
    assert [one["shop"] for one in found.records] == ["0", "1", "2"], found.log
    # The requirements of this test have no pandas.
    found = driver.run(app, "report", [], [[{"score": "1", "shop": "a"}]])
    assert found.error.startswith(
        "ModuleNotFoundError: No module named 'pandas' (searches.py, line"
    )
