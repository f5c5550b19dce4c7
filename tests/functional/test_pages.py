"""Pages whose snippets are run as they stand, one after the other, as a reader does."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys

import pytest

from tests.functional.test_snippets import SNIPPETS
from tests.support.channels import Channel
from tests.support.http import serve
from tests.support.needs import need, need_module
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow


def texts(page: str, language: str) -> list[str]:
    """The snippets of a page in a language, in their order."""
    own = [one for one in SNIPPETS if one.place.startswith(f"{page}:")]
    return [one.text for one in own if one.language == language]


def run(tools: Tools, language: str, text: str, **env: str) -> str:
    """What a snippet says."""
    words = ["sh", "-eu", "-c"] if language == "sh" else [sys.executable, "-c"]
    done = subprocess.run(
        [*words, text],
        cwd=tools.cwd,
        env={**tools.environment, "PYTHONPATH": str(TREE), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{text}: {done.stderr}"
    return done.stdout


def test_layers__the_page_from_its_start__sends_what_it_says(tools: Tools) -> None:
    need("curl")
    need_module("fsspec")
    first, second, third, since, join, start, fetch = texts("docs/layers.md", "sh")
    script = "import helpers, iniconfig{}\nprint(helpers.VALUE, iniconfig.__name__)\n"
    (tools.cwd / "pi.py").write_text(script.format(""))
    (tools.cwd / "helpers.py").write_text("VALUE = 1\n")
    run(tools, "sh", first)
    parts = set((tools.cwd / "envs/parts").iterdir())
    (tools.cwd / "helpers.py").write_text("VALUE = 2\n")
    run(tools, "sh", second)
    new = set((tools.cwd / "envs/parts").iterdir()) - parts  # the module, and its byte code
    assert len(new) == 2
    assert sum(one.stat().st_size for one in new) < 2000
    (tools.cwd / "pi.py").write_text(script.format(", packaging"))
    run(tools, "sh", third)
    run(tools, "sh", since)
    wholes = set()
    for line in join.splitlines():
        run(tools, "sh", line)
        wholes.add(hashlib.sha256((tools.cwd / "whole.tar.gz").read_bytes()).digest())
    assert len(wholes) == 1
    # The worker has the script alone, as it was.
    (tools.cwd / "pi.py").write_text(script.format(""))
    (tools.cwd / "helpers.py").unlink()
    assert run(tools, "sh", start) == "2 iniconfig\n"
    with serve(tools.cwd) as server:
        digest = hashlib.sha256((tools.cwd / "envs/first.json").read_bytes()).hexdigest()
        there = fetch.replace("https://host", server.url).replace("9f86…", digest)
        said = run(tools, "sh", there, no_proxy="127.0.0.1", PYTHON_PACKAGE_CACHE="other")
    assert said == f"{digest}  envs/first.json\n1 iniconfig\n"
    (tools.cwd / "helpers.py").write_text("VALUE = 2\n")
    made, sent = texts("docs/layers.md", "python")
    sent = sent.replace("s3://bucket", (tools.cwd / "bucket").as_uri())
    task = "def task(): import iniconfig\n"
    said = run(tools, "python", f"{made}\n{task}{sent}\nprint(made.pinned_url('https://b/e'))")
    assert re.fullmatch(r"https://b/e/\w+\.json#sha256=[0-9a-f]{64}\n", said)
    assert list((tools.cwd / "bucket/envs/parts").iterdir())


def test_sharing__of_the_page_of_create__gives_the_same_archive(
    tools: Tools, channel: Channel
) -> None:
    (text,) = [one for one in texts("docs/python_package_create.md", "sh") if "--since" in one]
    (tools.home / ".condarc").write_text(f"channels: [{channel.folder}]\n")
    (tools.cwd / "shared").mkdir()
    for name, packages in (("requirements", ["greeting"]), ("more", ["greeting", "many-versions"])):
        needs = {"python": channel.python.version, "conda": {"dependencies": packages}}
        (tools.cwd / f"{name}.json").write_text(json.dumps({**needs, "modules": []}))
    made = []
    for line in text.splitlines():
        if "--since" in line:  # of an archive that was made before
            run(tools, "sh", "python_package_create --join shared/first.json first.tar.gz")
        run(tools, "sh", line)
        if "second.tar.gz" in line:
            made.append((tools.cwd / "second.tar.gz").read_bytes())
    assert made[0] == made[1]


def test_api__its_snippets__run(tools: Tools) -> None:
    (of_the_first_page,) = texts("README.md", "python")
    first, poncho = texts("docs/python_api.md", "python")
    by_path = "".join(texts("docs/engines/python_by_path.md", "python"))
    (condarc,) = [
        one.text
        for one in SNIPPETS
        if one.place.startswith("docs/python_api.md:") and one.language == "yaml"
    ]
    (tools.home / ".condarc").write_text(condarc)
    (tools.cwd / "script.py").write_text("import iniconfig\n")
    needs = {"python": sys.version.split()[0], "modules": ["iniconfig"]}
    (tools.cwd / "environment-or-spec.json").write_text(json.dumps(needs))
    (tools.cwd / "program.py").write_text(
        f"import os, sys\ndef task(): import iniconfig\nfunction = task\n"
        f"{first}\nprint(environment.id)\n{of_the_first_page}\n"
        f"{by_path.replace('/shared', '.')}\n{poncho}\nprint(archive)\n"
    )
    name, archive = run(tools, "sh", f"exec {sys.executable} program.py").splitlines()
    assert re.fullmatch(r"[0-9a-f]{64}", name)
    assert (tools.cwd / archive).exists()
    assert (tools.cwd / "env.tar.gz").exists()
    said = run(tools, "sh", "./python-of-task -c 'import iniconfig; print(iniconfig.__name__)'")
    assert said == "iniconfig\n"
