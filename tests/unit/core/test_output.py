from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from pypackage.core import output
from pypackage.core.errors import InputPathError, PackageError, UsageError

TEXT = "{}\n"


def test_write__new_file__mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        output.write(TEXT, str(tmp_path / "r.json"))
    finally:
        os.umask(before)
    assert (tmp_path / "r.json").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "r.json").read_text() == TEXT


def test_write__existing_file__is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    out.write_text("before")
    out.chmod(0o600)
    with out.open() as reader:
        output.write(TEXT, str(out))
        assert reader.read() == "before"  # replaced, not written into
    assert out.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["r.json"]


def test_write__link__the_file_behind_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    output.write(TEXT, str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == TEXT


def test_write__pipe__is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[str] = []
    pipe = tmp_path / "pipe"
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    output.write(TEXT, str(pipe))
    reader.join(timeout=20)
    assert got == [TEXT]
    assert pipe.is_fifo()


def test_check_file__where_it_cannot_be_written__is_refused(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("none/r.json")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    places = ("", "none/r.json", "file/r.json", "r.json/", "file/", "dangling", "loop", "pipe")
    for name in (*places, "x" * 256):
        with pytest.raises(InputPathError, match=re.escape(f"{tmp_path}/{name}")):
            output.check_file(f"{tmp_path}/{name}")


def test_check_file__where_it_can_be_written__passes(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link", "x" * 255):
        output.check_file(f"{tmp_path}/{name}")
    output.check_file(f"{tmp_path}/folder/", folder=True)
    output.check_file("/dev/full", stream=True)


def test_check_file__folder_that_is_gone__is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    with pytest.raises(FileNotFoundError):  # of which the command tells
        output.check_file("r.json")


def test_check_apart__name_that_is_no_file__is_no_input(tmp_path: Path) -> None:
    output.check_apart([tmp_path / "environment"], [tmp_path / "environment"])


def test_check_apart__same_file_by_a_link__is_refused(tmp_path: Path) -> None:
    (tmp_path / "given").touch()
    (tmp_path / "link").symlink_to("given")
    with pytest.raises(UsageError, match="link would replace an input"):
        output.check_apart([tmp_path / "link"], [tmp_path / "given"])
    with pytest.raises(UsageError, match="link would replace another output"):
        output.check_apart([tmp_path / "given", tmp_path / "link"], [])


def test_write__nowhere_to_write__error_and_nothing_left(tmp_path: Path) -> None:
    for out in (tmp_path, tmp_path / "none" / "r.json"):
        with pytest.raises(InputPathError, match=f"^cannot write {out}: "):
            output.write(TEXT, str(out))
    assert os.listdir(tmp_path) == []


def test_write__full_device__os_error_names_it() -> None:
    with pytest.raises(OSError, match="No space left") as raised:
        output.write(TEXT, "/dev/full")
    assert raised.value.filename == "/dev/full"
    assert not isinstance(raised.value, PackageError)
