from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pypackage.core import files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file__block_ends__replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with files.new_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["out"])


def test_new_file__block_fails__keeps_the_former(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), files.new_file(path) as file:
        file.write(b"half")
        raise KeyError
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["out"])


def test_new_file__by_the_umask__is_readable_like_any_other(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with files.new_file(tmp_path / "out"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o644


def test_new_file__former_one_behind_a_link__keeps_mode_and_link(tmp_path: Path) -> None:
    (tmp_path / "real").touch(0o600)
    (tmp_path / "link").symlink_to("real")
    with files.new_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


def test_new_folder__former_one__is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "envs" / "mine"
    for name in ("a", "b"):
        with files.new_folder(path, replace=True) as folder:
            (folder / name).touch()
    assert (names(path), names(path.parent)) == (["b"], ["mine"])


def test_new_folder__block_fails__keeps_the_former(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "mine", replace=True) as folder:
        (folder / "a").touch()
    with pytest.raises(KeyError), files.new_folder(tmp_path / "mine", replace=True) as folder:
        (folder / "b").touch()
        raise KeyError
    assert (names(tmp_path / "mine"), names(tmp_path)) == (["a"], ["mine"])


def test_new_folder__many_makers_at_once__all_succeed_and_one_stays(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)
    failed: list[BaseException] = []

    def make(number: int) -> None:
        try:
            for _ in range(20):
                with files.new_folder(tmp_path / "mine", replace=True) as folder:
                    (folder / str(number)).touch()
                    barrier.wait(timeout=20)
        except BaseException as error:
            failed.append(error)
            barrier.abort()

    threads = [threading.Thread(target=make, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert names(tmp_path) == ["mine"]
    assert len(names(tmp_path / "mine")) == 1


def test_new_folder__not_to_replace__the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    with files.new_folder(path, replace=False) as slow:
        (slow / "slow").touch()
        with files.new_folder(path, replace=False) as fast:
            (fast / "fast").touch()
    assert (names(path), names(tmp_path)) == (["fast"], ["entry"])


def test_new_folder__part_of_another_machine_left_behind_long_ago__is_removed(
    tmp_path: Path,
) -> None:
    elsewhere = "00000000-1-000000.part"
    kept = [f".fresh.{elsewhere}", ".theirs.part", "mine"]
    for name in (f".old.{elsewhere}", *kept[:2]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
        if "fresh" not in name:
            os.utime(tmp_path / name, (0, 0))
    (tmp_path / f".a.tar.gz.{elsewhere}").touch()
    os.utime(tmp_path / f".a.tar.gz.{elsewhere}", (0, 0))
    with files.new_folder(tmp_path / "mine", replace=True):
        pass
    assert names(tmp_path) == kept


def test_new_file__part_of_a_killed_process__is_removed_and_that_of_a_running_one_stays(
    tmp_path: Path,
) -> None:
    code = "import sys; from pypackage.core import files\nwith files.new_file(sys.argv[1]): "
    with subprocess.Popen(
        [sys.executable, "-c", code + "print(flush=True), sys.stdin.read()", tmp_path / "a"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout
        running.stdout.readline()
        files.write_new(tmp_path / "b", b"")
        assert len(names(tmp_path)) == 2
        running.kill()
        running.wait()
        files.write_new(tmp_path / "b", b"")
        assert names(tmp_path) == ["b"]


def test_private_folder__of_a_killed_process__is_removed_by_the_next_and_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, signal; from pypackage.core import files\nwith files.private_folder(): "
    code += "os.kill(os.getpid(), signal.SIGKILL)"
    environ = {**os.environ, "TMPDIR": os.fspath(tmp_path)}
    subprocess.run([sys.executable, "-c", code], env=environ)
    (left,) = names(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))
    with files.private_folder() as folder:
        assert names(tmp_path) == [folder.name] != [left]
        assert folder.stat().st_mode & 0o777 == 0o700
    assert names(tmp_path) == []


def test_remove__deep_folders_and_links__nothing_is_left_and_nothing_else_is_touched(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    (kept / "inner").mkdir(parents=True)
    (kept / "inner" / "file").touch()
    deep = tmp_path / "gone" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "file").touch()
    (deep / "to_folder").symlink_to(kept)
    (deep.parent / "dangling").symlink_to("nowhere")
    files.remove(tmp_path / "gone")
    assert sorted(tmp_path.iterdir()) == [kept]
    assert (kept / "inner" / "file").exists()


def test_remove__no_such_folder__is_no_error(tmp_path: Path) -> None:
    files.remove(tmp_path / "none")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127])
def test_new_file__name_as_long_as_may_be__is_written(tmp_path: Path, name: str) -> None:
    files.write_new(tmp_path / name, b"all")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"all"}


def test_remove__no_rm_on_path__removes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "file").touch()
    for name in ("folder", "file", "nothing"):
        files.remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
