"""The host channel's store, with processes that fill it at the same time."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

from pypackage.backends.host.conda_file import Description, write
from pypackage.backends.host.files import PackageFile, hash_file
from pypackage.backends.host.store import Store


def _make_channel(root: Path, worker: int) -> None:
    store = Store(root, "linux-64")
    folder = root / f"w{worker}"
    folder.mkdir(parents=True)
    content = [hash_file(PackageFile("x", content=b"pkg"))]
    package = write(folder, Description("pkg", "1.0", (), "linux-64"), content)
    store.channel([store.add("key", package, [])])


def test_channel__many_processes_at_once__one_whole_channel(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_make_channel, args=(tmp_path, i)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    (channel,) = (tmp_path / "channels").iterdir()
    assert len(list((channel / "linux-64").glob("*.conda"))) == 1
