"""An environment that was uploaded, fetched by the runner from a web server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pypackage.pipeline.environment import Environment
from pypackage.pipeline.upload import upload
from tests.shell import environments as packed
from tests.support import http
from tests.support.needs import need

pytest.importorskip("fsspec")


@pytest.mark.parametrize("name", ["one.json", "one.layers", "one.tar.gz"])
def test_upload__served_by_a_web_server__the_runner_fetches_it(tmp_path: Path, name: str) -> None:
    need("curl")
    source = tmp_path / "here" / name
    source.parent.mkdir()
    if name == "one.tar.gz":
        packed.Environment().pack(source)
    else:
        packed.Environment().pack_layers(*([source] if ".l" in name else [source.parent, name]))
    upload(Environment(source), f"file://{tmp_path}/there")
    with http.serve(tmp_path / "there") as server:
        url = Environment(source).pinned_url(f"{server.url}/?token=t")
        assert url.startswith(f"{server.url}/{name.replace('layers', 'json')}?token=t#sha256=")
        command = ["sh", str(packed.SCRIPT), "--cache-dir", str(tmp_path / "cache"), "-e", url]
        done = subprocess.run(
            [*command, "show", "x"],
            env={**os.environ, "no_proxy": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert (done.stderr, done.stdout[-3:]) == ("", "\nx\n")
