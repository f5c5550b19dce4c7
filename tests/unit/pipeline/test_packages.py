from __future__ import annotations

from pathlib import Path

from rattler import BuildString, PackageRecord, RepoDataRecord

from pypackage.backends.conda import Settings
from pypackage.backends.lock import Lock
from pypackage.backends.pypi.choose import ResolutionContext
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.backends.request import SolveRequest
from pypackage.pipeline.packages import Delegated, Locked, PyPIRequest, Solved
from pypackage.requirements.model import Requirements


def record(name: str, version: str) -> RepoDataRecord:
    package = PackageRecord(name, version, BuildString("0"), 0, "linux-64")
    package.sha256 = bytes(32)
    file = f"{name}-{version}-0.conda"
    return RepoDataRecord(package, file, f"https://c/linux-64/{file}", "https://c")


LOCK = Lock(
    "linux-64",
    ("https://c",),
    (record("numpy", "2.1"), record("python", "3.11.7")),
    (PyPIPackage("uproot", "5.0", "https://p/uproot-5.0-py3-none-any.whl", "0" * 64),),
)
REQUEST = SolveRequest(("numpy", "python=3.11"), ("c",), ("uproot",))
ASKED = Requirements("3.11", modules=("numpy", "uproot"))
CONTEXT = ResolutionContext("", {})

locked = Locked(LOCK, Settings())
solved = Solved(LOCK, Settings(), REQUEST)
delegated = Delegated(Path("conda"), REQUEST, PyPIRequest(("uproot",), CONTEXT, {}), ("https://c",))


def test_named__of_a_lock__has_each_package_in_its_version() -> None:
    found = locked.named(ASKED)
    assert (found.python, found.dependencies) == ("3.11.7", ("numpy ==2.1",))
    assert (found.pip, found.channels) == (("uproot==5.0",), ("https://c",))


def test_named__of_what_was_chosen_for_modules__has_what_was_asked_for_and_not_the_versions() -> (
    None
):
    for packages in (solved, delegated):
        found = packages.named(ASKED)
        assert (found.python, found.dependencies, found.pip) == ("3.11", ("numpy",), ("uproot",))


def test_named__of_what_was_chosen_for_packages__is_as_it_was_given() -> None:
    given = ASKED._replace(dependencies=("numpy >=2",))
    assert solved.named(given) == given


def test_specs__of_each_kind__tell_what_was_asked_for_as_far_as_it_is_known() -> None:
    assert locked.specs == ("numpy", "python")
    assert solved.specs == delegated.specs == ("numpy", "python=3.11", "uproot")


def test_digest__of_a_lock_and_of_a_solution_that_is_the_same__is_one() -> None:
    assert locked.digest
    assert solved.digest == locked.digest


def test_digest__of_what_a_program_chooses_later__is_not_known() -> None:
    assert delegated.digest == ""


def test_beside__nothing_asked_of_pypi__is_the_same_lock() -> None:
    assert PyPIRequest((), CONTEXT, {}).beside(LOCK) is LOCK
