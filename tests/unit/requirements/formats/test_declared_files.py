from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements import formats


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("setup.py", "setup(extras_require={'x': 5})", "setup.py:1: expected a list"),
        ("setup.py", "setup(install_requires=[None])", "setup.py:1: expected a list"),
        ("setup.py", "setup(", "setup.py:1: not valid Python"),
        ("setup.cfg", "[options", "setup.cfg: File contains no section headers"),
        ("setup.cfg", "[options]\ninstall_requires = !!", "setup.cfg: not a requirement"),
        ("Pipfile", "[packages]\nx = 5", "Pipfile:2: packages.x: expected a string"),
        ("Pipfile", "packages = 3", "Pipfile:1: packages: expected an object"),
    ],
)
def test_read__what_is_not_valid__is_told_with_its_place(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RequirementsError) as error:
        formats.read(str(tmp_path / name))
    assert says in error.value.message


def test_read__setup_cfg_in_one_line__is_separated_by_semicolons(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires = one>=1; two\n")
    assert list(formats.read(str(tmp_path / "setup.cfg")).requirements) == ["one", "two"]


def test_read__pipfile_for_any_python__bounds_none(tmp_path: Path) -> None:
    (tmp_path / "Pipfile").write_text('[requires]\npython_version = "*"\n')
    assert formats.read(str(tmp_path / "Pipfile")).requires_python == ()


@pytest.mark.parametrize(
    ("name", "text", "python"),
    [
        ("setup.py", "setup(python_requires='>=3.9', install_requires=['six'])", ">=3.9"),
        ("setup.cfg", "[options]\npython_requires = >=3.9\ninstall_requires = six", ">=3.9"),
        ("Pipfile", "[packages]\nsix = '*'\n[requires]\npython_version = '3.9'", "==3.9.*"),
        ("Pipfile", "[packages]\nsix = '*'\n[requires]\npython_full_version = '3.9.2'", "==3.9.2"),
        ("pyproject.toml", "[dependency-groups]\n[tool.uv]\ndev-dependencies = ['six']", ""),
    ],
)
def test_read__declared_requirement__is_told_with_the_versions_of_python(
    tmp_path: Path, name: str, text: str, python: str
) -> None:
    (tmp_path / name).write_text(text)
    found = formats.read(str(tmp_path / name))
    assert list(found.requirements) == ["six"]
    assert [versions for versions, _ in found.requires_python] == ([python] if python else [])
    assert found.warnings == ()


def test_read__list_that_a_setup_cfg_has_in_a_file__is_told(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires = file: r.txt\n")
    (warning,) = formats.read(str(tmp_path / "setup.cfg")).warnings
    assert warning.endswith("install_requires is read from a file: name that file instead")


def test_read__list_that_setup_py_adds_to__is_not_taken_for_known(tmp_path: Path) -> None:
    path = tmp_path / "setup.py"
    path.write_text("R = ['a']\nR.append('b')\nsetup(install_requires=R)\n")
    found = formats.read(str(path))
    assert not found.requirements
    assert "install_requires is computed" in found.warnings[0]
