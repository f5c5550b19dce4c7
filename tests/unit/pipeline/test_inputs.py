"""The forms in which people say what they need, each with what its own tool takes from it.

Each folder of tests/data/inputs has a file of a kind, written by hand, and `expected.json`, worked
out by hand; tests/functional/test_readers.py has the tools' own readers take the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pypackage.backends.lock import Lock
from pypackage.core.errors import RequirementsError
from pypackage.core.progress import SILENT
from pypackage.pipeline import inputs
from pypackage.requirements.model import Requirements
from tests.support.heard import Heard

CORPUS = Path(__file__).parents[2] / "data" / "inputs"
CASES = sorted(path.name for path in CORPUS.iterdir())


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CORPUS / name / "expected.json").read_text())
    return content


def load(name: str, listener: Heard) -> Requirements | Lock:
    file = CORPUS / name / expected(name)["input"]
    given = inputs.load(str(file), listener, platform="linux-64")
    assert isinstance(given, Requirements | Lock)
    return given


def plain(given: Requirements | Lock) -> dict[str, Any]:
    """What was read, in the words of expected.json; what is empty is left out."""
    if isinstance(given, Lock):
        files = [record.url.rpartition("/")[2] for record in given.records]
        pypi = [f"{wheel.name}=={wheel.version}" for wheel in given.wheels]
        found: dict[str, Any] = {
            "conda": sorted(files),
            "pypi": pypi,
            "projects": len(given.projects),
        }
    else:
        found = {key: json.loads(json.dumps(one)) for key, one in given._asdict().items()}
    return {key: one for key, one in found.items() if one}


@pytest.mark.parametrize("name", CASES)
def test_input__of_a_form_that_people_have__is_read_or_refused_by_name(name: str) -> None:
    wanted, listener = expected(name), Heard()
    wanted.pop("readers", None)
    wanted.pop("input")
    warned = wanted.pop("warned", "")
    if refused := wanted.pop("refused", ""):
        with pytest.raises(RequirementsError) as caught:
            load(name, listener)
        assert refused in f"{caught.value.message}\n{caught.value.hint}"
        assert caught.value.hint
        return
    assert plain(load(name, listener)) == wanted
    assert warned in "\n".join(listener.warnings)


@pytest.mark.parametrize("platform", ["linux-64", "linux-aarch64", "osx-arm64"])
def test_pylock_toml__for_a_platform__is_for_no_other(tmp_path: Path, platform: str) -> None:
    marker = "sys_platform == 'linux' and platform_machine == 'aarch64'"
    package = 'packages = [{ name = "six", version = "1" }]\n'
    file = tmp_path / "pylock.toml"
    file.write_text(f'lock-version = "1.0"\nenvironments = ["{marker}"]\n{package}')
    if platform == "linux-aarch64":
        given = inputs.load(str(file), SILENT, platform=platform)
        assert isinstance(given, Requirements)
        assert given.pip == ("six==1",)
    else:
        with pytest.raises(RequirementsError, match=f"none of these environments is on {platform}"):
            inputs.load(str(file), SILENT, platform=platform)


@pytest.mark.parametrize("name", ["", "pyproject.toml"])
def test_project__that_asks_for_nothing__is_refused_unless_it_may(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 99\n")
    with pytest.raises(RequirementsError, match="nothing is asked for") as caught:
        inputs.load(str(tmp_path / name), Heard())
    assert "--group NAME" in caught.value.hint
    assert inputs.load(str(tmp_path / name), Heard(), allow_empty=True) == Requirements("")
