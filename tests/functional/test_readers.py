"""The forms in which people say what they need, as the tools' own readers take them.

The cases are those of tests/unit/pipeline/test_inputs.py; a reader that is not there is skipped.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from pypackage.requirements.formats import document

CORPUS = Path(__file__).parents[1] / "data" / "inputs"
CASES = sorted(path.name for path in CORPUS.iterdir())


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CORPUS / name / "expected.json").read_text())
    return content


def read_by(kind: str) -> list[str]:
    """The cases whose file has a name of a kind, and that are not refused."""
    return [
        name
        for name in CASES
        if expected(name)["input"].startswith(kind) and not expected(name).get("refused")
    ]


@pytest.mark.parametrize("name", read_by("requirements"))
def test_requirements_txt__pip_s_own_reader_takes_the_same(name: str) -> None:
    network = pytest.importorskip("pip._internal.network.session")
    reader = pytest.importorskip("pip._internal.req.req_file")
    file = CORPUS / name / expected(name)["input"]
    with network.PipSession() as session:
        found = list(reader.parse_requirements(str(file), session))
    pip = [one.requirement for one in found if not one.constraint]
    assert [str(Requirement(one)) for one in expected(name)["pip"]] == [
        str(Requirement(one.rstrip("; "))) for one in pip
    ]


@pytest.mark.parametrize("name", read_by("pylock"))
def test_pylock_toml__packaging_s_reader_takes_the_same(name: str) -> None:
    reader = pytest.importorskip("packaging.pylock")
    top = document.of_toml((CORPUS / name / "pylock.toml").read_text(), "").value
    named = [Requirement(one).name for one in expected(name)["pip"]]
    assert [one.name for one in reader.Pylock.from_dict(top).packages] == named


@pytest.mark.parametrize("name", read_by("pixi.lock"))
def test_pixi_lock__rattler_s_reader_takes_the_same(name: str) -> None:
    from rattler import LockFile

    environment = LockFile.from_path(CORPUS / name / "pixi.lock").default_environment()
    assert environment is not None
    (platform,) = environment.platforms()
    wanted = expected(name)
    records = environment.conda_repodata_records_for_platform(platform) or []
    assert [one.url.rpartition("/")[2] for one in records] == wanted["conda"]
    pypi = environment.packages(platform) or []
    assert len(pypi) - len(records) == len(wanted["pypi"]) + wanted["projects"]


@pytest.mark.parametrize("name", read_by("environment"))
def test_environment_yml__conda_s_reader_takes_the_same(name: str) -> None:
    if "mamba" in expected(name).get("readers", []):
        pytest.skip("conda knows no selectors")
    reader = pytest.importorskip("conda.env.env")
    found = reader.from_file(str(CORPUS / name / "environment.yml"))
    wanted = expected(name)
    assert found.channels == wanted.get("channels", [])
    specs = list(found.dependencies.get("conda", []))
    assert len(specs) >= len(wanted["dependencies"])
    assert len(found.dependencies.get("pip", [])) == len(wanted.get("pip", []))
