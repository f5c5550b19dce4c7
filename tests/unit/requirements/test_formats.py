from __future__ import annotations

import time
from pathlib import Path

import pytest

from pypackage.core.errors import InputPathError, RequirementsError
from pypackage.requirements import formats
from pypackage.requirements.formats import Declarations, inline


def shown(found: Declarations) -> dict[str, list[tuple[str, str]]]:
    """Requirements and their places, without the folder of the file."""
    return {
        key: [(str(one.requirement), Path(one.place).name) for one in ones]
        for key, ones in found.requirements.items()
    }


def read(folder: Path, name: str, text: str) -> Declarations:
    (folder / name).write_text(text)
    return formats.read(str(folder / name))


# --- PEP 723 -----------------------------------------------------------------------------

SCRIPT = """\
#!/usr/bin/env python
# Some words.

# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "Requests<3",
#   "rich[jupyter]>=13 ; os_name == 'posix'",
# ]
#
# [tool.x]
# y = 1
# ///
import requests
"""


def test_inline__block_of_the_specification__requirements_with_their_lines() -> None:
    found = formats.inline(SCRIPT, "s.py")
    assert shown(found) == {
        "requests": [("Requests<3", "s.py:7")],
        "rich": [('rich[jupyter]>=13; os_name == "posix"', "s.py:8")],
    }
    assert found.requires_python == ((">=3.11", "s.py:5"),)
    assert all(one.wanted for ones in found.requirements.values() for one in ones)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_inline__other_line_ends__the_same(end: str) -> None:
    assert formats.inline(SCRIPT.replace("\n", end), "s.py") == formats.inline(SCRIPT, "s.py")


@pytest.mark.parametrize(
    "source",
    [
        "import a\n",
        "# /// script\n# dependencies = ['x']\n",  # no end
        "# /// script\n# dependencies = ['x']\n\n# ///\n",  # interrupted
        "# /// script\n#dependencies = ['x']\n# ///\n",  # no blank after the #
        " # /// script\n # dependencies = ['x']\n # ///\n",  # indented
        "# /// other\n# dependencies = ['x']\n# ///\n",
        "# /// script\n# ///\n",
        "# /// script \n# dependencies = ['x']\n# ///\n",
    ],
)
def test_inline__what_is_no_block_by_the_specification__declares_nothing(source: str) -> None:
    assert formats.inline(source, "s.py") == Declarations()


def test_inline__end_mark_twice__the_block_reaches_to_the_last() -> None:
    source = "# /// script\n# dependencies = [\n#   'x',\n# ///\n#   'y']\n# ///"
    with pytest.raises(RequirementsError, match=r"^s\.py:4: not valid TOML"):
        formats.inline(source, "s.py")


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("dependencies = [", r"s\.py:\d+: not valid TOML"),
        ("\n# a = 1\n# b = = 2", r"s\.py:4: not valid TOML: Invalid value"),
        ("dependencies = 'x'", r"s\.py:2: dependencies: expected a list"),
        ("dependencies = ['x', 3]", r"s\.py:2: dependencies\[1\]: expected a string"),
        ("requires-python = 3.9", r"s\.py:2: requires-python: expected a string"),
        ("requires-python = 'new'", r"s\.py:2: not a range of versions: 'new'"),
        ("dependencies = [\n#  'a',\n#  'b = 1',\n# ]", r"s\.py:4: not a requirement: 'b = 1'"),
        ("a = " + "9" * 5000, r"s\.py:2: not valid TOML"),
        ("a = " + "[" * 5000, r"s\.py:2: not valid TOML"),
    ],
)
def test_inline__invalid_metadata__error_with_its_line(block: str, message: str) -> None:
    head = "# /// script\n#" + ("" if block.startswith("\n") else " ")
    with pytest.raises(RequirementsError, match=f"^{message}"):
        formats.inline(f"{head}{block}\n# ///\n", "s.py")


def test_inline__two_blocks__error_with_both_lines() -> None:
    source = "# /// script\n# a = 1\n# ///\n\n# /// script\n# a = 1\n# ///\n"
    with pytest.raises(RequirementsError, match=r"^s\.py:5: a second block") as caught:
        formats.inline(source, "s.py")
    assert "1" in caught.value.hint


def test_inline__a_hundred_thousand_starts_without_an_end__takes_no_time() -> None:
    began = time.process_time()  # other processes make it no longer
    assert formats.inline("# /// script\n# a\n" * 100_000, "s.py") == Declarations()
    assert time.process_time() - began < 2


# --- files -------------------------------------------------------------------------------


def test_read__pyproject__project_table_with_extras_and_what_is_dynamic(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "pyproject.toml",
        """\
[project]
name = "x"
requires-python = ">=3.10"
dependencies = ["numpy>=2,<3"]
dynamic = ["version", "optional-dependencies"]

[project.optional-dependencies]
test = [
    "pytest",
]
""",
    )
    assert shown(found) == {
        "numpy": [("numpy<3,>=2", "pyproject.toml:4")],
        "pytest": [("pytest", "pyproject.toml:9")],
    }
    assert found.requires_python == ((">=3.10", f"{tmp_path}/pyproject.toml:3"),)
    assert [one.partition("pyproject.toml")[2] for one in found.warnings] == [
        ":5: optional-dependencies is dynamic: known only when it is built"
    ]
    assert not any(one.wanted for ones in found.requirements.values() for one in ones)


def test_read__pyproject_of_poetry__its_constraints_and_groups(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "pyproject.toml",
        """[tool.poetry.dependencies]
python = "^3.9"
caret = "^1.2.3"
caret-zero = "^0.2.3"
caret-zeros = "^0.0.3"
tilde = "~1.2.3"
tilde-one = "~1"
exact = "1.2"
wild = "1.2.*"
any = "*"
range = ">=1, <2"
spaced = ">= 1.5 !=1.6"
either = "^1 || ^3"
rich = {version = "^13", extras = ["jupyter"], python = "<3.12", markers = "os_name == 'posix'"}
source = {git = "https://h/x.git", branch = "main"}
two = [{version = "^1", python = "<3.8"}, {version = "^2", python = ">=3.8"}]
there = {version = "*", platform = "linux || darwin"}
since = {version = "*", python = "~3.8.1 || >=3.10", platform = "!=win32"}
[tool.poetry.dev-dependencies]
old = "^5"
[tool.poetry.group.test.dependencies]
pytest = "^8.0"
""",
    )
    assert {name: [text for text, _ in ones] for name, ones in shown(found).items()} == {
        "caret": ["caret<2,>=1.2.3"],
        "caret-zero": ["caret-zero<0.3,>=0.2.3"],
        "caret-zeros": ["caret-zeros<0.0.4,>=0.0.3"],
        "tilde": ["tilde<1.3,>=1.2.3"],
        "tilde-one": ["tilde-one<2,>=1"],
        "exact": ["exact==1.2"],
        "wild": ["wild==1.2.*"],
        "any": ["any"],
        "range": ["range<2,>=1"],
        "spaced": ["spaced!=1.6,>=1.5"],
        "either": ["either<4,>=3"],
        "rich": ['rich[jupyter]<14,>=13; os_name == "posix" and python_version < "3.12"'],
        "source": ["source @ git+https://h/x.git@main"],
        "two": ['two<2,>=1; python_version < "3.8"', 'two<3,>=2; python_version >= "3.8"'],
        "there": ['there; sys_platform == "linux" or sys_platform == "darwin"'],
        "since": [
            'since; (python_full_version >= "3.8.1" and python_version < "3.9" or '
            'python_version >= "3.10") and sys_platform != "win32"'
        ],
        "old": ["old<6,>=5"],
        "pytest": ["pytest<9,>=8.0"],
    }
    assert found.requires_python == (("<4,>=3.9", f"{tmp_path}/pyproject.toml:2"),)
    assert found.warnings == ()


@pytest.mark.parametrize("text", ['dependencies = "x"', "dependencies.x = 1", "group = []"])
def test_read__pyproject_of_poetry__that_is_not_of_its_kind__is_told(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(RequirementsError, match=r"pyproject\.toml:2: .*expected a"):
        read(tmp_path, "pyproject.toml", f"[tool.poetry]\n{text}\n")


def test_read__pyproject_of_poetry__number_of_5000_digits__error_with_its_place(
    tmp_path: Path,
) -> None:
    text = f'[tool.poetry.dependencies]\nsix = "^{"9" * 5000}"\n'
    with pytest.raises(RequirementsError, match=r"pyproject\.toml:2: not a requirement: "):
        read(tmp_path, "pyproject.toml", text)


def test_read__pyproject_without_project_table__is_told(tmp_path: Path) -> None:
    found = read(tmp_path, "pyproject.toml", "[tool.x]\n")
    assert len(found.warnings) == 1
    assert found.requirements == {}


def test_read__requirements_txt__every_kind_of_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOUND", "6")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("-c ../bounds.txt\n-r ../requirements.txt\nmore\n")
    (tmp_path / "bounds.txt").write_text("numpy<3\n")
    found = read(
        tmp_path,
        "requirements.txt",
        "\ufeff# all of it\n"
        "numpy >= 2  # bounds\n"
        "--index-url https://user:secret@example.org/simple\n"
        "PyYAML \\\n    ==6.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        "-rsub/more.txt\n"
        "old ; python_version < '3'\n"
        "-e ./mine\n"
        "./wheels/x-1.0-py3-none-any.whl\n"
        "git+https://example.org/a.git@v1#egg=a\n"
        "https://example.org/b.zip\n"
        "c @ https://example.org/c.zip#sha256=00\n"
        "env>=${BOUND}\n",
    )
    assert shown(found) == {
        "numpy": [("numpy>=2", "requirements.txt:2"), ("numpy<3", "bounds.txt:1")],
        "pyyaml": [("PyYAML==6.0.1", "requirements.txt:4")],
        "more": [("more", "more.txt:3")],
        "old": [('old; python_version < "3"', "requirements.txt:9")],
        "a": [("a @ git+https://example.org/a.git@v1#egg=a", "requirements.txt:12")],
        "c": [("c @ https://example.org/c.zip#sha256=00", "requirements.txt:14")],
        "env": [("env>=6", "requirements.txt:15")],
    }
    told = [one.partition("requirements.txt")[2] for one in found.warnings]
    assert told == [
        ":3: --index-url is for pip and was not taken over",
        ":10: ./mine is editable and was not taken over",
        ":11: ./wheels/x-1.0-py3-none-any.whl is a path and was not taken over",
        ":13: https://example.org/b.zip does not say its name and was not taken over",
    ]


def test_read__requirements_txt_with_an_invalid_line__error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(RequirementsError, match=r"requirements\.txt:3: not a requirement: 'a = 1'"):
        read(tmp_path, "requirements.txt", "x\n\na = 1\n")


def test_read__file_that_is_included_is_missing__error_names_both(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match=r"requirements\.txt:2: cannot read .*none\.txt"):
        read(tmp_path, "requirements.txt", "x\n-r none.txt\n")


def test_read__environment_yml__conda_specs_and_pip_list(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "environment.yml",
        """\
name: x
channels: [conda-forge, bioconda]
dependencies:
  - python>=3.10,<3.13
  - pytorch=2.1
  - conda-forge::numpy >=1.26
  - _libgcc_mutex
  - pip:
      - PyYAML==6.0.1
      - --pre
""",
    )
    assert shown(found) == {
        "torch": [("torch==2.1.*", "environment.yml:5:5")],
        "numpy": [("numpy>=1.26", "environment.yml:6:5")],
        "pyyaml": [("PyYAML==6.0.1", "environment.yml:9:9")],
    }
    assert found.requirements["torch"][0].conda == "pytorch=2.1"
    assert found.channels == ("conda-forge", "bioconda")
    assert found.requires_python == (("<3.13,>=3.10", f"{tmp_path}/environment.yml:4:5"),)
    assert len(found.warnings) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", r"environment\.yml:\d+:\d+: not valid YAML"),
        ("- x\n", "expected an object"),
        ("dependencies: numpy\n", "dependencies: expected a list"),
        ("dependencies: [1]\n", "expected a string, not 1"),
        ("dependencies: ['?']\n", "not a conda package"),
    ],
)
def test_read__environment_yml_that_is_not_valid__one_clear_error(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(RequirementsError, match=message):
        read(tmp_path, "environment.yml", text)


def test_read__pixi_toml_with_a_name_that_is_none__error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(RequirementsError, match=r"pixi\.toml:2: not a conda package: 'a- >=1'"):
        read(tmp_path, "pixi.toml", "[dependencies]\na- = '>=1'\n")


def test_read__no_file_or_no_text__error_names_it(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match=r"cannot read .*none\.txt"):
        formats.read(str(tmp_path / "none.txt"))
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequirementsError, match="not a text file"):
        formats.read(str(tmp_path / "x.txt"))


def test_merge__same_requirement_twice__once_and_in_order(tmp_path: Path) -> None:
    one = read(tmp_path, "a.txt", "numpy>=1\nx\n")
    two = read(tmp_path, "b.txt", "Numpy<3\n")
    both = formats.merge([one, two, one])
    assert shown(both) == {
        "numpy": [("numpy>=1", "a.txt:1"), ("Numpy<3", "b.txt:1")],
        "x": [("x", "a.txt:2")],
    }


@pytest.mark.parametrize(
    ("versions", "python", "right"),
    [(">=3.11.2", "3.11", True), (">=3.12", "3.11", False), ("<3.11", "3.11.7", False)],
)
def test_allows__short_version__any_release_of_it_will_do(
    versions: str, python: str, right: bool
) -> None:
    assert formats.allows(versions, python) is right


UV_SOURCES = """
dependencies = ["foo[x]>=1", "bar", "baz", "own", "two", "plain"]
[tool.uv.sources]
Foo = {git = "https://h/foo.git", rev = "abc", subdirectory = "py"}
bar = {path = "../bar", editable = true}
baz = {index = "private"}
own = {workspace = true}
two = [
  {url = "https://h/two-1-py3-none-any.whl", marker = "sys_platform == 'linux'"},
  {git = "git@h:o/two.git", tag = "v1", marker = "sys_platform == 'win32'"},
]
"""


def sourced(found: Declarations) -> dict[str, list[tuple[str | None, str]]]:
    return {
        name: [(one.requirement.url, one.refused) for one in ones]
        for name, ones in found.requirements.items()
    }


@pytest.mark.parametrize("is_script", [False, True])
def test_read__sources_of_uv__are_taken_over_or_refused(tmp_path: Path, is_script: bool) -> None:
    if is_script:
        lines = "".join(f"# {line}\n" for line in UV_SOURCES.strip().splitlines())
        found = inline(f"# /// script\n{lines}# ///\n", "m.py")
    else:
        found = read(tmp_path, "pyproject.toml", f"[project]{UV_SOURCES}")
    assert sourced(found) == {
        "foo": [("git+https://h/foo.git@abc#subdirectory=py", "")],
        "bar": [(None, "the path ../bar")],
        "baz": [(None, "the index private")],
        "own": [(None, "the workspace")],
        "two": [("https://h/two-1-py3-none-any.whl", ""), ("git+ssh://git@h/o/two.git@v1", "")],
        "plain": [(None, "")],
    }
    markers = [str(one.requirement.marker) for one in found.requirements["two"]]
    assert markers == ['sys_platform == "linux"', 'sys_platform == "win32"']


def test_read__sources_of_poetry__are_taken_over_or_refused(tmp_path: Path) -> None:
    text = """[tool.poetry.dependencies]
a = {path = "../a"}
b = {url = "https://h/b-1.zip"}
c = {version = "^1", source = "private"}
d = {version = "^1", source = "PyPI"}
"""
    assert sourced(read(tmp_path, "pyproject.toml", text)) == {
        "a": [(None, "the path ../a")],
        "b": [("https://h/b-1.zip", "")],
        "c": [(None, "the index private")],
        "d": [(None, "")],
    }


@pytest.mark.parametrize(("name", "above"), [("pixi.toml", ""), ("pyproject.toml", "tool.pixi.")])
def test_read__pixi__its_packages_features_and_sources(
    tmp_path: Path, name: str, above: str
) -> None:
    text = f"""[{above}workspace]
channels = ["conda-forge"]
[{above}dependencies]
python = ">=3.11"
numpy = ">=2"
pytorch = "*"
[{above}pypi-dependencies]
a = "==1"
b = {{version = ">=2", extras = ["x"]}}
c = {{git = "https://h/c.git"}}
d = {{path = ".", editable = true}}
[{above}feature.test.dependencies]
pytest = "*"
"""
    found = read(tmp_path, name, text)
    assert {key: [text for text, _ in ones] for key, ones in shown(found).items()} == {
        "numpy": ["numpy>=2"],
        "torch": ["torch"],
        "a": ["a==1"],
        "b": ["b[x]>=2"],
        "c": ["c @ git+https://h/c.git"],
        "d": ["d"],
        "pytest": ["pytest"],
    }
    assert found.requirements["d"][0].refused == "the path ."
    assert found.requirements["pytest"][0].group == "test"
    assert found.channels == ("conda-forge",)
    assert [versions for versions, _ in found.requires_python] == [">=3.11"]


def test_read__editable_folder__is_refused_by_the_name_of_its_project(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pyproject.toml").write_text('[project]\nname = "their-lib"\n')
    found = read(tmp_path, "requirements.txt", "-e ./lib\n-e git+https://h/g.git#egg=g\n")
    assert sourced(found) == {
        "their-lib": [(None, "the path ./lib")],
        "g": [("git+https://h/g.git#egg=g", "")],
    }
