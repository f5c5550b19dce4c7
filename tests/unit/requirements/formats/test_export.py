from __future__ import annotations

import pytest
import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec

from pypackage.requirements.formats.export import environment_yml, requirements_txt
from pypackage.requirements.model import Requirements

MIXED = Requirements(
    python="3.11.7",
    modules=("numpy", "torch", "x"),
    channels=("conda-forge", "https://mirror.example:8080/a b"),
    dependencies=("pytorch=2.1.0", "numpy<3,>=2", "root=6.30", "opencv==4.9.0=py311h_0"),
    pip=("x @ file:///home/a%20b/x", "y[a,b]==1.0"),
)


def test_environment_yml__everything_in_it__is_read_back_by_yaml_and_conda() -> None:
    text = environment_yml(MIXED)
    assert yaml.safe_load(text) == {
        "channels": ["conda-forge", "https://mirror.example:8080/a b"],
        "dependencies": [
            "python=3.11.7",
            "pip",
            "numpy<3,>=2",
            "opencv==4.9.0=py311h_0",
            "pytorch=2.1.0",
            "root=6.30",
            {"pip": ["x @ file:///home/a%20b/x", "y[a,b]==1.0"]},
        ],
    }
    for spec in yaml.safe_load(text)["dependencies"][:-1]:
        MatchSpec(spec)


def test_environment_yml__nothing_but_python__conda_forge_has_it() -> None:
    assert environment_yml(Requirements("3.12"), "task") == (
        "name: task\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n"
    )


def test_environment_yml__python_and_pip_are_asked_for__stand_once() -> None:
    given = Requirements("3.12", dependencies=("pip=24", "python=3.12.1"), pip=("a==1",))
    assert yaml.safe_load(environment_yml(given))["dependencies"] == [
        "python=3.12.1",
        "pip=24",
        {"pip": ["a==1"]},
    ]


@pytest.mark.parametrize("name", ["no", "null", "1.0", "a: b", "- a", "#a", "é", "a\nb", '"'])
def test_environment_yml__name_that_yaml_takes_for_something_else__is_quoted(name: str) -> None:
    assert yaml.safe_load(environment_yml(Requirements("3.12"), name))["name"] == name


def test_requirements_txt__conda_packages__by_their_names_on_pypi() -> None:
    lines = requirements_txt(MIXED).splitlines()
    assert lines == [
        "# Python 3.11.7",
        "# not on PyPI: root=6.30",
        "numpy<3,>=2",
        "opencv-python==4.9.0",
        "torch==2.1.0.*",
        "x @ file:///home/a%20b/x",
        "y[a,b]==1.0",
    ]
    for line in lines[2:]:
        Requirement(line)


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("numpy", "numpy"),
        ("numpy *", "numpy"),
        ("conda-forge::numpy >=1.26, <2", "numpy<2,>=1.26"),
        ("numpy=1.26.*", "numpy==1.26.*"),
        ("numpy 1.26.4 py311_0", "numpy==1.26.4"),
        ("numpy=1.26.4=py311_0", "numpy==1.26.4"),
        ("numpy 1.*|2.*", "numpy"),
        ("numpy[build=x]", "numpy"),
        ("typing_extensions~=4.1", "typing-extensions~=4.1"),
    ],
)
def test_requirements_txt__conda_range__as_pep_440_has_it(spec: str, line: str) -> None:
    text = requirements_txt(Requirements("3.11", dependencies=("python=3.11", spec)))
    assert text == f"# Python 3.11\n{line}\n"


def test_formats__another_order__same_text() -> None:
    other = Requirements(
        MIXED.python, MIXED.modules, MIXED.channels, MIXED.dependencies[::-1], MIXED.pip[::-1]
    )
    assert environment_yml(other) == environment_yml(MIXED)
    assert requirements_txt(other) == requirements_txt(MIXED)
