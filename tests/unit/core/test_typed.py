from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import pypackage
from pypackage.core.typed import NamedTuple


class Point(NamedTuple):
    x: int
    y: int = 2

    @property
    def sum(self) -> int:
        return self.x + self.y


class Original(typing.NamedTuple):
    x: int
    y: int = 2


def test_named_tuple__what_is_used_of_it__is_as_of_typing() -> None:
    for one, other in ((Point(1), Original(1)), (Point(y=3, x=4), Original(4, 3))):
        assert tuple(one) == tuple(other)
        assert hash(one) == hash(other)
        assert repr(one) == repr(other).replace("Original", "Point")
        assert (one.x, one.y) == (other.x, other.y)
        assert one._asdict() == other._asdict()
        assert tuple(one._replace(y=5)) == tuple(other._replace(y=5))
        assert Point._make([7, 8]) == (7, 8)
    assert Point._fields == Original._fields
    assert Point._field_defaults == Original._field_defaults
    assert Point(1).sum == 3
    match Point(5, 6):
        case Point(x, y):
            assert (x, y) == (5, 6)


def test_named_tuple__copied_and_pickled__is_the_same() -> None:
    for one in (copy.copy(Point(3)), copy.deepcopy(Point(3)), pickle.loads(pickle.dumps(Point(3)))):
        assert one == Point(3)
        assert type(one) is Point


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 1})])
def test_named_tuple__wrong_arguments__are_refused(values: typing.Any, named: typing.Any) -> None:
    with pytest.raises(TypeError):
        Point(*values, **named)
    with pytest.raises(TypeError):
        Point(1)._replace(z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Point._make([1, 2, 3])


def test_named_tuple__first_one_of_a_class_is_refused__others_are_made() -> None:
    class Fresh(NamedTuple):
        a: int

    with pytest.raises(TypeError):
        Fresh()  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Fresh(1).a = 2  # type: ignore[misc]
    assert Fresh(a=1) == (1,)


SLOW = {"typing", "dataclasses", "inspect", "ast", "pathlib", "subprocess", "packaging"}
SLOW |= {"shutil", "hashlib", "importlib.metadata"}


def test_analysis_of_one_script__imports_nothing_slow() -> None:
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"  # of which sys knows all modules
    program = (
        "import sys\nfrom pypackage.cli.analyze import main\n"
        f"main(['-q', '--python', '{here}', '-', '-'])\n"
        f"print(sorted({SLOW} & set(sys.modules)), file=sys.stderr)"
    )
    assert run("-c", program, input_="import numpy\nfrom . import a\n").stderr == "[]\n"


@pytest.mark.parametrize("words", [["--help"], ["--cahce"], ["needs.json"]])
def test_create__help_or_an_error_of_usage__imports_no_more_than_its_options(
    words: list[str],
) -> None:
    slow = {*SLOW, "json", "datetime"}
    program = (
        "import sys\nfrom pypackage.cli.create import main\n"
        f"main({words})\n"
        "parts = {'.'.join(name.split('.')[:2]) for name in sys.modules if 'pypackage' in name}\n"
        f"print(sorted({slow} & set(sys.modules)), sorted(parts), file=sys.stderr)"
    )
    told = run("-c", program).stderr.splitlines()[-1]
    assert told == "[] ['pypackage', 'pypackage.archive', 'pypackage.cli', 'pypackage.core']"


@pytest.mark.parametrize("words", [["--list"], ["--cache", "list"], ["--remove", "nothing"]])
def test_create__of_what_is_here__imports_nothing_that_solves_installs_or_packs(
    words: list[str],
) -> None:
    slow = {"asyncio", "packaging", "pypackage.backends.host", "pypackage.pipeline.create"}
    program = (
        "import sys\nfrom pypackage.cli.create import main\n"
        f"main({words})\n"
        f"print(sorted({slow} & set(sys.modules)), file=sys.stderr)"
    )
    assert run("-c", program).stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["analyze", "create"])
def test_version__of_a_command__is_told_without_a_parser(command: str) -> None:
    done = run("-X", "importtime", "-m", f"pypackage.cli.{command}", "--version")
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.stdout.startswith(f"python_package_{command} ")
    own = {name.removeprefix("pypackage.") for name in loaded if name.startswith("pypackage.")}
    assert own <= {"cli", "cli.version", "core", "core.errors", "core.typed", "core.version"}
    assert "argparse" not in loaded


def run(*words: str, input_: str = "") -> subprocess.CompletedProcess[str]:
    """The result of this Python without any site-packages."""
    return subprocess.run(
        [sys.executable, "-S", *words],
        env={**os.environ, "PYTHONPATH": str(Path(pypackage.__file__).parents[1])},
        input=input_,
        capture_output=True,
        text=True,
        check=True,
    )
