"""The library as a program uses it: in an interpreter that ends in good order."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import textwrap

import pytest

from tests.support.channels import Channel
from tests.support.tools import TREE, Tools


def program(tools: Tools, code: str) -> str:
    """Run a program; what it says."""
    path = tools.cwd / "program.py"
    path.write_text(textwrap.dedent(code))
    environment = {**tools.environment, "PYTHONPATH": str(TREE)}
    done = subprocess.run(
        [sys.executable, path], cwd=tools.cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def spec(channel: Channel) -> dict[str, object]:
    dependencies = [f"python={channel.python.version}", "greeting"]
    return {"conda": {"channels": [channel.url], "dependencies": dependencies}}


def test_create__requirements__makes_the_archive(tools: Tools, channel: Channel) -> None:
    said = program(
        tools,
        f"""
        import pypackage
        from pypackage.requirements.model import Requirements

        needs = Requirements({channel.python.version!r}, dependencies=("greeting",))
        made = pypackage.create(needs, "made.tar.gz", channels=[{channel.url!r}], lock="my.lock")
        print(made)
        """,
    )
    assert said == f"{tools.cwd / 'made.tar.gz'}\n"
    assert (tools.cwd / "my.lock").exists()
    assert tools.run("-e", "made.tar.gz", "--", "greet").stdout == "hello, world\n"


def test_create__that_fails__raises_the_error_of_its_kind(tools: Tools, channel: Channel) -> None:
    said = program(
        tools,
        f"""
        import pypackage
        from pypackage.core.errors import SolveError, InputPathError

        try:
            spec = {{"python": "3.11", "conda": {{"dependencies": ["no-such-thing"]}}}}
            pypackage.create(spec, "x.tar.gz", channels=[{channel.url!r}])
        except SolveError as error:
            print(error.message)
            print("no-such-thing" in error.hint)
        try:
            pypackage.create("nothing.json", "x.tar.gz")
        except InputPathError as error:
            print(error.message.split(":")[0])
        """,
    )
    first, *rest = said.splitlines()
    assert first == "the requirements cannot be satisfied together"
    assert rest == ["True", "cannot read nothing.json"]


def test_create__script_that_is_not_python__raises_what_analyze_does(tools: Tools) -> None:
    said = program(
        tools,
        """
        import pickle
        from pathlib import Path
        import pypackage

        Path("bad.py").write_text("def f(:")
        for call in (pypackage.analyze, lambda path: pypackage.create(path, "x.tar.gz")):
            try:
                call("bad.py")
            except pypackage.PackageError as error:
                print(type(error).__name__, pickle.loads(pickle.dumps(error)).message)
        """,
    )
    first, second = said.splitlines()
    assert first == second
    assert first.startswith("SourceError bad.py:1:7: ")


def test_create__reporter__hears_each_step_before_the_archive_is_there(
    tools: Tools, channel: Channel
) -> None:
    said = program(
        tools,
        f"""
        from contextlib import contextmanager
        from pathlib import Path
        import pypackage

        archive = Path("made.tar.gz")

        class Heard(pypackage.Reporter):
            @contextmanager
            def task(self, title, total=None):
                print(title, archive.exists())
                yield Bar(total)

        class Bar:
            def __init__(self, total):
                self.total, self.done = total, 0
            def advance(self, amount=1):
                self.done += amount
                print("advanced", self.done <= self.total)
            def grow(self, amount):
                self.total += amount

        needs = {{"python": {channel.python.version!r}, "conda": {{"dependencies": ["greeting"]}}}}
        channels = [{channel.url!r}]
        pypackage.create(needs, archive, channels=channels, rebuild=True, reporter=Heard())
        """,
    )
    lines = said.splitlines()
    assert {"solving False", "packing False", "advanced True"} <= set(lines)
    assert not [line for line in lines if line.endswith("True") and "advanced" not in line]


def test_create__modules_of_the_current_folder__are_not_taken_for_libraries(
    tools: Tools, spec: dict[str, object]
) -> None:
    (tools.cwd / "yaml.py").write_text("raise SystemExit('the wrong yaml')\n")
    said = program(
        tools,
        f"""
        import sys
        del sys.path[0]  # the folder of the program
        import pypackage
        print(pypackage.create({json.dumps(spec)}, "made.tar.gz").python)
        """,
    )
    assert said.startswith("3.")


def test_environment_for__a_function__is_made_once_for_the_same_needs(tools: Tools) -> None:
    said = program(
        tools,
        """
        import asyncio, os, subprocess, sys
        from pathlib import Path
        import pypackage
        from pypackage.pipeline import child

        def task(x):
            import iniconfig
            return iniconfig, x

        one = pypackage.environment_for(task)
        print(one)
        child.create = None  # what was made before is found without it
        print(pypackage.environment_for(task) == one, one.id[:32] in os.fspath(one))
        print(asyncio.run(pypackage.environment_for_async(task)) == one)
        print(sorted(one.packages), one.python, one.size == one.path.stat().st_size)
        words = [*one.python_words(), "-c", "import iniconfig"]
        print([other.name for other in one.differences()], subprocess.call(words))
        """,
    )
    path, same, same_async, packages, works = said.splitlines()
    assert tools.run("-e", path, "--", "python", "-c", "import iniconfig").returncode == 0
    assert (same, same_async) == ("True True", "True")
    assert packages == f"['iniconfig', 'python'] {platform.python_version()} True"
    assert works == "['cloudpickle'] 0"


def test_environment_for__as_layers__is_made_once_and_tells_what_is_in_it(tools: Tools) -> None:
    said = program(
        tools,
        """
        import pypackage

        def task():
            import iniconfig

        one = pypackage.environment_for(task, format="layers", no_verify=True)
        again = pypackage.environment_for(task, format="layers", no_verify=True)
        parts = list(one.path.glob("parts/*.tar.gz"))
        whole = sum(part.stat().st_size for part in parts)
        told = one.size - (one.path / "manifest.json").stat().st_size
        print(one == again, "iniconfig" in one.packages, whole == told > 1e6)
        """,
    )
    assert said == "True True True\n"


def test_environment_for__other_code_of_the_same_name__is_another_environment(
    tools: Tools,
) -> None:
    paths = []
    for who in ("one", "two", "one again"):
        folder = tools.cwd / who
        folder.mkdir()
        (folder / "helper.py").write_text(f"WHO = {who[:3]!r}\n")
        os.utime(folder / "helper.py", (1, 1))
        code = f"""
        import sys; sys.path.insert(0, {str(folder)!r})
        import helper, pypackage
        def task(): return helper.WHO
        print(pypackage.environment_for(task))
        """
        paths.append(program(tools, code))
    one, two, again = (path.strip() for path in paths)
    assert one == again != two
    for path, who in ((one, "one"), (two, "two")):
        done = tools.run("-e", path, "--", "python", "-c", "import helper; print(helper.WHO)")
        assert done.stdout == f"{who}\n"


@pytest.mark.slow
def test_environment_for__asked_by_threads_and_processes_at_once__each_gets_its_own(
    tools: Tools,
) -> None:
    for number in range(3):
        (tools.cwd / f"helper{number}.py").write_text(f"WHO = {number}\n")
    said = program(
        tools,
        """
        import subprocess, sys
        from concurrent.futures import ThreadPoolExecutor
        import helper0, helper1, helper2, pypackage

        TASKS = [lambda: helper0.WHO, lambda: helper1.WHO, lambda: helper2.WHO]

        def ask(number):
            return pypackage.environment_for(TASKS[number % 3])

        other = None
        if len(sys.argv) == 1:
            other = subprocess.Popen([sys.executable, __file__, "x"], stdout=subprocess.PIPE)
        with ThreadPoolExecutor(4) as pool:
            print(*pool.map(ask, range(4)), sep="\\n")
        if other:
            print(other.communicate()[0].decode(), end="")
        """,
    )
    paths = said.splitlines()
    assert len(paths) == 8
    for position, path in enumerate(paths):
        number = position % 4 % 3
        code = f"import helper{number}; print(helper{number}.WHO)"
        assert tools.run("-e", path, "--", "python", "-c", code).stdout == f"{number}\n"
    assert len(set(paths)) == 3


def test_create_async__cancelled__ends_the_process_and_leaves_nothing(
    tools: Tools, channel: Channel
) -> None:
    said = program(
        tools,
        f"""
        import asyncio, os, threading
        from contextlib import contextmanager
        import pypackage

        begun = threading.Event()

        class Heard(pypackage.Reporter):
            @contextmanager
            def task(self, title, total=None):
                begun.set()
                yield None

        async def main():
            needs = {{"python": {channel.python.version!r}}}
            work = asyncio.create_task(
                pypackage.create_async(
                    needs, "made.tar.gz", channels=[{channel.url!r}], reporter=Heard()
                )
            )
            await asyncio.to_thread(begun.wait)
            work.cancel()
            try:
                await work
            except asyncio.CancelledError:
                print("cancelled", os.path.exists("made.tar.gz"))
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                print("no process is left")

        asyncio.run(main())
        """,
    )
    assert said == "cancelled False\nno process is left\n"


def test_poncho__dict_to_env__keeps_what_it_made(tools: Tools, spec: dict[str, object]) -> None:
    said = program(
        tools,
        f"""
        import json
        from pypackage.poncho import package_create

        spec = {json.dumps(spec)}
        print(package_create.dict_to_env(spec, cache_path="kept"))
        print(package_create.dict_to_env(json.dumps(spec), cache_path="kept"))
        """,
    )
    made, kept = said.splitlines()
    assert kept == f"kept/{made}"
    assert (tools.cwd / made).read_bytes() == (tools.cwd / kept).read_bytes()
    assert tools.run("-e", kept, "--", "greet").stdout == "hello, world\n"


def test_poncho__dict_to_env__own_code_that_changed__is_in_the_archive(
    tools: Tools, spec: dict[str, object]
) -> None:
    said = program(
        tools,
        f"""
        import os
        import tarfile
        from pypackage.poncho import package_create

        spec = {{**{json.dumps(spec)}, "local": ["helper.py"]}}
        for text in ("X = 1", "X = 2"):
            with open("helper.py", "w") as file:
                file.write(text)
            os.utime("helper.py", (1, 1))
            with tarfile.open(package_create.dict_to_env(spec)) as tar:
                (path,) = (one for one in tar.getnames() if one.endswith("/helper.py"))
                print(tar.extractfile(path).read().decode())
        """,
    )
    assert said.splitlines() == ["X = 1", "X = 2"]


def test_poncho__pack_env__of_a_file_and_of_an_environment(
    tools: Tools, spec: dict[str, object]
) -> None:
    (tools.cwd / "spec.json").write_text(json.dumps(spec))
    program(
        tools,
        """
        from pypackage.poncho import package_create

        package_create.pack_env("spec.json", "one.tar.gz")
        """,
    )
    assert tools.run("-e", "one.tar.gz", "--", "greet").stdout == "hello, world\n"
    assert tools.create("spec.json", "mine").returncode == 0
    program(
        tools,
        """
        from pypackage.poncho import package_create

        package_create.pack_env("mine", "two")
        """,
    )
    assert tools.run("-e", "two", "--", "greet").stdout == "hello, world\n"


def test_poncho__create_spec__is_what_dict_to_env_takes(tools: Tools) -> None:
    (tools.cwd / "script.py").write_text("import iniconfig\n")
    said = program(
        tools,
        """
        import json
        from pypackage.poncho import package_analyze

        def function():
            import packaging

        one = package_analyze.create_spec("script.py", pkg_mapping=["iniconfig=iniconfig"])
        two = package_analyze.create_spec_from_functions([function, function])
        print(json.dumps([one, two]))
        """,
    )
    one, two = json.loads(said)
    assert one["modules"] == ["iniconfig"]
    assert [entry for entry in one["conda"]["dependencies"] if "iniconfig" in str(entry)]
    assert two["modules"] == ["packaging"]
