from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import document, pylock_toml
from pypackage.requirements.model import Requirements

ONE, TWO = "1" * 64, "2" * 64
HEAD = 'lock-version = "1.0"\n'


def read(text: str, folder: Path | str = "") -> Requirements:
    return pylock_toml.requirements(document.of_toml(text, "pylock.toml"), str(folder))


def test_requirements__kinds_of_packages__in_their_versions_and_files(tmp_path: Path) -> None:
    got = read(
        f"""{HEAD}requires-python = ">=3.9, <4"
[[packages]]
name = "A_b"
version = "1.0"
marker = "python_version >= '3.9'"
sdist = {{ url = "https://h/a.tar.gz", hashes = {{ sha256 = "{ONE}" }} }}
wheels = [{{ url = "https://h/a.whl", hashes = {{ sha256 = "{TWO}" }} }}]
[[packages]]
name = "repo"
vcs = {{ type = "git", url = "https://h/r.git", commit-id = "abc" }}
[[packages]]
name = "near"
archive = {{ path = "n.zip", hashes = {{ sha256 = "{ONE}" }} }}
[[packages]]
name = "mine"
directory = {{ path = ".", editable = true }}
""",
        tmp_path,
    )
    assert got == Requirements(
        python="",
        dependencies=("python>=3.9,<4",),
        pip=(
            "A_b==1.0 ; python_version >= '3.9'",
            "repo @ git+https://h/r.git@abc",
            f"near @ file://{tmp_path}/n.zip",
            str(tmp_path),
        ),
        hashes={"a-b": (f"sha256:{TWO}", f"sha256:{ONE}"), "near": (f"sha256:{ONE}",)},
    )


@pytest.mark.parametrize(
    ("environments", "python"),
    [
        ("\"sys_platform == 'linux'\", \"sys_platform == 'win32'\"", ">=3.9"),
        ("\"python_version >= '3.13'\"", ">=3.9,>=3.13"),
        ("\"python_full_version >= '3.10.4' and python_version < '3.13'\"", ">=3.9,>=3.10,<3.13"),
    ],
)
def test_requirements__environments__bound_python(environments: str, python: str) -> None:
    head = f'{HEAD}requires-python = ">=3.9"\nenvironments = [{environments}]\npackages = []\n'
    assert read(head).dependencies == (f"python{python}",)


def test_requirements__environments_of_other_platforms__are_told_with_their_place() -> None:
    text = f"{HEAD}environments = [\"sys_platform == 'win32'\"]\npackages = []\n"
    with pytest.raises(RequirementsError, match=r"pylock\.toml:2: environments: none of these"):
        read(text)


def test_requirements__extras_and_groups__are_the_default_ones() -> None:
    packages = (
        f'[[packages]]\nname = "{name}"\nversion = "1"\nmarker = "{marker}"\n'
        for name, marker in (
            ("a", "'x' in extras"),
            ("b", "'dev' in dependency_groups"),
            ("c", "'x' in extras or 'main' in dependency_groups"),
        )
    )
    got = read(f'{HEAD}default-groups = ["main"]\n{"".join(packages)}')
    assert got.pip == ("c==1",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('lock-version = "2.0"\n', "pylock.toml:1: lock-version: expected 1.0"),
        (f'{HEAD}[[packages]]\nname = "a"\n', "pylock.toml:2: packages[0]: version: missing"),
        (
            f'{HEAD}[[packages]]\nname = "a"\nversion = "1"\nwheels = [{{ url = "u" }}]\n',
            "pylock.toml:5: a file has no sha256, which indexes publish (it has none)",
        ),
        (
            f'{HEAD}[[packages]]\nname = "a"\nversion = "1"\n'
            'sdist = { url = "u", hashes = { blake2b = "1", sha512 = "2" } }\n',
            "pylock.toml:5: a file has no sha256, which indexes publish (it has blake2b,",
        ),
    ],
)
def test_requirements__invalid__is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(RequirementsError) as raised:
        read(text)
    assert raised.value.message.startswith(says)
