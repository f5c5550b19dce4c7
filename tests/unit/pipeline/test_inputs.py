"""The forms in which people say what they need, each with what its own tool takes from it.

Each folder of tests/data/inputs has a file of a kind, written by hand, and `expected.json`, worked
out by hand. Where the tools' own readers are installed they have to take the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from pypackage.backends.lock import Lock
from pypackage.core.errors import RequirementsError
from pypackage.core.progress import SILENT, Reporter, Task
from pypackage.pipeline import inputs
from pypackage.requirements.formats import document
from pypackage.requirements.model import Requirements

CORPUS = Path(__file__).parents[2] / "data" / "inputs"
CASES = sorted(path.name for path in CORPUS.iterdir())


class Listener(Reporter):
    """Keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    @contextmanager
    def task(self, title: str, total: float | None = None) -> Iterator[Task]:
        yield Task()

    def warning(self, message: str) -> None:
        self.warnings.append(message)


def expected(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((CORPUS / name / "expected.json").read_text())
    return content


def load(name: str, listener: Listener) -> Requirements | Lock:
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
    wanted, listener = expected(name), Listener()
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


@pytest.mark.parametrize("name", ["", "pyproject.toml"])
def test_project__that_asks_for_nothing__is_refused_unless_it_may(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 99\n")
    with pytest.raises(RequirementsError, match="nothing is asked for") as caught:
        inputs.load(str(tmp_path / name), Listener())
    assert "--group NAME" in caught.value.hint
    assert inputs.load(str(tmp_path / name), Listener(), allow_empty=True) == Requirements("")
