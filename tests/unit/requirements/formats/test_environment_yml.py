from __future__ import annotations

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import document, environment_yml
from pypackage.requirements.model import Requirements


def read(text: str) -> Requirements:
    return environment_yml.requirements(document.of_yaml(text.encode(), "e.yml"), "")


def refusal(text: str) -> str:
    with pytest.raises(RequirementsError) as raised:
        read(text)
    return raised.value.message


def test_read__all_of_it__is_taken_over() -> None:
    text = """
name: ignored
prefix: /home/somebody/envs/ignored
channels: [conda-forge, nodefaults]
dependencies:
- python=3.11
- numpy >=1.26,<3   # bound
- conda-forge::uproot
- pip
- pip:
  - cloudpickle==3.0
  - --extra-index-url https://mirror
variables:
  NAME: text
  COUNT: 3
"""
    assert read(text) == Requirements(
        python="3.11",
        channels=("conda-forge", "nodefaults"),
        dependencies=("python=3.11", "numpy >=1.26,<3", "conda-forge::uproot", "pip"),
        pip=("cloudpickle==3.0",),
        pip_options=("--extra-index-url=https://mirror",),
        variables={"NAME": "text", "COUNT": "3"},
    )


@pytest.mark.parametrize("spec", ["python>=3.10", "python 3.11.*|3.12.*", "numpy", "python"])
def test_read__no_single_python__is_left_to_the_dependencies(spec: str) -> None:
    assert read(f"dependencies: ['{spec}']") == Requirements("", dependencies=(spec,))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dependencies:\n  - numpy\n  - 7\n", "e.yml:3:5: dependencies[1]: expected a string"),
        ("dependencies: numpy\n", "e.yml:1:15: dependencies: expected a list"),
        ("channels:\n- {a: 1}\n", "e.yml:2:3: channels[0]: expected a string, not an object"),
        ("dependencies:\n- pip:\n  - 'a =='\n", "e.yml:3:5: not a requirement: 'a =='"),
        ("dependencies:\n- npm: [x]\n", "e.yml:2:3: dependencies[0]: expected only the key 'pip'"),
        (
            f"variables:\n  A: 0x{'f' * 5000}\n",
            "e.yml:2:6: variables.A: expected a string, not a n",
        ),
        ("variables:\n  A: yes\n", "e.yml:2:6: variables.A: expected a string, not true"),
        ("name: [\n", "e.yml:2:1: not valid YAML"),
        ("- a\n", "e.yml:1:1: expected an object, not a list"),
    ],
)
def test_read__invalid__is_told_with_line_and_column(text: str, says: str) -> None:
    assert refusal(text).startswith(says)


def test_read__aliases_without_end__are_no_trap() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    assert read(bomb + "dependencies: [numpy]\n").dependencies == ("numpy",)


def test_read__what_mamba_selects__is_that_of_the_platform() -> None:
    text = "dependencies:\n- sel(linux): a\n- sel(osx): b\n- sel(unix): c\n- pip: [d]\n"
    top = document.of_yaml(text.encode(), "e.yml")
    for platform, specs in (("linux-aarch64", ("a", "c")), ("osx-arm64", ("b", "c"))):
        got = environment_yml.requirements(top, "", platform)
        assert (got.dependencies, got.pip) == (specs, ("d",))


def test_read__extra_of_a_conda_package__is_told_with_its_place() -> None:
    said = refusal("dependencies:\n- a\n- lsp[all]\n")
    assert said == "e.yml:3:3: dependencies[1]: lsp[all]: conda packages have no extras"
    assert read("dependencies: [\"a[version='>=1']\"]").dependencies == ("a[version='>=1']",)
