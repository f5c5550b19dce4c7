"""An application of the tests, as a user's project has it, and the command that packs it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.channels import Channel
from tests.support.tools import Tools

EVERYTHING = [
    *("--command", "greet", "--command", "prefix-text"),
    *("--config-file", "hello.conf:/etc/hello/hello.conf", "--config-file", "etc/prefix-text.conf"),
    *("--systemd-unit", "hello.service", "--license", "MIT", "--runtime-deps", "libgl1,adduser"),
    *("--description", "Greets\nAll of\n\nthe world"),
]

MAIN = """\
import sys
import greeting

def main():
    print("hi from", sys.prefix, greeting.__version__)
"""


@dataclass(frozen=True)
class Project:
    """A folder with an application, `hi`, and what it needs.

    Attributes:
        folder: The folder.
        channel: Where its packages come from.
    """

    folder: Path
    channel: Channel

    def create(
        self,
        tools: Tools,
        *words: str,
        version: str = "1.0",
        name: str = "hello",
        timeout: int = 240,
    ) -> subprocess.CompletedProcess[str]:
        """Make a package of it; what stands last of several words for one option decides."""
        plain = ["-c", str(self.channel.folder), "--add", "hi", "--app-version", version]
        plain += ["--maintainer", "Jane Doe <jane@example.org>", "--compress-level", "0"]
        at = tools.at(tools.home, self.folder)
        return at.create(*plain, *words, "needs.json", name, timeout=timeout)


def make(folder: Path, channel: Channel, *packages: str) -> Project:
    """Write the project's files.

    Args:
        folder: An empty one.
        channel: Where the packages come from.
        packages: What it needs beside those of every test.
    """
    needed = ["greeting", "prefix-text", "prefix-module", "prefix-binary", *packages]
    needs = {"python": channel.python.version, "modules": [], "conda": {"dependencies": needed}}
    (folder / "needs.json").write_text(json.dumps(needs))
    (folder / "hi").mkdir()
    (folder / "hi/__init__.py").write_text("")
    (folder / "hi/main.py").write_text(MAIN)
    (folder / "hello.conf").write_text("color = red\n")
    (folder / "hello.service").write_text(
        "[Unit]\nDescription=hello\n[Service]\nExecStart=/opt/hello/bin/greet\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )
    return Project(folder, channel)
