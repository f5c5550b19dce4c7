from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import InputPathError, UsageError
from pypackage.pipeline import target


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "asked", "format_"),
    [
        ("e.tar.gz", "", "tar.gz"),
        ("e.tgz", "", "tar.gz"),
        ("e.tar.zst", "", "tar.zst"),
        ("e.tar", "", "tar"),
        ("e.zip", "", "zip"),
        ("e.sqfs", "", "squashfs"),
        ("e.sh", "sh", "sh"),
        ("./e", "", "tar.gz"),
        ("./.tmpABC", "zip", "zip"),
        ("./e", "folder", "folder"),
        ("./e.d/", "folder", "folder"),
        ("./e.d/", "oci", "oci"),
    ],
)
def test_parse__archive__has_the_format_of_its_ending_or_the_one_asked_for(
    name: str, asked: str, format_: str
) -> None:
    made = target.parse(name, asked, {})
    assert made == target.Archive(Path(name), format_)


@pytest.mark.parametrize(
    ("asked", "archive"), [("", "mine.tar.gz"), ("sh", "mine.sh"), ("folder", "mine")]
)
def test_parse__name__is_an_environment_and_an_archive(asked: str, archive: str) -> None:
    made = target.parse("mine", asked, {"CONDA_ENVS_PATH": "/envs"})
    assert isinstance(made, target.NamedEnvironment)
    assert (made.output.path, made.prefix) == (Path(archive), Path("/envs/mine"))
    assert made.lock == Path("mine.lock")


@pytest.mark.parametrize(
    ("name", "asked", "says"),
    [
        ("e.tar.bz2", "", "archives end in"),
        ("e.zip", "tar", "ends like zip"),
        ("e", "rar", "there are tar.gz, tar.zst"),
    ],
)
def test_parse__format_that_cannot_be__is_a_usage_error(name: str, asked: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        target.parse(name, asked, {})
    assert says in str(raised.value)


def test_parse__folder_where_an_archive_is_to_be__is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InputPathError, match="names a folder"):
        target.parse("./there", "", {})
