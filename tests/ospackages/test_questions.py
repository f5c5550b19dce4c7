"""docs/vdist-questions.md: its commands are run, one after the other, as they stand there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow

PAGE = TREE / "docs" / "vdist-questions.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)


def test_page__each_command__does_what_is_said(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    need("dpkg-deb", "rpmbuild", "apt-ftparchive", "createrepo_c", "skopeo")
    (tools.home / ".condarc").write_text(f"channels: [{channel.folder}]\n")
    (tmp_path / "builds.yml").write_text(blocks("yaml")[0])
    (tmp_path / "environment.yml").write_text("dependencies: [greeting]\n")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/manage.py").write_text("print(1)\n")
    done = subprocess.run(
        ["sh", "-e"],
        input="".join(blocks("sh")),
        cwd=tmp_path,
        env=tools.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "dist"
    assert {"shop-1.0-deb.log", "shop-1.0-rpm.log", "apt", "dnf"} <= {
        path.name for path in folder.iterdir()
    }
    (deb,) = (folder / "apt").glob("shop_1.0_*.deb")
    assert f"Filename: ./{deb.name}\n" in (folder / "apt/Packages").read_text()
    assert list((folder / "dnf").glob("shop-1.0-1.*.rpm"))
    assert (folder / "dnf/repodata/repomd.xml").exists()
    assert channel.python.version in done.stdout  # --versions
    assert '"org.opencontainers.image.version": "1.0"' in done.stdout
