"""Functions at hand are packed, sent by cloudpickle and called on a machine that has nothing.

The matrix: what kind of callable, where it is defined, and what it holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.pipeline.commands import RUNNER
from tests.support.needs import need_module
from tests.support.tools import TREE, Tools
from tests.support.worker import Bind, Worker

# Run in each home: what is defined here is a notebook's, a program's or a module's.
DEFINITIONS = """\
import asyncio, collections, dataclasses, enum, functools, operator
import packaging.version
import zq_helper

def tell(held):
    return f"{type(held).__name__} {zq_helper.double(2)}"

class Slots(zq_helper.Base):
    __slots__ = ("held",)
    def __init__(self, held):
        self.held = held
    def go(self):
        return tell(self.held)

@dataclasses.dataclass(frozen=True, slots=True)
class Data:
    held: object
    def __call__(self):
        return tell(self.held)

class Level(enum.Enum):
    HIGH = 1
    def go(self, held):
        return tell(held)

Pair = collections.namedtuple("Pair", "function held")

def call(pair):
    return pair.function(pair.held)

async def later(held):
    return tell(held)

def kinds(held):
    return {
        "partial of a function": functools.partial(tell, held),
        "closure": lambda: tell(held),
        "default": lambda kept=held: tell(kept),
        "method": Slots(held).go,
        "callable instance": Data(held),
        "method of an enum": functools.partial(Level.HIGH.go, held),
        "named tuple": functools.partial(call, Pair(tell, held)),
        "list of functions": functools.partial(lambda all: all[0](), [lambda: tell(held)]),
        "method by its name": functools.partial(operator.methodcaller("go"), Slots(held)),
        "coroutine": lambda: asyncio.run(later(held)),
        "function of a package": functools.partial(packaging.version.parse, "1"),
    }
"""

HELPER = """\
import iniconfig

class Base:
    pass

class Thing(Base):
    pass

def double(x):
    return 2 * x
"""

PROGRAM = """\
import json, os, subprocess, sys
sys.path.insert(0, "code")  # in this folder, wherever one goes later
import cloudpickle, numpy, packaging.version, pypackage
import zq_helper

home, folder, *only = sys.argv[1:]

if home == "__main__":
    exec(compile(open("code/zq_home.py").read(), "<program>", "exec"))
elif home == "notebook":
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
    shell.run_cell(open("code/zq_home.py").read()).raise_error()
    kinds = shell.user_ns["kinds"]
elif home == "package":
    from zq_package.inner.home import kinds
else:
    import zq_home
    kinds = zq_home.kinds
    if home == "by value":
        cloudpickle.register_pickle_by_value(zq_home)

HELD = {
    "nothing": None,
    "an installed class": packaging.version.Version,
    "own object": zq_helper.Thing(),
    "array": numpy.ones(2),
    "function": lambda: numpy.pi,
}
os.chdir("/")
tasks = {}
for held in only or HELD:
    value = HELD[held]
    for kind, task in kinds(value).items():
        environment = pypackage.environment_for(
            task, extra=["cloudpickle"], no_verify=True, compress_level=1
        )
        data = cloudpickle.dumps(task)
        there = pypackage.analyze_pickle(data, extra=["cloudpickle"])
        here = pypackage.analyze_function(task, extra=["cloudpickle"])
        assert set(there.modules) - {"cloudpickle"} <= set(here.modules), (kind, held)
        assert set(there.local) <= set(here.local), (kind, held)
        told = [f"{kind}, {held}", repr(task()), data.hex()]
        tasks.setdefault(os.fspath(environment), []).append(told)
json.dump(tasks, open(os.path.join(folder, "tasks.json"), "w"))
"""

RUN = """\
import cloudpickle, json, sys
for label, expected, data in json.load(open(sys.argv[1])):
    try:
        found = repr(cloudpickle.loads(bytes.fromhex(data))())
    except BaseException as error:
        found = repr(error)
    if found != expected:
        print(label, found, "and not", expected)
"""

HOMES = ["__main__", "notebook", "module", "package", "by value"]


@pytest.mark.slow
@pytest.mark.parametrize("home", HOMES)
def test_environment_for__any_callable_of_a_home__gives_its_value_on_a_bare_worker(
    home: str, tools: Tools, bare_worker: Worker
) -> None:
    if home == "notebook":
        need_module("IPython")
    assert wrong(home, tools, bare_worker) == ""


def test_environment_for__callables_of_a_module__give_their_values_on_a_bare_worker(
    tools: Tools, bare_worker: Worker
) -> None:
    assert wrong("module", tools, bare_worker, "own object") == ""


def wrong(home: str, tools: Tools, worker: Worker, *held: str) -> str:
    """What gives other values on a worker, when it is sent there from a home."""
    package = tools.cwd / "code" / "zq_package" / "inner"
    package.mkdir(parents=True)
    relative = DEFINITIONS.replace("import zq_helper", "from . import helper as zq_helper")
    for path, text in (
        (tools.cwd / "code" / "zq_helper.py", HELPER),
        (tools.cwd / "code" / "zq_home.py", DEFINITIONS),
        (package.parent / "__init__.py", ""),
        (package / "__init__.py", ""),
        (package / "helper.py", HELPER),
        (package / "home.py", relative),
        (tools.cwd / "program.py", PROGRAM),
        (tools.cwd / "run.py", RUN),
    ):
        path.write_text(text)
    done = subprocess.run(
        [sys.executable, "program.py", home, str(tools.cwd), *held],
        cwd=tools.cwd,
        env={**tools.environment, "PYTHONPATH": str(TREE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    output = []
    for archive, tasks in json.loads((tools.cwd / "tasks.json").read_text()).items():
        (tools.cwd / "told.json").write_text(json.dumps(tasks))
        binds = [
            Bind(RUNNER, "/run/python_package_run"),
            Bind(Path(archive), "/run/env.tar.gz"),
            Bind(tools.cwd / "told.json", "/run/told.json"),
            Bind(tools.cwd / "run.py", "/run/run.py"),
        ]
        words = ["/run/python_package_run", "-e", "/run/env.tar.gz", "--", "python3"]
        ran = worker.run([*words, "/run/run.py", "/run/told.json"], binds=binds)
        assert ran.returncode == 0, ran.stderr
        output.append(ran.stdout)
    return "".join(output)
