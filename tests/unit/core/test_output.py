from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pypackage.core import output
from pypackage.core.errors import InputPathError, PackageError

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
