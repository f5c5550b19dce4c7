from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pypackage.backends.host.closure import Selection, is_allowed, parse, select
from pypackage.core.errors import RequirementsError
from pypackage.python.distributions import Distribution

MARKERS = {"python_version": "3.11", "python_full_version": "3.11.7", "os_name": "posix"}


def dist(name: str, *requires: str, version: str = "1.0") -> Distribution:
    return Distribution(name, version, "/site", f"/site/{name}.dist-info", requires)


def chosen(roots: list[str], *available: Distribution) -> Selection:
    return select([Requirement(root) for root in roots], available, MARKERS)


def names(selection: Selection) -> dict[str, tuple[str, ...]]:
    return {one.distribution.key: one.depends for one in selection.selected}


def test_select__chain_of_requirements__all_are_taken_others_not() -> None:
    available = dist("A", "b>=0.5"), dist("b", "c"), dist("c"), dist("other")
    assert names(chosen(["a"], *available)) == {"a": ("b >=0.5",), "b": ("c",), "c": ()}


def test_select__cycle__ends() -> None:
    assert names(chosen(["a"], dist("a", "b"), dist("b", "a"))) == {"a": ("b",), "b": ("a",)}


def test_select__markers__evaluated_for_the_interpreter() -> None:
    a = dist("a", "b; python_version < '3.11'", "c; python_version >= '3.11'")
    assert names(chosen(["a"], a, dist("b"), dist("c"))) == {"a": ("c",), "c": ()}


def test_select__extras__follow_and_reach_on() -> None:
    a = dist("a", "a[one]; extra == 'all'", "b[x]; extra == 'one'", "d; extra == 'none'")
    b = dist("b", "c; extra == 'x'")
    found = names(chosen(["a[all]"], a, b, dist("c"), dist("d")))
    assert found == {"a": ("b",), "b": ("c",), "c": ()}


def test_select__root_marker_false__is_passed_over() -> None:
    assert chosen(["a; os_name == 'nt'"]).missing == ()


def test_select__missing_dependency__is_told_with_its_owner() -> None:
    found = chosen(["a", "gone"], dist("a", "b>2"))
    assert [(str(r), owner) for r, owner in found.missing] == [("b>2", "a"), ("gone", "")]
    assert names(found) == {"a": ()}


def test_select__version_outside_range__matters_for_the_user_alone() -> None:
    found = chosen(["a", "b>=2"], dist("a", "b>=2"), dist("b"))
    assert [str(r) for r, _ in found.missing] == ["b>=2"]
    assert names(found) == {"a": ("b",), "b": ()}


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://x.example/a-1.0-py3-none-any.whl", True),
        ("https://me:secret@x.example/a-1.0-py3-none-any.whl#sha256=00", True),
        ("https://x.example/a-2.0-py3-none-any.whl", False),
        ("git+https://x.example/a.git@main", False),
        ("file:///here", True),
    ],
)
def test_select__url__is_met_by_what_was_installed_from_there(
    tmp_path: Path, url: str, taken: bool
) -> None:
    info = tmp_path / "a.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text(
        '{"url": "https://x.example/a-1.0-py3-none-any.whl", "archive_info": {"hash": "sha256=00"}}'
    )
    here = Distribution("a", "1.0", str(tmp_path), str(info), ())
    assert bool(chosen([f"a @ {url}"], here).missing) != taken


def test_is_allowed__constraint_of_another_version__holds_where_its_marker_does() -> None:
    one = dist("tool")
    allowed = ("tool>=1", "other==9", "tool==9 ; python_version < '3'")
    assert is_allowed(one, allowed, MARKERS)
    assert not is_allowed(one, ("Tool==9",), MARKERS)


def test_parse__not_a_requirement__is_an_error_that_shows_it() -> None:
    with pytest.raises(RequirementsError, match="'numpy=>1'"):
        parse("numpy=>1")


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("git+https://x.example/a.git", True),
        ("git+https://x.example/a.git@v1", True),
        ("git+https://x.example/a.git@abc#egg=a", True),
        ("git+https://x.example/a.git@v2", False),
        ("git+https://x.example/a", False),
    ],
)
def test_select__repository__is_met_in_its_revision_alone(
    tmp_path: Path, url: str, taken: bool
) -> None:
    info = tmp_path / "a.dist-info"
    info.mkdir()
    (info / "direct_url.json").write_text(
        '{"url": "https://x.example/a.git", "vcs_info": '
        '{"vcs": "git", "commit_id": "abc", "requested_revision": "v1"}}'
    )
    here = Distribution("a", "1.0", str(tmp_path), str(info), ())
    assert bool(chosen([f"a @ {url}"], here).missing) != taken
