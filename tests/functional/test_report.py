"""What `create --report` tells, as text and in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import Tools

# Clicks on a column's head, as a user does, and types a name into the field.
CLICK = """<script>
const heads = document.querySelectorAll("#costs th button");
heads[0].click();
document.body.dataset.byName = names();
heads[1].click(); heads[1].click();
document.body.dataset.bySize = names();
document.body.dataset.sorted = document.querySelectorAll("#costs th")[1].ariaSort;
const field = document.getElementById("find");
field.value = "greet"; field.dispatchEvent(new Event("input"));
document.body.dataset.found = names();
function names() {
  const rows = [...document.querySelectorAll("#costs tbody tr")].filter((row) => !row.hidden);
  return rows.map((row) => row.cells[0].dataset.v).join(" ");
}
</script></body>"""


NO_SCRIPTS = """<head><meta http-equiv="Content-Security-Policy" content="script-src 'none'">"""


@pytest.fixture
def needs(channel: Channel, tmp_path: Path) -> Path:
    path = tmp_path / "requirements.json"
    conda = {"dependencies": ["greeting", "sharing-a", "sharing-b"]}
    path.write_text(
        json.dumps({"python": channel.python.version, "modules": ["greeting"], "conda": conda})
    )
    return path


def test_report__text__comes_after_the_archive_s_path(
    tools: Tools, channel: Channel, needs: Path
) -> None:
    done = tools.create("--report", "-", "-c", channel.folder, needs, "mine")
    assert done.returncode == 0, done.stderr
    first, second, *lines = done.stdout.splitlines()
    assert first == "mine.tar.gz"
    packed, unpacked = map(float, re.findall(r"(\d+\.\d) MB", second))
    assert packed == pytest.approx((tools.cwd / "mine.tar.gz").stat().st_size / 1e6, abs=0.1)
    assert unpacked > packed
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert rows["greeting"].endswith(" asked for")
    assert rows["shared-data"].endswith(" greeting")


def test_report__that_cannot_be_written__exits_2_before_the_work(
    tools: Tools, channel: Channel, needs: Path
) -> None:
    done = tools.create("--report", "no/r.html", "-c", channel.folder, needs, "mine")
    assert done.returncode == 2
    assert "no does not exist" in done.stderr
    assert not (tools.cwd / "mine.tar.gz").exists()


@pytest.mark.slow
def test_report__page_in_a_browser__is_sorted_by_clicks_and_readable_without_scripts(
    tools: Tools, channel: Channel, needs: Path, tmp_path: Path
) -> None:
    browser = shutil.which("google-chrome") or need("chromium")
    done = tools.create("--report", "r.html", "-c", channel.folder, needs, "mine")
    assert (done.returncode, done.stdout) == (0, "mine.tar.gz\n"), done.stderr
    text = (tmp_path / "r.html").read_text()
    (tmp_path / "clicked.html").write_text(text.replace("</body>", CLICK))
    shown = dumped(browser, tmp_path / "clicked.html", tmp_path)
    told = dict(re.findall(r'data-([\w-]+)="([^"]*)"', shown.partition("<body")[2].split(">")[0]))
    names = [name for name in told["by-name"].split(" ") if name]
    assert names == sorted(names)
    assert {"python", "greeting", "sharing-a"} <= set(names)
    assert told["by-size"].split()[-1] == "python"
    assert told["sorted"] == "ascending"
    assert told["found"] == "greeting"
    (tmp_path / "plain.html").write_text(text.replace("<head>", NO_SCRIPTS))
    plain = dumped(browser, tmp_path / "plain.html", tmp_path)
    assert "<button" in shown
    assert "<button" not in plain
    assert len(re.findall('<th scope="row"', plain)) == len(re.findall('<th scope="row"', text))


def dumped(browser: str, page: Path, folder: Path) -> str:
    """The page as the browser has it once its scripts have run."""
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    env = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(
        [*command, page.as_uri()], env=env, capture_output=True, text=True, timeout=120
    )
    assert "</html>" in done.stdout, done.stderr
    return done.stdout
