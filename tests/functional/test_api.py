"""The library as a program uses it: in an interpreter that ends in good order."""

from __future__ import annotations

import json
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
    assert said == "made.tar.gz\n"
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


def test_environment_for__a_function__is_made_once_for_the_same_needs(tools: Tools) -> None:
    said = program(
        tools,
        """
        import pypackage

        def task(x):
            import iniconfig
            return iniconfig, x

        one = pypackage.environment_for(task)
        print(one)
        print(pypackage.environment_for(task) == one)
        """,
    )
    path, same = said.splitlines()
    assert same == "True"
    assert tools.run("-e", path, "--", "python", "-c", "import iniconfig").returncode == 0


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
