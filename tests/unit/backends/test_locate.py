from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from rattler import BuildString, PackageRecord, RepoDataRecord

from pypackage.backends import locate
from pypackage.backends.lock import Lock
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core.errors import InstallError

FILE = "thing-1.0-0.conda"


def lock_of(content: bytes) -> Lock:
    record = PackageRecord("thing", "1.0", BuildString("0"), 0, "noarch")
    record.sha256 = sha256(content).digest()
    conda = RepoDataRecord(record, FILE, f"file:///local/noarch/{FILE}", "file:///local")
    wheel = PyPIPackage(
        "a", "1", "file:///local/a-1-py3-none-any.whl", sha256(b"wheel").hexdigest()
    )
    return Lock("linux-64", (), (conda,), (wheel,))


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / FILE).write_bytes(b"conda")
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"wheel")
    return tmp_path


def test_relocate_local__packages_in_folders_at_hand__leaves_the_given_lock_alone(
    channel: Path,
) -> None:
    given = lock_of(b"conda")
    local = locate.relocate_local(given, [channel], [channel])
    assert local.records[0].url == (channel / "noarch" / FILE).as_uri()
    assert local.records[0].channel == channel.as_uri()
    assert local.records[0].sha256 == given.records[0].sha256
    assert local.wheels[0].url == (channel / "a-1-py3-none-any.whl").as_uri()
    assert given.records[0].url == f"file:///local/noarch/{FILE}"
    assert given.records[0].channel == "file:///local"


def test_relocate_local__package_with_another_content__is_refused(channel: Path) -> None:
    with pytest.raises(InstallError, match="its sha256 differs"):
        locate.relocate_local(lock_of(b"another"), [channel], [channel])


def test_check_found__package_that_lies_nowhere__is_told(channel: Path) -> None:
    given = lock_of(b"conda")
    locate.check_found(locate.relocate_local(given, [channel], [channel]))
    with pytest.raises(InstallError, match="from a folder of another machine: thing"):
        locate.check_found(given)
