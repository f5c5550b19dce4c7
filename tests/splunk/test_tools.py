"""Splunk's own tools look at an app: the packaging toolkit and AppInspect."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.needs import need_of_ci

pytestmark = pytest.mark.slow


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def without_environment(app: Path, folder: Path) -> Path:
    """An app but for its environment: CPython and packages of others (see docs/splunk.md)."""
    copy = folder / "bare" / app.name
    shutil.copytree(app, copy, ignore=shutil.ignore_patterns("environment"))
    return copy


def failures(app: Path, folder: Path) -> dict[str, list[str]]:
    """What AppInspect has against an app, by its checks."""
    inspect, report = need_of_ci("splunk-appinspect"), folder / "report.json"
    said(
        *(inspect, "inspect", without_environment(app, folder), "--skip-trusted-libraries-update"),
        *("--data-format", "json", "--output-file", report),
    )
    found = json.loads(report.read_bytes())
    assert found["summary"]["success"] > 50
    return {
        check["name"]: [message["message"] for message in check["messages"]]
        for one in found["reports"]
        for group in one["groups"]
        for check in group["checks"]
        if check["result"] in ("error", "failure", "future_failure")
    }


def test_slim__package_and_source__are_valid(app: Path, spl: Path, tmp_path: Path) -> None:
    slim = need_of_ci("slim")
    bare = without_environment(app, tmp_path)
    for talk in (said(slim, "validate", spl), said(slim, "package", "-o", tmp_path, bare)):
        assert "[ERROR]" not in talk
    assert (tmp_path / "shop-1.2.0.tar.gz").is_file()


def test_appinspect__all_but_the_environment__has_no_failure(app: Path, tmp_path: Path) -> None:
    assert failures(app, tmp_path) == {}
