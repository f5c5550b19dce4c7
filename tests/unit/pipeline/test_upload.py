from __future__ import annotations

from pathlib import Path

import pytest

import pypackage
from pypackage.archive import join, writers
from pypackage.archive.contents import Contents, Entry
from pypackage.core.errors import InputPathError, PackageError, PackError, UsageError
from pypackage.core.progress import SILENT
from pypackage.pipeline.environment import Environment
from pypackage.pipeline.upload import upload

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    (tmp_path / "digest.tar.gz").write_bytes(b"content")
    return Environment(tmp_path / "digest.tar.gz")


def test_upload__function__is_given_the_environment_and_tells_the_url(
    environment: Environment,
) -> None:
    heard: list[Environment] = []
    assert upload(environment, lambda one: f"store://{one.path.name}") == "store://digest.tar.gz"
    assert upload(environment, heard.append) == ""
    assert heard == [environment]


def test_upload__url_of_a_folder__is_there_under_its_name_and_whole(
    environment: Environment, tmp_path: Path
) -> None:
    for folder in ("memory://zq/environments/", f"file://{tmp_path}/there"):
        url = upload(environment, folder)
        assert url == f"{folder.rstrip('/')}/digest.tar.gz"
        with fsspec.open(url, "rb") as file:
            assert file.read() == b"content"
        assert upload(environment, folder) == url
    assert [one.name for one in (tmp_path / "there").iterdir()] == ["digest.tar.gz"]


def test_pinned_url__folder_of_an_environment__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputPathError):
        Environment(tmp_path).pinned_url("https://host")


def test_upload__folder_of_an_environment__all_of_it(tmp_path: Path) -> None:
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "tool").write_text("1")
    upload(Environment(tmp_path / "env"), f"file://{tmp_path}/there")
    assert (tmp_path / "there" / "env" / "bin" / "tool").read_text() == "1"


@pytest.mark.parametrize("names", [("a.json", "a.json"), ("a.layers", "b.layers")])
def test_upload__layers_folder__sends_the_manifest_and_only_new_parts(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    there = tmp_path / "there"
    for module, one in zip((b"x = 1\n", b"x = 2\n"), names, strict=True):
        source = tmp_path / "layers" / one
        name = f"{source.stem}.json"
        entry = Entry("lib/python3.11/site-packages/own.py", None, module)
        writers.write(Contents((entry,), (), ()), "layers", source, SILENT)
        before = {file: file.stat().st_ino for file in there.rglob("*.tar.gz")}
        assert upload(Environment(source), f"file://{there}") == f"file://{there}/{name}"
        after = {file: file.stat().st_ino for file in there.rglob("*.tar.gz")}
        assert before.items() <= after.items()
        assert len(after) - len(before) == (1 if before else 4)
        join.join([there / name], tmp_path / "e.tar.gz", "tar.gz", SILENT)
    assert not [one for one in there.rglob("*") if one.name.endswith(".part")]


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        ("a/folder", UsageError, "is not a URL"),
        ("zq-unknown://bucket", UsageError, "zq-unknown"),
        ("file:///proc/nothing", PackError, "cannot upload"),
    ],
)
def test_upload__that_cannot_be__says_why(
    environment: Environment, target: str, error: type[PackageError], says: str
) -> None:
    with pytest.raises(error, match=says):
        upload(environment, target)


def test_create__url_as_the_target__is_an_error_with_the_way_out() -> None:
    with pytest.raises(UsageError, match="a file of this machine") as caught:
        pypackage.create({"python": "3.11"}, "s3://bucket/x.tar.gz")
    assert "upload=" in caught.value.hint
