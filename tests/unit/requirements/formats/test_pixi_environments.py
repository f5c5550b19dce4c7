"""Environments of a pixi manifest, as pixi composes them of features."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import document, pixi_environments
from pypackage.requirements.formats.pixi_environments import Environment

MANIFEST = """
[workspace]
channels = ["conda-forge"]
platforms = ["linux-64", "osx-arm64"]
[dependencies]
python = "3.11.*"
numpy = { version = ">=2", build = "*py311*", channel = "conda-forge" }
[host-dependencies]
cmake = "*"
[target.linux.dependencies]
numpy = ">=2.1"
[target.win-64.dependencies]
pywin32 = "*"
[pypi-dependencies]
mine = { path = ".", editable = true, extras = ["x"] }
odd = { version = "1.5", env-markers = "sys_platform == 'linux'" }
[pypi-options]
index-url = "https://example.invalid/first"
find-links = [{ path = "wheels" }, { url = "https://example.invalid/flat" }]
extra-index-urls = ["https://example.invalid/simple"]
[activation.env]
MODE = "all"
[feature.cuda]
channels = ["nvidia", { channel = "pytorch", priority = 1 }]
system-requirements = { cuda = "12.1", libc = { family = "glibc", version = "2.28" } }
dependencies = { pytorch = "*" }
activation = { env = { MODE = "cuda" } }
[feature.mac]
platforms = ["osx-arm64"]
[feature.lint.dependencies]
ruff = "*"
[environments]
cuda = { features = ["cuda", "lint"], solve-group = "one" }
same = { solve-group = "one" }
lint = { features = ["lint"], no-default-feature = true }
mac = ["mac"]
misspelt = ["lnit"]
"""


def read(name: str, platform: str = "linux-64") -> Environment:
    top = document.of_toml(MANIFEST, "pixi.toml")
    return pixi_environments.read(top, name, "/w", platform, {})


def test_default__has_the_tables_of_its_platform() -> None:
    found = read("").requirements
    assert found.channels == ("conda-forge",)
    assert found.dependencies == ("cmake", "python 3.11.*", "numpy >=2.1")
    assert found.pip == ("/w[x]", 'odd==1.5; sys_platform == "linux"')
    assert found.pip_options == (
        "--index-url=https://example.invalid/first",
        "--extra-index-url=https://example.invalid/simple",
        "--find-links=/w/wheels",
        "--find-links=https://example.invalid/flat",
    )
    assert found.variables == {"MODE": "all"}
    on_mac = read("", "osx-arm64").requirements
    assert on_mac.dependencies[-1] == "conda-forge::numpy >=2 *py311*"


def test_features__come_before_the_default_one__with_channels_and_system() -> None:
    found = read("cuda").requirements
    assert found.channels == ("pytorch", "nvidia", "conda-forge")
    assert found.dependencies[:3] == ("pytorch", "ruff", "cmake")
    assert found.variables == {"MODE": "cuda"}
    assert found.system == {"__cuda": "12.1", "__glibc": "2.28"}


def test_no_default_feature__leaves_the_rest_out() -> None:
    found = read("lint").requirements
    assert (found.dependencies, found.pip, found.variables) == (("ruff",), (), {})


def test_solve_group__is_told() -> None:
    (warning,) = read("cuda").warnings
    assert ": pixi solves cuda together with same (solve-group one)" in warning
    assert not read("lint").warnings


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("cuad", "has no environment 'cuad'", "did you mean cuda? --environment names one; it has"),
        ("misspelt", "there is no feature 'lnit'", "has: cuda, lint, mac"),
        ("mac", "'mac' is for osx-arm64, not for linux-64", "--platform"),
    ],
)
def test_environment__that_cannot_be__is_refused(name: str, what: str, hint: str) -> None:
    with pytest.raises(RequirementsError) as caught:
        read(name)
    assert what in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("dependency", "what"),
    [
        ('{ git = "https://example.invalid/a.git" }', "a source of its own cannot be taken"),
        ('{ version = "1", when = "x" }', "'when' cannot be honoured"),
    ],
)
def test_dependency__that_cannot_be_taken__is_refused(dependency: str, what: str) -> None:
    top = document.of_toml(f"[dependencies]\na = {dependency}\n", str(Path("pixi.toml")))
    with pytest.raises(RequirementsError, match=what):
        pixi_environments.read(top, "", "", "linux-64", {})


def test_dependency__that_is_the_folder_of_a_python_project__is_built_as_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "other").mkdir()
    top = document.of_toml("[dependencies]\nmine = { path = '.' }\n", "pixi.toml")
    found = pixi_environments.read(top, "", str(tmp_path), "linux-64", {}).requirements
    assert (found.dependencies, found.pip) == ((), (str(tmp_path),))
    with pytest.raises(RequirementsError, match="a source of its own") as caught:
        pixi_environments.read(top, "", str(tmp_path / "other"), "linux-64", {})
    assert "pixi build" in caught.value.hint


@pytest.mark.parametrize("version", ["x", "9" * 5000])
def test_requirements__system_requirement_that_is_no_version__error_with_its_place(
    version: str,
) -> None:
    top = document.of_toml(f'[system-requirements]\ncuda = "{version}"\n', "pixi.toml")
    with pytest.raises(RequirementsError, match=r"pixi\.toml:2: .*cuda: expected a version, not"):
        pixi_environments.read(top, "", "", "linux-64", {})
