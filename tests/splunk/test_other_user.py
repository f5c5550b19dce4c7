"""One user installs an app, and Splunk runs as another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.splunk import driver
from tests.splunk.conftest import SEARCHES, options, unpack
from tests.support.needs import missing
from tests.support.tools import Tools

pytestmark = pytest.mark.root

NOBODY = 65534
PRICES = [[{"price": "1.5"}]]


@pytest.fixture
def apps() -> Iterator[Path]:
    """Where everybody may read, which pytest's folders are not."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def python() -> str:
    found = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    return found or missing("there is no Python for all users (Debian: python3)")


def test_app__of_the_host_channel__runs_as_anybody_and_nothing_is_written(
    tools: Tools, apps: Path, tmp_path: Path, python: str
) -> None:
    (tmp_path / "requirements.txt").touch()
    words = ["--format", "splunk-app", "-c", "host", "--allow-empty", "--add", SEARCHES]
    done = tools.create(*words, *options(), "requirements.txt", "shop", timeout=300)
    assert done.returncode == 0, done.stderr
    app = unpack(tmp_path / "shop.spl", apps / "etc")
    before = sorted((path, path.lstat().st_mtime_ns) for path in app.rglob("*"))
    found = driver.run(app, "score", [], PRICES, python=python, user=NOBODY)
    assert [r["price_score"] for r in found.records] == ["1"], found.error + found.log
    assert sorted((path, path.lstat().st_mtime_ns) for path in app.rglob("*")) == before


def test_app__with_files_to_rewrite__needs_its_owner_once(
    spl: Path, apps: Path, python: str
) -> None:
    app = unpack(spl, apps / "etc")
    found = driver.run(app, "score", [], PRICES, python=python, user=NOBODY)
    assert "cannot be written to, and was not prepared for this place" in found.error
    assert driver.run(app, "score", [], PRICES, python=python).error == ""
    found = driver.run(app, "score", [], PRICES, python=python, user=NOBODY)
    assert [r["price_score"] for r in found.records] == ["1"], found.error + found.log
