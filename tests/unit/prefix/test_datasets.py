from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.core.progress import SILENT
from pypackage.prefix import datasets
from pypackage.requirements.data_sources import Git, Http
from tests.support.heard import Heard


def test_check_own__file_of_this_machine_elsewhere__is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "link").symlink_to("/etc/passwd")
    datasets.check_own([Http("A", (own / "a.dat").as_uri()), Http("B", "https://h/x")], own, SILENT)
    climbing = (f"file://{own}/../../x", f"file://{own}/%2e%2e/x", f"file://{own}/a?/../../x")
    for url in ("file:///etc/passwd", "FILE:///x", " file:///x", "file:/x", *climbing):
        with pytest.raises(RequirementsError, match="outside the folder of the requirements"):
            datasets.check_own([Http("A", url)], own, SILENT)
    with pytest.raises(RequirementsError, match="'http' names /etc/passwd, which is outside"):
        datasets.check_own([Http("A", (own / "link").as_uri())], own, SILENT)


def test_check_own__repository_of_this_machine_elsewhere__is_told(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    (own / "near").mkdir(parents=True)
    other.mkdir()
    told = Heard()
    sources = ["near", "https://host/x.git", "../other", other.as_uri()]
    datasets.check_own([Git(f"R{n}", one) for n, one in enumerate(sources)], own, told)
    assert [one.count(f"'git' names {other}, which is outside") for one in told.warnings] == [1, 1]
