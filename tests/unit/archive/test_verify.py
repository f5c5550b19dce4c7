from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.archive import verify
from pypackage.archive.contents import Contents
from pypackage.core.errors import PackError
from pypackage.core.progress import SILENT


def test_check__no_room_for_the_test__is_an_error_of_packing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wanted = verify.RequiredModules((), {})
    with pytest.raises(PackError, match="the environment cannot be tried"):
        verify.check(
            Contents((), (), ()),
            tmp_path,
            wanted,
            platform="",
            scratch=tmp_path / "file" / "scratch",
            reporter=SILENT,
        )
