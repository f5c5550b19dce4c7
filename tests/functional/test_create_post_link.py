"""What packages bring to be run or set at installation: post-link scripts, variables."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests.support.channels import Channel
from tests.support.creating import no_python, refused, unpacked
from tests.support.tools import Tools


def test_create__post_link_script__writes_the_paths_that_will_be_right(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link")
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    assert (prefix / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {prefix}\n"
    moved = unpacked(tmp_path / "mine.tar.gz", tmp_path / "out")
    subprocess.run([moved / "bin/conda-unpack"], check=True)
    assert (moved / "etc/post-link.txt").read_text() == f"post-link 1.0 linked in {moved}\n"


def test_create__post_link_script_that_alters_files__is_packed_as_it_left_them(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link-alters")
    for name in ("first", "second"):
        done = tools.create("-c", channel.folder, needs, name)
        assert done.returncode == 0, done.stderr
        assert "warning: see etc/alters.conf" in done.stderr
    prefix = tools.environments / "second"
    assert (prefix / "etc/alters.conf").read_text() == f"own=1\n{prefix}\n"
    assert os.readlink(prefix / "etc-link") == "etc"
    moved = unpacked(tmp_path / "second.tar.gz", tmp_path / "out")
    subprocess.run([moved / "bin/conda-unpack"], check=True)
    assert (moved / "etc/alters.conf").read_text() == f"own=1\n{moved}\n"


def test_create__post_link_script__runs_in_the_activated_environment_without_secrets(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "post-link-activated")
    done = tools.create("-c", channel.folder, needs, "mine", env={"SOME_TOKEN": "s3cret"})
    assert done.returncode == 0, done.stderr
    prefix = tools.environments / "mine"
    assert (prefix / "etc/activated.txt").read_text() == f"on in {prefix}, it's 1\n"
    assert "s3cret" not in (prefix / "etc/environment.txt").read_text()


def test_create__variables_of_packages_and_of_the_user__are_set_in_conda_s_order(
    tools: Tools, channel: Channel, tmp_path: Path
) -> None:
    needs = no_python(tmp_path, "variables")
    assert tools.create("-c", channel.folder, needs, "mine").returncode == 0
    prefix = tools.environments / "mine"
    state = {"env_vars": {"BOTH": "2 $HOME", "OF_USER": "é\n2", "GONE": "***unset***"}}
    (prefix / "conda-meta/state").write_text(json.dumps(state))
    assert tools.create(prefix, "again.tar.gz").returncode == 0
    say = 'echo "$OF_PACKAGE|$BOTH|$OF_USER|${GONE-no}|$HOOK_SAW"'
    ran = tools.run("-e", "again.tar.gz", "--", "sh", "-c", say)
    assert ran.stdout == "it's 1|2 $HOME|é\n2|no|it's 1\n", ran.stderr
    (prefix / "conda-meta/state").write_text('{"env_vars": {"a;b": ""}}')
    assert "conda-meta/state does not hold" in refused(tools, 6, prefix, "again.tar.gz")


def test_create__post_link_script_that_fails__exits_5_with_what_it_said(
    tools: Tools, channel: Channel
) -> None:
    needs = no_python(tools.cwd, "post-link-fails")
    said = refused(tools, 5, "-c", channel.folder, needs, "mine")
    assert "the post-link script of post-link-fails failed with status 3" in said
    assert "tried" in said
    assert "no luck" in said
