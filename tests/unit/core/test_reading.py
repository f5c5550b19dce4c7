from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import InputPathError
from pypackage.core.reading import read_input


def test_read_input__missing_folder_or_file_as_folder__exit_2(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("{}")
    for path in (tmp_path / "none.json", tmp_path, tmp_path / "f" / "r.json"):
        with pytest.raises(InputPathError, match=f"^cannot read {path}: ") as raised:
            read_input(path)
        assert raised.value.exit_code == 2
