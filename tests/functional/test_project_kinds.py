"""Extras, groups and environments of a project's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pypackage.core.errors import PackageError, RequirementsError, UsageError
from pypackage.core.progress import SILENT
from pypackage.pipeline import inputs
from pypackage.python import interpreter
from pypackage.requirements.formats import requirements_json
from pypackage.requirements.model import Requirements, dumps
from pypackage.requirements.selected import Selected
from tests.support.pythons import executables

PROJECT = """
[project]
name = "My.Proj"
version = "1"
dependencies = ["six", "lib"]
[project.optional-dependencies]
fast = ["numpy>=2"]
all = ["my-proj[fast]", "rich"]
[dependency-groups]
test = ["pytest", {include-group = "lint"}]
lint = ["ruff", "my_proj[fast]"]
[tool.uv.sources]
lib = { path = "../lib" }
"""
BUILT = '[build-system]\nrequires = ["setuptools"]\n'
PIXI = """
[tool.pixi.workspace]
channels = ["conda-forge"]
platforms = ["linux-64"]
[tool.pixi.dependencies]
samtools = "*"
[tool.pixi.environments]
test = ["test"]
"""
POETRY = """
[tool.poetry]
name = "mine"
package-mode = false
[tool.poetry.dependencies]
six = "^1.16"
psycopg = { version = "*", optional = true }
other = { path = "../lib", platform = "win32" }
[tool.poetry.extras]
pg = ["psycopg"]
[tool.poetry.group.test]
include-groups = ["lint"]
[tool.poetry.group.test.dependencies]
pytest = "*"
[tool.poetry.group.lint.dependencies]
ruff = "*"
"""


def read(folder: Path, text: str, selected: Selected = Selected()) -> Requirements:  # noqa: B008
    (folder / "pyproject.toml").write_text(text)
    found = inputs.load(str(folder), SILENT, selected=selected, platform="linux-64")
    assert isinstance(found, Requirements)
    return found


def test_project__not_built__has_the_extras_and_groups_with_what_they_include(
    tmp_path: Path,
) -> None:
    lib = str(tmp_path.parent / "lib")
    assert read(tmp_path, PROJECT).pip == ("six", lib)
    assert read(tmp_path, PROJECT, Selected(extras=("ALL",))).pip == (
        "six",
        lib,
        "numpy>=2",
        "rich",
    )
    found = read(tmp_path, PROJECT, Selected(groups=("test",)))
    assert set(found.pip) == {"six", lib, "pytest", "ruff", "numpy>=2"}


def test_project__built__has_its_extras_and_the_groups_beside_it(tmp_path: Path) -> None:
    found = read(tmp_path, PROJECT + BUILT, Selected(extras=("all",), groups=("test",)))
    lib = str(tmp_path.parent / "lib")  # its metadata does not say where it is
    assert found.pip == (f"{tmp_path}[all,fast]", "pytest", "ruff", lib)


@pytest.mark.parametrize(
    ("versions", "specs"),
    [
        (">=3.9", ()),
        (">=3.99", ("python>=3.99",)),
        ("=={here}", ("python=={here},={minor}",)),
        ("<={here}", ("python<={here},={minor}",)),
        ("!={here},>=3.9", ("python!={here},>=3.9",)),
    ],
)
def test_project__for_some_pythons__asks_for_one_where_not_all_like_that_here_are(
    tmp_path: Path, versions: str, specs: tuple[str, ...]
) -> None:
    here = interpreter.find()
    named = {"here": here.version, "minor": here.major_minor}
    versions, specs = versions.format_map(named), tuple(one.format_map(named) for one in specs)
    text = PROJECT.replace("dependencies", f'requires-python = "{versions}"\ndependencies', 1)
    assert read(tmp_path, text + BUILT).dependencies == specs
    source = f'source = {{ git = "https://example.invalid/o#{"1" * 40}" }}\n'
    (tmp_path / "uv.lock").write_text(UV_LOCK.replace(">=3.10", versions) + source)
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["six", "other"]\n'
    assert read(tmp_path, text).dependencies == specs


def test_uv_lock__for_the_python_of_a_host_channel__asks_for_no_other(tmp_path: Path) -> None:
    here = interpreter.find().major_minor
    found = (interpreter.ask(path) for path in executables())
    other = next((one for one in found if one.major_minor != here), None)
    if not other:
        pytest.skip("there is one minor version of Python here")
    versions = f"=={other.major_minor}.*"
    source = f'source = {{ git = "https://example.invalid/o#{"1" * 40}" }}\n'
    (tmp_path / "uv.lock").write_text(UV_LOCK.replace(">=3.10", versions) + source)
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["six", "other"]\n'
    assert read(tmp_path, text).dependencies == (f"python={other.major_minor}",)
    for name in (tmp_path, tmp_path / "uv.lock"):
        given = inputs.load(str(name), SILENT, python=str(other.executable))
        assert isinstance(given, Requirements)
        assert given.dependencies == ()


def test_project__of_poetry__has_optional_packages_by_their_extra_alone(tmp_path: Path) -> None:
    assert read(tmp_path, POETRY).pip == ("six<2,>=1.16",)
    assert read(tmp_path, POETRY, Selected(extras=("pg",))).pip == ("six<2,>=1.16", "psycopg")
    assert read(tmp_path, POETRY, Selected(groups=("test",))).pip[1:] == ("pytest", "ruff")


def test_project__with_pixi_s_tables__has_groups_as_features(tmp_path: Path) -> None:
    text = PROJECT.replace('"lib"', "").replace("../lib", "x") + PIXI
    found = read(tmp_path, text, Selected("test"))
    assert found.dependencies == ("samtools",)
    assert set(found.pip) == {"six", "pytest", "ruff", "numpy>=2"}
    assert read(tmp_path, text + BUILT).pip == (str(tmp_path),)
    assert read(tmp_path, text + BUILT, Selected("default")).dependencies == ("samtools",)


@pytest.mark.parametrize(
    ("selected", "what", "hint"),
    [
        (Selected(extras=("fsat",)), "has no extra 'fsat'", "did you mean fast? --extra names one"),
        (Selected(groups=("dev",)), "has no group 'dev'", "it has lint, test"),
        (Selected("x"), "has no environments of pixi", "remove --environment"),
    ],
)
def test_project__without_what_is_selected__says_what_it_has(
    tmp_path: Path, selected: Selected, what: str, hint: str
) -> None:
    for text in (PROJECT, PROJECT + BUILT):
        with pytest.raises(RequirementsError) as caught:
            read(tmp_path, text, selected)
        assert what in caught.value.message
        assert hint in caught.value.hint


HASH = f"sha256:{'0' * 64}"
UV_LOCK = f"""version = 1
revision = 3
requires-python = ">=3.10"
[[package]]
name = "six"
version = "1.17.0"
source = {{ registry = "https://example.invalid/simple" }}
wheels = [{{ url = "https://example.invalid/six-1.17.0-py3-none-any.whl", hash = "{HASH}" }}]
[[package]]
name = "mine"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "six" }}, {{ name = "other" }}]
[[package]]
name = "other"
version = "2"
"""


def test_uv_lock__commits__need_no_hashes_and_packages_of_an_index_do(tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    commit = f"https://example.invalid/o?rev=v2#{'1' * 40}"
    lock.write_text(UV_LOCK + f'source = {{ git = "{commit}" }}\n')
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["six", "other"]\n'
    found = read(tmp_path, text)
    commit = f"git+https://example.invalid/o@{'1' * 40}"
    assert found.pip == (f"other @ {commit}", "six==1.17.0")
    assert found.hashes == {"six": (HASH,)}
    assert found.pip_options == ("--extra-index-url=https://example.invalid/simple",)
    wheel = "https://download.invalid/other-2-py3-none-any.whl"
    source = f'source = {{ registry = "https://i.invalid" }}\nwheels = [{{ url = "{wheel}" }}]\n'
    lock.write_text(UV_LOCK + source)
    with pytest.raises(PackageError, match="other==2 is from an index that publishes no") as caught:
        read(tmp_path, text)
    assert "uv export" in caught.value.hint


@pytest.mark.parametrize(
    ("registry", "options"),
    [("https://pypi.org/simple/", ()), ("wheels", ("--find-links=FOLDER/wheels",))],
)
def test_uv_lock__index_of_pypi_and_folder__are_where_they_are_here(
    tmp_path: Path, registry: str, options: tuple[str, ...]
) -> None:
    lock = UV_LOCK.replace("https://example.invalid/simple", registry)
    lock = lock.replace(', { name = "other" }', "") + 'source = { editable = "other" }\n'
    (tmp_path / "uv.lock").write_text(lock)
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["six"]\n'
    found = read(tmp_path, text)
    assert found.pip_options == tuple(one.replace("FOLDER", str(tmp_path)) for one in options)


SOURCED = """
[project]
name = "mine"
version = "1"
dependencies = ["six", "torch>=2", "lib", "elsewhere"]
[tool.uv.sources]
torch = { index = "own" }
lib = { path = "../lib" }
elsewhere = [{ index = "own", marker = "sys_platform == 'win32'" }]
"""
OWN = "https://example.invalid/simple"


@pytest.mark.parametrize("built", ["", BUILT])
def test_project__package_of_an_index_of_its_own__is_refused_and_not_taken_from_pypi(
    tmp_path: Path, built: str
) -> None:
    with pytest.raises(RequirementsError, match=r":5.*torch: the index own cannot") as caught:
        read(tmp_path, SOURCED + built)
    assert "uv lock" in caught.value.hint
    found = read(tmp_path, SOURCED.replace('torch = { index = "own" }', "") + built)
    assert str(tmp_path.parent / "lib") in found.pip
    assert built or found.pip[-1] == "elsewhere"  # on Windows alone it is another index's
    poetry = POETRY.replace("package-mode = false", 'version = "1"').replace(
        '"^1.16"', '{ version = "1", source = "own" }'
    )
    with pytest.raises(RequirementsError, match="six: the index own cannot"):
        read(tmp_path, poetry + built)


@pytest.mark.parametrize("head", ['[project]\nname = "m"\ndynamic = ["dependencies"]\n', ""])
def test_project__source_of_what_only_building_tells__is_refused(tmp_path: Path, head: str) -> None:
    text = f'{head}{BUILT}[tool.uv.sources]\ntorch = {{ index = "own" }}\n'
    with pytest.raises(RequirementsError, match=r":[47]: torch: its source cannot") as caught:
        read(tmp_path, text)
    assert "uv lock" in caught.value.hint
    assert read(tmp_path, text.split("torch")[0]).pip == (str(tmp_path),)


@pytest.mark.parametrize("built", ["", BUILT])
@pytest.mark.parametrize(
    ("table", "options"),
    [
        (f'[[tool.uv.index]]\nurl = "{OWN}"', [f"--extra-index-url={OWN}"]),
        (f'[[tool.uv.index]]\nurl = "{OWN}"\ndefault = true', [f"--index-url={OWN}"]),
        (f'[[tool.uv.index]]\nname = "a"\nurl = "{OWN}"\nexplicit = true', []),
        ('[[tool.uv.index]]\nurl = "w"\nformat = "flat"', ["--find-links=file://FOLDER/w"]),
        (f'[[tool.poetry.source]]\nname = "a"\nurl = "{OWN}"', [f"--index-url={OWN}"]),
        (
            f'[[tool.poetry.source]]\nname = "a"\nurl = "{OWN}"\npriority = "supplemental"',
            [f"--extra-index-url={OWN}"],
        ),
        (
            f'[[tool.poetry.source]]\nname = "a"\nurl = "{OWN}"\n[[tool.poetry.source]]\n'
            'name = "PyPI"\npriority = "primary"',
            [f"--extra-index-url={OWN}"],
        ),
        (f'[[tool.pdm.source]]\nname = "a"\nurl = "{OWN}"', [f"--extra-index-url={OWN}"]),
        (f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{OWN}"', [f"--index-url={OWN}"]),
    ],
)
def test_project__indexes_for_all_packages__are_where_they_are_looked_for(
    tmp_path: Path, table: str, options: list[str], built: str
) -> None:
    text = f'[project]\nname = "m"\nversion = "1"\ndependencies = ["six"]\n{table}\n{built}'
    expected = tuple(one.replace("FOLDER", str(tmp_path)) for one in options)
    assert read(tmp_path, text).pip_options == expected


def test_uv_lock__of_a_workspace__is_that_of_its_members(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["libs/*"]\n')
    lock = UV_LOCK.replace('{ virtual = "." }', '{ virtual = "libs/mine" }')
    lock = lock.replace("[[package]]", '[manifest]\nmembers = ["mine", "other"]\n[[package]]', 1)
    (tmp_path / "uv.lock").write_text(lock + 'source = { editable = "libs/other" }\n')
    for name in ("mine", "other"):
        (tmp_path / "libs" / name).mkdir(parents=True)
        (tmp_path / "libs" / name / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1"\n{BUILT}'
        )
    text = '[project]\nname = "mine"\nversion = "1"\ndependencies = ["six", "other"]\n'
    text += "[tool.uv.sources]\nother = { workspace = true }\n"
    found = read(tmp_path / "libs" / "mine", text)
    assert set(found.pip) == {"six==1.17.0", str(tmp_path / "libs" / "other")}
    for pattern in ("", "/libs/*"):  # of no use to anybody: it is no member
        (tmp_path / "pyproject.toml").write_text(f'[tool.uv.workspace]\nmembers = ["{pattern}"]\n')
        assert "six==1.17.0" not in read(tmp_path / "libs" / "mine", text.split("[tool")[0]).pip


def test_group__that_includes_an_unknown_one__exits_3_with_its_place(tmp_path: Path) -> None:
    text = PROJECT.replace('"lint"}', '"lnit"}')
    with pytest.raises(RequirementsError, match=r"pyproject.toml:10: has no group 'lnit'"):
        read(tmp_path, text, Selected(groups=("test",)))


@pytest.mark.parametrize("name", ["r.txt", "environment.yml", "r.json"])
def test_option__that_selects_nothing_there__is_an_error(tmp_path: Path, name: str) -> None:
    content = {"r.txt": "six\n", "environment.yml": "dependencies: [six]\n"}
    (tmp_path / name).write_text(content.get(name, '{"python": "3.11", "modules": ["six"]}'))
    with pytest.raises(UsageError, match="--extra, --category has no effect"):
        inputs.load(
            str(tmp_path / name), SILENT, selected=Selected(extras=("x",), categories=("dev",))
        )


def test_conda_lock__unknown_category__says_which_there_are(tmp_path: Path) -> None:
    lock = tmp_path / "conda-lock.yml"
    lock.write_text(
        "version: 1\nmetadata: {}\npackage:\n- {name: a, platform: linux-64, category: dev,\n"
        "   url: 'https://example.invalid/a-1-0.conda', hash: {}}\n"
    )
    with pytest.raises(PackageError) as caught:
        inputs.load(str(lock), SILENT, selected=Selected(categories=("dve",)), platform="linux-64")
    assert "did you mean dev?" in caught.value.hint
    with pytest.raises(PackageError, match="has no packages of the category main") as caught:
        inputs.load(str(lock), SILENT, platform="linux-64")
    assert caught.value.hint == "--category takes one; it has dev"


def test_json__of_other_tools__is_not_taken_for_a_version_that_is_missing(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"R": {"Version": "4.4"}}')
    with pytest.raises(PackageError, match="is in no known format"):
        inputs.load(str(tmp_path / "x.json"), SILENT)


def test_requirements_json__every_key_that_is_written__is_known() -> None:
    full = Requirements(
        "3.11", ("a",), submodules=("a.b",), standard=("tkinter",), channels=("c",), pip=("p",),
        optional={"o": "why"}, local=("l",)
    )  # fmt: skip
    assert set(json.loads(dumps(full))) <= set(requirements_json.KEYS)


def test_project__of_setup_cfg__is_built_though_its_pyproject_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires = six\n")
    assert read(tmp_path, "[tool.ruff]\nline-length = 9\n").pip == (str(tmp_path),)
