from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core import reading
from pypackage.core.errors import InputPathError
from pypackage.core.reading import read_input, read_text


def test_read_input__missing_folder_or_file_as_folder__exit_2(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("{}")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "f" / "r.json"):
        with pytest.raises(InputPathError, match=f"^cannot read {path}: ") as raised:
            read_input(path)
        assert raised.value.exit_code == 2


def test_read_text__device_without_an_end__exits_2_and_names_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_MOST", 0)  # to spare the memory
    with pytest.raises(InputPathError, match=r"^r\.txt:1: cannot read /dev/zero: File too large$"):
        read_text("/dev/zero", "r.txt:1")


@pytest.mark.parametrize("text", [b"{", b"[" * 100_000, b"9" * 10_000, "\ud800", b"\xff"])
def test_parse_json__of_any_kind_that_is_not_valid__value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        reading.parse_json(text)
