from __future__ import annotations

from collections.abc import Callable

import pytest

from pypackage.backends.host import names
from pypackage.core.errors import RequirementsError
from pypackage.requirements import pep508
from pypackage.requirements.declarations import Collector
from pypackage.requirements.formats import requirements_txt


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


ENDLESS = "9" * 5000  # `int` refuses as many digits, but packaging calls it late


@pytest.mark.parametrize(
    "read",
    [
        lambda: pep508.parse(f"numpy=={ENDLESS}"),
        lambda: pep508.parse(f"numpy ; python_version < '{ENDLESS}'"),
        lambda: pep508.version(f"1.{ENDLESS}"),
        lambda: pep508.specifiers(f">=1,<{ENDLESS}"),
    ],
)
def test_read__number_of_5000_digits__not_valid(read: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"^a number of more than 640 digits$"):
        read()


def test_read__requirements_of_all_formats_with_5000_digits__name_their_place() -> None:
    spec, python = f"numpy=={ENDLESS}", f">={ENDLESS}"
    made = Collector()
    with pytest.raises(RequirementsError, match=r"^there:1: not a requirement: .* 640 digits$"):
        made.add(spec, "there:1")
    with pytest.raises(RequirementsError, match=r"^there:2: not a range of versions: "):
        made.python(python, "there:2")
    made.add_conda(spec, "there:3")  # conda reads it: without a range that PEP 440 can express
    assert str(made.made().requirements["numpy"][0].requirement) == "numpy"
    with pytest.raises(RequirementsError, match=r"^r\.txt:1: not a requirement: .* 640 digits$"):
        requirements_txt.read(spec.encode(), "r.txt", "")


def test_distribution__version_of_5000_digits__is_compared_with_none() -> None:
    assert names.conda_version(ENDLESS) == ENDLESS
    assert names.conda_dependency(pep508.parse("numpy>=1"), ENDLESS) == "numpy"


def test_marker__that_compares_no_variable__is_no_reason_to_leave_out() -> None:
    assert pep508.holds(pep508.parse("it ; 'a' < 'b'"), pep508.markers("3.12"))
    with pytest.raises(ValueError, match="b"):
        pep508.selects("'a' < 'b'", frozenset(), frozenset())
