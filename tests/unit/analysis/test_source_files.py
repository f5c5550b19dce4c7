from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pypackage.analysis import source_files


def make(folder: Path, *files: str) -> None:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(folder: Path) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path, _ in source_files.files(str(folder), {})]


def test_files__folder__sorted_and_without_what_is_no_source(tmp_path: Path) -> None:
    make(tmp_path, "b.py", "a/c.py", "a/note.ipynb", "gui.pyw", "data.txt", "stub.pyi")
    make(tmp_path, "venv/pyvenv.cfg", "venv/x.py", "conda/conda-meta/history", "conda/x.py")
    make(tmp_path, "lib/site-packages/x.py", ".hidden/x.py", "__pycache__/x.py", "x.egg-info/x.py")
    make(tmp_path, "build/lib/x.py", "dist/x.py", "node_modules/x.py", "de/LC_MESSAGES/x.py")
    assert found(tmp_path) == ["b.py", "gui.pyw", "a/c.py", "a/note.ipynb"]


def test_files__build_that_is_a_package__counts(tmp_path: Path) -> None:
    make(tmp_path, "build/__init__.py", "build/env.py")
    assert found(tmp_path) == ["build/__init__.py", "build/env.py"]


def test_files__folder_of_installed_packages_that_is_named__is_looked_into(tmp_path: Path) -> None:
    make(tmp_path / "site-packages", "a.py")
    assert found(tmp_path / "site-packages") == ["a.py"]


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ("a.py", ["b.py", "sub/b.py"]),
        ("/a.py", ["b.py", "sub/a.py", "sub/b.py"]),
        ("sub/", ["a.py", "b.py"]),
        ("sub/a.py", ["a.py", "b.py", "sub/b.py"]),
        ("*.py\n!b.py", ["b.py", "sub/b.py"]),
        ("**/a.py", ["b.py", "sub/b.py"]),
        ("sub/**", ["a.py", "b.py"]),
        ("[ac].py", ["b.py", "sub/b.py"]),
        ("[!a].py", ["a.py", "sub/a.py"]),
        ("?.py", []),
        ("# a.py\n\n\\#x", ["a.py", "b.py", "sub/a.py", "sub/b.py"]),
        ("a.py   ", ["b.py", "sub/b.py"]),
        ("a.py/", ["a.py", "b.py", "sub/a.py", "sub/b.py"]),
        ("[\n/\n[z-a].py", ["a.py", "b.py", "sub/a.py", "sub/b.py"]),  # none of them a pattern
    ],
)
def test_files__gitignore__is_honoured(tmp_path: Path, rules: str, left: list[str]) -> None:
    make(tmp_path, "a.py", "b.py", "sub/a.py", "sub/b.py")
    (tmp_path / ".gitignore").write_text(rules)
    assert found(tmp_path) == left


def test_files__gitignore_further_down__comes_after_the_one_above(tmp_path: Path) -> None:
    make(tmp_path, "x.py", "sub/x.py", "sub/y.py", "other/y.py")
    (tmp_path / ".gitignore").write_text("x.py\n")
    (tmp_path / "sub" / ".gitignore").write_text("!x.py\ny.py\n")
    assert found(tmp_path) == ["other/y.py", "sub/x.py"]


def test_find__links__each_file_once(tmp_path: Path) -> None:
    make(tmp_path, "sub/a.py")
    (tmp_path / "sub" / "up").symlink_to("..")
    (tmp_path / "link.py").symlink_to("sub/a.py")
    (tmp_path / "broken.py").symlink_to("nowhere")
    assert [Path(one.path).name for one in source_files.find([str(tmp_path)], {})] == ["a.py"]


def test_files__link_to_itself_and_pipe__are_no_sources(tmp_path: Path) -> None:
    make(tmp_path, "a.py")
    (tmp_path / "circle.py").symlink_to("circle.py")
    os.mkfifo(tmp_path / "pipe.py")
    assert found(tmp_path) == ["a.py"]


def test_find__file_in_a_folder_that_is_named_too__is_a_script(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py")
    both = source_files.find([str(tmp_path), str(tmp_path / "a.py"), "-"], {})
    assert {(Path(one.label).name, bool(one.tree)) for one in both} == {
        ("a.py", False),
        ("b.py", True),
        ("<stdin>", False),
    }


def test_files__folder_below_that_cannot_be_read__is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (tmp_path / "main.py").write_text("import a\n")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert [path for path, _ in source_files.files(str(tmp_path), {})] == [
        str(tmp_path / "main.py"),
        str(closed),
    ]
