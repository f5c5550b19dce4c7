from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pypackage.archive import report, select
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.archive.report import duplicates, graph, owners
from pypackage.archive.report.costs import Report
from pypackage.core.progress import SILENT

SITE = "lib/python3.11/site-packages"
NOISE = os.urandom(200_000)


def package(name: str, *depends: str) -> Package:
    return Package(name, "1.0", "0", "linux-64", "", "", depends)


def entry(path: str, data: bytes = b"x", package: str = "") -> Entry:
    return Entry(path.replace("S/", f"{SITE}/"), None, data, package=package, mode=0o644)


@pytest.fixture
def contents() -> Contents:
    """Two conda packages on Python and a wheel that needs one of them."""
    metadata = b"Name: Big_Wheel\nVersion: 2.5\nRequires-Dist: NumPy>=1\nRequires-Dist: no; "
    record = b"big/__init__.py,,\nBig_Wheel-2.5.dist-info/RECORD,,\n../../../bin/big,,\n"
    return Contents(
        entries=(
            entry("bin/python3", NOISE, "python"),
            entry("lib/libz.so.1.2", NOISE[:50_000], "zlib"),
            entry("S/numpy/a.py", b"x = 1\n" * 20_000, "numpy"),
            entry("S/numpy/__pycache__/a.cpython-311.pyc", b"code"),
            entry("S/numpy/tests/test_a.py", b"test" * 10_000, "numpy"),
            entry("S/numpy.libs/libz-0123abcd.so.1.3", NOISE[:60_000], "numpy"),
            entry("conda-meta/numpy-1.0-0.json", b"{}"),
            entry("S/big/__init__.py", NOISE[:30_000]),
            entry("S/big/copy.bin", NOISE[:20_000]),
            entry("S/other/copy.bin", NOISE[:20_000], "zlib"),
            entry("bin/big", b"#!"),
            entry("S/Big_Wheel-2.5.dist-info/METADATA", metadata + b'extra == "a"\n\nName: no\n'),
            entry("S/Big_Wheel-2.5.dist-info/RECORD", record + b"big/copy.bin,,\n"),
            entry("bin/activate", b"activate"),
        ),
        relocations=(),
        packages=(
            package("python", "zlib >=1", "__glibc >=2.17"),
            package("zlib"),
            package("numpy", "python >=3.11,<3.12", "not-there"),
        ),
    )


@pytest.fixture
def made(contents: Contents, tmp_path: Path) -> Report:
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(bytes(500_000))
    asked = ["big-wheel", "python=3.11"]
    return report.of(contents, asked, archive, compressed=True)


def test_owners__of_wheels_byte_code_and_records__are_their_packages(contents: Contents) -> None:
    found = owners.owners(contents)
    assert found[f"{SITE}/big/__init__.py"] == found["bin/big"] == "big-wheel"
    assert found[f"{SITE}/numpy/__pycache__/a.cpython-311.pyc"] == "numpy"
    assert found["conda-meta/numpy-1.0-0.json"] == "numpy"
    assert "bin/activate" not in found


def test_packages__wheel__needs_what_is_not_an_extra(contents: Contents) -> None:
    wheel = owners.packages(contents)["big-wheel"]
    assert wheel == owners.ReportedPackage("big-wheel", "2.5", "PyPI", ("numpy",))


def test_costs__each_package__has_the_way_from_what_was_asked_for(made: Report) -> None:
    ways = {cost.name: cost.way for cost in made.costs}
    assert ways["big-wheel"] == ("big-wheel",)
    assert ways["numpy"] == ("big-wheel", "numpy")
    assert ways["zlib"] == ("python", "zlib")
    assert ways[""] == ()


def test_costs__sizes_and_files__add_up_to_the_whole(made: Report, contents: Contents) -> None:
    assert made.size == sum(len(entry.data or b"") for entry in contents.entries)
    assert made.files == len(contents.entries)
    assert made.packed == pytest.approx(500_000, abs=5)
    costs = {cost.name: cost for cost in made.costs}
    # What cannot be compressed takes the larger part of the archive.
    assert costs["python"].packed / costs["python"].size > 2 * (
        costs["numpy"].packed / costs["numpy"].size
    )
    assert [cost.size for cost in made.costs] == sorted((c.size for c in made.costs), reverse=True)


def test_costs__saves__is_the_package_and_what_it_alone_needs(made: Report) -> None:
    costs = {cost.name: cost for cost in made.costs}
    assert costs["big-wheel"].saves == costs["big-wheel"].size + costs["numpy"].size
    assert costs["numpy"].saves == costs["numpy"].size  # Python was asked for, too
    assert costs["python"].saves == costs["python"].size + costs["zlib"].size


def test_graph__circle_of_needs__ends() -> None:
    needs = {"a": ("b",), "b": ("a", "c"), "c": ("b",)}
    assert graph.ways(["a"], needs)["c"] == ("a", "b", "c")
    assert sorted(graph.only_through("b", ["a"], needs)) == ["b", "c"]
    assert graph.roots(["x"], needs) == ("a", "b", "c")


def test_graph__nothing_asked_for__begins_where_nothing_else_needs_it() -> None:
    assert graph.roots([], {"a": ("b",), "b": (), "c": ("b", "c")}) == ("a", "c")


def test_duplicates__in_several_packages__are_told(made: Report) -> None:
    (same,) = made.same_content
    assert (same.name, same.extra) == ("copy.bin", 20_000)
    (library,) = made.same_library
    assert (library.name, library.size, library.extra) == ("libz", 110_000, 50_000)
    assert [owner for _, owner in library.files] == ["zlib", "numpy"]


def test_duplicates__equal_libraries__are_told_once() -> None:
    entries = [entry("a/libx.so.1", NOISE, "a"), entry("b/libx.so.1", NOISE, "b")]
    whose = {"a/libx.so.1": "a", "b/libx.so.1": "b"}
    same = duplicates.same_content(entries, whose)
    assert [one.name for one in same] == ["libx"]
    assert duplicates.same_library(entries, whose, same) == ()
    assert [one.name for one in duplicates.same_library(entries, whose, ())] == ["libx"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("lib/libz.so.1.2.13", "libz"),
        ("S/numpy.libs/libopenblas64_p-r0-0cf96a72.3.23.dev.so", "libopenblas64_p-r0"),
        ("S/x.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "libgfortran"),
        ("lib/libpython3.11.so.1.0", "libpython3"),
        ("S/pandas/_libs/lib.cpython-311-x86_64-linux-gnu.so", ""),
        ("lib/liba.a", ""),
    ],
)
def test_library__name__is_without_version_and_digest(path: str, name: str) -> None:
    assert duplicates.library(path) == name


def test_savings__tests__are_what_slim_would_leave_out(made: Report, contents: Contents) -> None:
    (saving,) = made.savings
    assert (saving.kind, saving.files, saving.size) == ("tests", 1, 40_000)


def test_plain__text__tells_all(made: Report) -> None:
    text = report.plain(made)
    assert text.startswith("mine.tar.gz: 0.5 MB, unpacked 0.5 MB in 14 files\n")
    assert re.search(r"^zlib 1\.0 +0\.1 .* python$", text, re.M)
    assert re.search(r"^big-wheel 2\.5 .* asked for$", text, re.M)
    assert "libz-0123abcd.so.1.3 (numpy)" in text
    assert "  tests: 0.0 MB in 1 files" in text


def test_plain__slim_archive__tells_what_was_left_out(contents: Contents, tmp_path: Path) -> None:
    slim = select.select(contents, [], True, SILENT)
    made = report.of(slim, [], tmp_path, compressed=False)
    assert made.packed == made.size
    assert "--slim would leave out nothing" in report.plain(made)
    assert "Left out: 0.0 MB in 1 files (--slim)" in report.plain(made)


class Page(HTMLParser):
    """Looks for open tags and for what would be loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [f"{tag} {value}" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "input", "li"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "li":
            assert self.open.pop() == tag


def test_page__html__is_well_formed_and_loads_nothing(made: Report, tmp_path: Path) -> None:
    report.write_page(made, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.loaded == []
    assert "url(" not in text
    assert "http" not in text
    assert re.search(r'<th scope="row" data-v="zlib">zlib', text)
    assert "asked for" in text


def test_page__names_with_markup__are_escaped(contents: Contents, tmp_path: Path) -> None:
    bad = Contents((*contents.entries, entry("x", NOISE, "<b>&$x")), (), contents.packages)
    made = report.of(bad, [], tmp_path, compressed=False)
    report.write_page(made, tmp_path / "r.html")
    assert "&lt;b&gt;&amp;$x" in (tmp_path / "r.html").read_text()
    assert "<b>&$x" not in (tmp_path / "r.html").read_text()
