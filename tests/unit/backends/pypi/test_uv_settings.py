"""uv's own configuration: which of it gets to which stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.backends.pypi import uv_settings
from pypackage.core.errors import SolveError


def test_variables__while_installing__none_that_bear_on_the_choice_or_on_where_to() -> None:
    fetching = {"UV_INDEX": "a", "UV_INDEX_LAB_PASSWORD": "b", "UV_CACHE_DIR": "c", "PATH": "d"}
    choosing = {"UV_EXCLUDE_NEWER": "e", "UV_OVERRIDE": "f", "UV_PRERELEASE": "allow"}
    never = {"UV_CONSTRAINT": "g", "UV_LINK_MODE": "symlink", "UV_PROJECT": "h", "UV_NEW": "i"}
    given = fetching | choosing | never
    assert uv_settings.variables(given, choosing=False) == fetching
    assert uv_settings.variables(given, choosing=True) == fetching | choosing


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config/uv").mkdir(parents=True)
    (tmp_path / "work/inner").mkdir(parents=True)
    return tmp_path


def config(home: Path, **environment: str) -> dict[str, object]:
    given = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "etc"), **environment}
    return uv_settings.config(given, home / "work/inner")


def test_config__several_files__nearer_ones_win_and_lists_are_joined(home: Path) -> None:
    (home / ".config/uv/uv.toml").write_text(
        'find-links = ["./mine"]\noffline = false\n[pip]\ntarget = "x"\n'
    )
    (home / "etc/uv").mkdir(parents=True)
    (home / "etc/uv/uv.toml").write_text('find-links = ["https://site"]\nkeyring-provider = "a"\n')
    (home / "work/pyproject.toml").write_text("[tool.uv]\noffline = true\n")
    assert config(home) == {
        "find-links": [str(home / ".config/uv/mine"), "https://site"],
        "offline": True,
        "keyring-provider": "a",
        "pip": {"target": "x"},
    }
    (home / "named.toml").write_text('[[index]]\nname = "lab"\nurl = "./lab"\n')
    named = config(home, UV_CONFIG_FILE=str(home / "named.toml"))
    assert named == {"index": [{"name": "lab", "url": str(home / "lab")}]}
    assert config(home, UV_NO_CONFIG="1") == {}


def test_config__file_that_is_not_valid__is_refused_with_its_name(home: Path) -> None:
    (home / ".config/uv/uv.toml").write_text("offline = \n")
    with pytest.raises(SolveError, match=r"uv\.toml"):
        config(home)


def test_of_stage__what_each_stage_honours__is_a_uv_toml() -> None:
    given = {
        "index": [{"name": "lab", "url": "https://ä", "explicit": True}],
        "exclude-newer": "2024-01-01",
        "constraint-dependencies": ["a<2"],
        "pip": {"target": "x", "no-binary": ["b"], "find-links": ["/c"]},
    }
    index = 'index = [{ "name" = "lab", "url" = "https://ä", "explicit" = true }]\n'
    install = f'{index}[pip]\nfind-links = ["/c"]\n'
    assert uv_settings.of_stage(given, choosing=False) == install
    assert uv_settings.of_stage(given, choosing=True) == (
        f'{index}exclude-newer = "2024-01-01"\n[pip]\nno-binary = ["b"]\nfind-links = ["/c"]\n'
    )
    assert uv_settings.of_stage({"pip": {"target": "x"}}, choosing=True) == ""
