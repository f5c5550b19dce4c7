from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pypackage.core import store
from pypackage.core.store import Store


def put(kept: Store, key: str, content: bytes, age: float = 0) -> Path:
    with kept.new(key) as file:
        file.write(content)
    path = kept.root / key
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_open__what_was_kept__is_its_content_and_a_use(tmp_path: Path) -> None:
    kept = Store(tmp_path / "store")
    path = put(kept, "key", b"content", age=1000)
    file = kept.open("key")
    assert file is not None
    with file:
        assert file.read() == b"content"
    assert path.stat().st_mtime > time.time() - 100


@pytest.mark.parametrize("folder", ["none", "store"])
def test_open__unknown_key__is_none(tmp_path: Path, folder: str) -> None:
    put(Store(tmp_path / "store"), "other", b"")
    assert Store(tmp_path / folder).open("key") is None


def test_new__block_fails__keeps_nothing(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    with pytest.raises(KeyError), kept.new("key") as file:
        file.write(b"half")
        raise KeyError
    assert (kept.open("key"), os.listdir(tmp_path)) == (None, [])


def test_new__killed_in_it__is_found_by_nobody(tmp_path: Path) -> None:
    code = f"""if True:
        import os
        from pathlib import Path
        from pypackage.core.store import Store
        with Store(Path({str(tmp_path)!r})).new("key") as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert (done.returncode, Store(tmp_path).open("key")) == (-9, None)


def test_trim__over_the_limit__drops_what_was_unused_for_longest(tmp_path: Path) -> None:
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")
    put(one, "oldest", bytes(40), age=30)
    put(other, "old", bytes(40), age=20)
    put(one, "new", bytes(40), age=10)
    opened = other.open("old")
    dropped = store.evict([*store.entries(one.root), *store.entries(other.root)], 100)
    assert [entry.path.name for entry in dropped] == ["oldest"]
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["new", "old"]
    assert opened is not None
    opened.close()


def test_trim__an_open_file__can_be_read_to_its_end(tmp_path: Path) -> None:
    kept = Store(tmp_path)
    put(kept, "key", b"content")
    file = kept.open("key")
    assert file is not None
    with file:
        store.evict(store.entries(tmp_path), 0)
        assert (os.listdir(tmp_path), file.read()) == ([], b"content")


def test_trim__folders__go_unless_used_lately(tmp_path: Path) -> None:
    for name, age in (("idle", 2 * store.IN_USE), ("busy", 0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(bytes(10))
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    dropped = store.evict(store.entries(tmp_path), 0)
    assert [(entry.path.name, entry.size) for entry in dropped] == [("idle", 10)]
    assert os.listdir(tmp_path) == ["busy"]


def test_entries__a_file_with_two_names__counts_in_parts(tmp_path: Path) -> None:
    put(Store(tmp_path), "one", bytes(100))
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    assert [entry.size for entry in store.entries(tmp_path)] == [50, 50]
