from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from pypackage.backends.host.names import conda_dependency, conda_name, conda_version
from pypackage.requirements.match_specs import parse_match_spec


@pytest.mark.parametrize(
    ("name", "expected"),
    [("NumPy", "numpy"), ("ruamel.yaml_X", "ruamel-yaml-x"), ("Python", "pypi_python")],
)
def test_conda_name__any_spelling__is_normalized_and_never_python(name: str, expected: str) -> None:
    assert conda_name(name) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0-rc1", "1.0rc1"),
        ("2!1.0+Local.1", "2!1.0+local.1"),
        ("3.12.0+", "3.12.0"),
        ("2004d", "2004d"),
        ("1-foo/bar", "1_foo_bar"),
        ("-", "0"),
    ],
)
def test_conda_version__pep440_or_not__conda_can_read_it(version: str, expected: str) -> None:
    from rattler import Version

    assert conda_version(version) == expected
    assert Version(conda_version(version))


@pytest.mark.parametrize(
    ("requirement", "installed", "expected"),
    [
        ("numpy>=1.2,<3", "2.1", "numpy <3,>=1.2"),
        ("numpy==1.*", "1.5.0", "numpy =1"),
        ("numpy>=3", "2.1", "numpy"),
        ("torch==2.1", "2.1+cpu", "torch"),
        ("a>=1.0.dev0", "1.0rc1", "a"),
        ("Foo_Bar[x]~=1.4", "1.5", "foo-bar ~=1.4"),
    ],
)
def test_conda_dependency__range__holds_for_what_is_installed(
    requirement: str, installed: str, expected: str
) -> None:
    assert conda_dependency(Requirement(requirement), installed) == expected


@pytest.mark.parametrize(
    ("spec", "name", "versions"),
    [
        ("numpy", "numpy", ""),
        ("numpy=2.1", "numpy", "==2.1.*"),
        ("numpy==2.1.3", "numpy", "==2.1.3"),
        ("numpy 2.1.3", "numpy", "==2.1.3"),
        ("numpy=2.1.3=py311_0", "numpy", "==2.1.3"),
        ("numpy ==2.1.3 py311_0", "numpy", "==2.1.3"),
        ("numpy==2.1.3=py311_0", "numpy", "==2.1.3"),
        ("conda-forge::numpy >= 1.26 , < 3", "numpy", "<3,>=1.26"),
        ("ruamel.yaml 0.1.*", "ruamel.yaml", "==0.1.*"),
        ("numpy *", "numpy", ""),
        ("numpy 1.2|1.3", "numpy", None),
        ("numpy[version='>=1']", "numpy", None),
    ],
)
def test_parse_match_spec__forms_of_conda__name_and_range(
    spec: str, name: str, versions: str | None
) -> None:
    found, specifiers = parse_match_spec(spec)
    assert found == name
    assert (None if specifiers is None else str(specifiers)) == versions
