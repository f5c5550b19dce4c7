from __future__ import annotations

import pytest

from pypackage.requirements import pep508


@pytest.mark.parametrize(
    ("versions", "python", "expected"),
    [
        (">=3.12", "3.11.7", False),
        ("==3.11.7", "3.11", False),
        (">=3.11.7", "3.11", True),
        (">=3.6.*", "3.11.7", True),  # not valid
    ],
)
def test_allows__range__includes_a_python(versions: str, python: str, expected: bool) -> None:
    assert pep508.allows(versions, python) is expected


@pytest.mark.parametrize(
    ("platform", "marker"),
    [
        ("linux-64", "sys_platform == 'linux' and platform_machine == 'x86_64'"),
        ("linux-aarch64", "platform_system == 'Linux' and platform_machine == 'aarch64'"),
        ("osx-arm64", "sys_platform == 'darwin' and platform_machine == 'arm64'"),
        ("win-64", "sys_platform == 'win32' and os_name == 'nt'"),
    ],
)
def test_markers__of_a_platform__are_true_on_it_alone(platform: str, marker: str) -> None:
    requirement = pep508.parse(f"it ; {marker} and python_version == '3.12'")
    for one in ("linux-64", "linux-aarch64", "osx-arm64", "win-64"):
        assert pep508.holds(requirement, pep508.markers("3.12", one)) is (one == platform)
