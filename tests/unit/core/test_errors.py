from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import pytest

from pypackage.core import errors
from pypackage.core.errors import PackageError, PackError, ProcessError, SolveError
from pypackage.integrations.vdist.builder import BuildsError, Failed

MANUAL = Path(__file__).parents[3] / "docs" / "python_package_create.md"
PROCESS = ProcessError(["git", "fetch"], 128, "no route\n")
BUILDS = BuildsError([Failed("app", SolveError("no such package"), Path("log"))], [Path("b.deb")])
STAGES: list[type[PackageError]] = [
    errors.UsageError,
    errors.InputPathError,
    errors.SourceError,
    errors.RequirementsError,
    errors.SolveError,
    errors.InstallError,
    errors.PackError,
    errors.VerificationError,
    errors.MismatchError,
]


@pytest.mark.parametrize("error", [*(one("wrong", "do this") for one in STAGES), PROCESS, BUILDS])
def test_error__pickled__comes_back_with_all_attributes(error: PackageError) -> None:
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert vars(found).keys() == vars(error).keys()
    assert found.exit_code == error.exit_code


@pytest.mark.parametrize("kind", STAGES)
def test_error__sent_as_json__comes_back_as_the_same_kind(kind: type[PackageError]) -> None:
    data = json.loads(json.dumps(kind("wrong", "do this").to_dict()))
    found = PackageError.from_dict(data)
    assert type(found) is kind
    assert (found.message, found.hint) == ("wrong", "do this")


@pytest.mark.parametrize("error", [PROCESS, BUILDS])
def test_error__with_more_than_a_message_sent_as_json__keeps_message_and_code(
    error: PackageError,
) -> None:
    found = PackageError.from_dict(json.loads(json.dumps(error.to_dict())))
    assert (str(found), found.exit_code) == (str(error), error.exit_code)


def test_exit_codes__of_all_errors__are_those_of_the_manual() -> None:
    documented = {
        int(code)
        for line in MANUAL.read_text().partition("## EXIT STATUS")[2].splitlines()
        if (row := re.match(r"\| ([\d, ]+) \|", line))
        for code in row[1].split(",")
    }
    kinds: list[type[PackageError]] = [*STAGES, ProcessError, PackageError]
    assert {kind.exit_code for kind in kinds} <= documented


@pytest.mark.parametrize("kind", [errors.MismatchError, ProcessError, PackageError])
def test_exit_code__of_what_is_no_matter_of_the_command_line__is_not_invalid_command(
    kind: type[PackageError],
) -> None:
    assert kind.exit_code != errors.UsageError.exit_code


def test_wrapping__error_of_the_system__has_its_reason_and_the_place_that_it_lacks(
    tmp_path: Path,
) -> None:
    with pytest.raises(PackError) as caught, PackError.wrapping("cannot write x", "there"):
        raise OSError(28, "no space")
    assert caught.value.message == "cannot write x: no space: there"
    assert isinstance(caught.value.__cause__, OSError)
    absent = pytest.raises(PackError, match=f"^cannot read: No such file or directory: {tmp_path}")
    with absent, PackError.wrapping("cannot read", "there"):
        (tmp_path / "none").read_bytes()
    with pytest.raises(ValueError, match="other"), PackError.wrapping("cannot write x"):
        raise ValueError("other")
