from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.analysis import source_files
from pypackage.analysis.exports import Exported
from pypackage.analysis.finder import Finder, Located


@pytest.fixture
def finder() -> Finder:
    return Finder(Exported(lambda path: source_files.read(path, path), lambda *asked: asked[3]()))


def make(folder: Path, **files: str) -> None:
    for name, content in files.items():
        path = folder / name.replace("__in", "__init__.py").replace("_S_", "/").replace("_D_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def names(located: Located | None, folder: Path) -> tuple[list[str], list[str]]:
    assert located is not None
    tops = [str(Path(one).relative_to(folder)) for one in located.tops]
    return tops, [str(Path(one).relative_to(folder)) for one in located.files]


def test_find__submodule__every_package_above_it_runs(finder: Finder, tmp_path: Path) -> None:
    make(tmp_path, p_S___in="", p_S_q_S___in="", p_S_q_S_m_D_py="")
    expected = (["p"], ["p/__init__.py", "p/q/__init__.py", "p/q/m.py"])
    assert names(finder.find("p.q.m", "", (str(tmp_path),)), tmp_path) == expected
    assert names(finder.find("p.q", "m", (str(tmp_path),)), tmp_path) == expected
    assert names(finder.find("p.q.missing", "", (str(tmp_path),)), tmp_path)[0] == ["p"]


def test_find__link_to_itself_beside_it__module_is_found(finder: Finder, tmp_path: Path) -> None:
    make(tmp_path, helper_D_py="")
    (tmp_path / "circle").symlink_to("circle")
    expected = (["helper.py"], ["helper.py"])
    assert names(finder.find("helper", "", (str(tmp_path),)), tmp_path) == expected


def test_find__order_in_a_folder__package_then_compiled_then_module(
    finder: Finder, tmp_path: Path
) -> None:
    make(tmp_path, a_S___in="", a_D_py="", b_D_so="", b_D_py="", c_S_x_D_py="", c_D_py="")
    roots = (str(tmp_path),)
    assert names(finder.find("a", "", roots), tmp_path) == (["a"], ["a/__init__.py"])
    assert names(finder.find("b", "", roots), tmp_path) == (["b.so"], [])
    assert names(finder.find("c", "", roots), tmp_path) == (["c.py"], ["c.py"])


def test_find__folder_without_init__counts_only_with_what_is_asked(
    finder: Finder, tmp_path: Path
) -> None:
    make(tmp_path, space_S_sub_S_m_D_py="", data_S_table_D_csv="")
    roots = (str(tmp_path),)
    located = finder.find("space.sub.m", "", roots)
    assert names(located, tmp_path) == (["space"], ["space/sub/m.py"])
    assert located is not None
    assert located.namespace
    assert finder.find("space", "other", roots) is None
    assert finder.find("data", "", roots) is None


def test_find__star__submodules_that_all_names(finder: Finder, tmp_path: Path) -> None:
    make(tmp_path, p_S___in="__all__ = ['m', 'x']\nx = 1", p_S_m_D_py="", p_S_n_D_py="")
    located = finder.find("p", "*", (str(tmp_path),))
    assert names(located, tmp_path)[1] == ["p/__init__.py", "p/m.py"]


@pytest.mark.parametrize(
    ("init", "runs"),
    [
        ("m = 1", False),
        ("def m(): pass", False),
        ("class m: pass", False),
        ("for m in x: pass", False),
        ("from .m import y", True),
        ("from . import m", True),
        ("mm = 1", True),
        ("# m = 1", True),
    ],
)
def test_find__name_that_the_package_binds__comes_before_a_submodule(
    finder: Finder, tmp_path: Path, init: str, runs: bool
) -> None:
    make(tmp_path, p_S___in=init, p_S_m_D_py="")
    files = names(finder.find("p", "m", (str(tmp_path),)), tmp_path)[1]
    assert ("p/m.py" in files) is runs


def test_find_relative__levels__folders_above(finder: Finder, tmp_path: Path) -> None:
    make(tmp_path, p_S___in="", p_S_m_D_py="", p_S_q_S___in="", p_S_q_S_n_D_py="")
    folder = str(tmp_path / "p" / "q")
    assert names(finder.find_relative(".", "n", folder), tmp_path) == (
        ["p/q/n.py"],
        ["p/q/__init__.py", "p/q/n.py"],
    )
    assert names(finder.find_relative("..m", "x", folder), tmp_path)[0] == ["p/m.py"]
    assert finder.find_relative("." * 99, "x", folder) is None


def test_outermost_package__folders_without_init__within_the_tree_only(
    finder: Finder, tmp_path: Path
) -> None:
    make(tmp_path, p_S___in="", p_S_space_S_m_D_py="")
    folder = str(tmp_path / "p" / "space")
    assert finder.outermost_package(folder, str(tmp_path)) == str(tmp_path / "p")
    assert Finder.outermost_package(finder, str(tmp_path / "p")) == str(tmp_path / "p")
