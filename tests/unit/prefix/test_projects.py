"""Folders of projects: which requirements name them, what their wheels suit and require."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.core.errors import InputPathError, SolveError
from pypackage.prefix import own_code, projects
from pypackage.prefix.own_code import Project
from pypackage.prefix.projects import Built


@pytest.mark.parametrize(
    ("requirement", "folder", "extras"),
    [
        ("-e .", ".", set()),
        ("-e ./mine", "mine", set()),
        ("--editable=./mine[fast,more]", "mine", {"fast", "more"}),
        ("./mine[fast]", "mine", {"fast"}),
        ("{base}/mine", "mine", set()),
        ("mine[more] @ file://{base}/mine", "mine", {"more"}),
    ],
)
def test_projects_among__folder__is_found_with_its_extras(
    tmp_path: Path, requirement: str, folder: str, extras: set[str]
) -> None:
    for place in (tmp_path, tmp_path / "mine"):
        place.mkdir(exist_ok=True)
        (place / "pyproject.toml").touch()
    text = requirement.format(base=tmp_path)
    (found,) = own_code.projects_among([text, "numpy>=1"], tmp_path).values()
    assert found.folder.resolve() == (tmp_path / folder).resolve()
    assert found.extras == extras


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy",
        "numpy[x]>=1; python_version > '3'",
        "numpy>=1 ; python_version > '3'",
        "a @ https://x.example/a.whl",
        "a @ file:///a.whl",
    ],
)
def test_projects_among__what_is_no_folder__is_left(tmp_path: Path, requirement: str) -> None:
    assert own_code.projects_among([requirement], tmp_path) == {}


def test_projects_among__folder_without_a_project__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match=r"has no pyproject\.toml or setup\.py"):
        own_code.projects_among(["-e ."], tmp_path)


@pytest.mark.parametrize(
    ("tag", "suits"),
    [
        ("py3-none-any", True),
        ("cp311-cp311-linux_x86_64", True),
        ("cp312-cp312-linux_x86_64", False),
        ("py3-none-linux_x86_64", False),
    ],
)
def test_suits__wheel_of_a_tag__or_is_built_again(tmp_path: Path, tag: str, suits: bool) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python3.11").touch()
    built = Built("mine", "1.0", (), "", Path(f"mine-1.0-{tag}.whl"), Project(tmp_path))
    assert built.suits(tmp_path) is suits


def test_install__for_another_python__is_refused(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/python-3.11.7-h0_0.json").touch()
    built = Built("mine", "1", (), ">=3.12", Path("mine-1-py3-none-any.whl"), Project(tmp_path))
    context = ResolutionContext(python="", present={})
    with pytest.raises(SolveError, match=r"requires Python >=3\.12, not 3\.11\.7"):
        projects.install([built], tmp_path, tmp_path, context, tmp_path)


def test_wanted__requirement_of_an_extra__is_there_when_the_extra_is_asked_for() -> None:
    text = "fast; extra == 'speed' and python_version > '3'"
    assert projects.wanted("plain>=1", frozenset()) == "plain>=1"
    assert projects.wanted("fast; extra == 'speed'", frozenset()) == ""
    assert "python_version > '0'" in projects.wanted(text, frozenset({"speed"}))
