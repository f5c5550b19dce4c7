from __future__ import annotations

from pathlib import Path

import pytest

from pypackage import condarc
from pypackage.errors import RequirementsError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    # The machine's own settings must not get into the test's result.
    monkeypatch.setattr(condarc, "SYSTEM", tmp_path / "etc")
    return {"HOME": str(tmp_path)}


def write(home: dict[str, str], name: str, text: str) -> Path:
    path = Path(home["HOME"], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_load__no_file__has_no_settings(home: dict[str, str]) -> None:
    assert condarc.load(home) == condarc.Condarc()


def test_load__several_files__puts_the_user_s_before_the_system_s(home: dict[str, str]) -> None:
    write(home, "etc/.condarc", "channels: [site, shared]")
    write(home, ".conda/.condarc", "channels: [lab]")
    write(home, ".condarc", "channels: [mine, shared]")
    assert condarc.load(home).channels == ("mine", "shared", "lab", "site")


def test_load__folder_and_named_file__are_read_too(home: dict[str, str]) -> None:
    write(home, ".config/conda/condarc.d/10.yml", "channels: one")
    named = write(home, "elsewhere.yml", "channels: [two]\nssl_verify: false")
    assert condarc.load({**home, "CONDARC": str(named)}).channels == ("two", "one")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels: {a: b}", "channels: expected a list of strings"),
        ("channels: [1]", "channels: expected a list of strings"),
        ("- conda-forge", "expected settings"),
        ("channels: [unclosed", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_load__bad_file__is_named(home: dict[str, str], text: str, says: str) -> None:
    path = write(home, ".condarc", text)
    with pytest.raises(RequirementsError) as error:
        condarc.load(home)
    assert str(path) in error.value.message
    assert says in error.value.message


def test_envs_folder__by_default__is_conda_s(home: dict[str, str]) -> None:
    assert condarc.envs_folder(home) == Path(home["HOME"], ".conda/envs")


def test_envs_folder__variable_then_condarc__in_this_order(home: dict[str, str]) -> None:
    write(home, ".condarc", "envs_dirs: [~/envs, /other]")
    assert condarc.envs_folder(home) == Path(home["HOME"], "envs")
    assert condarc.envs_folder({**home, "CONDA_ENVS_PATH": "/a:/b"}) == Path("/a")


def test_register__twice__adds_one_line(home: dict[str, str]) -> None:
    listed = write(home, ".conda/environments.txt", "/known")
    condarc.register(Path("/new"), home)
    condarc.register(Path("/new"), home)
    assert listed.read_text() == "/known\n/new\n"
