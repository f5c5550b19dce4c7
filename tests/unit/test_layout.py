"""The tree stays as docs/development.md says: small modules and functions, at named places."""

import keyword
import re
from pathlib import Path

import pytest

import tests.support

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pypackage"
SOURCES = sorted(
    path
    for folder in ("pypackage", "benchmarks", "scripts", "integrations", "examples")
    for path in (ROOT / folder).rglob("*.py")
)


# A `def` and 50 lines that are empty or further in than it is, the last of them not empty. To parse
# all sources for this takes four times as long.
LONG = re.compile(r"^( *)(?:async )?def (\w+).*\n(?:(?:\1[ )].*)?\n){49,}\1[ )]", re.MULTILINE)


def test_sources__modules_and_functions__fit_on_few_screens() -> None:
    long = []
    for path in SOURCES:
        content = path.read_text(encoding="utf-8")
        if (count := content.count("\n")) > 400:
            long.append(f"{path.relative_to(ROOT)}: {count} lines")
        found = (match[2] for match in LONG.finditer(content))
        long += [f"{path.relative_to(ROOT)}: {name} has more than 50 lines" for name in found]
    assert not long


@pytest.mark.parametrize(("count", "is_long"), [(49, False), (50, True)])
def test_long__method_of_a_class__counts_from_its_def_to_its_last_line(
    count: int, is_long: bool
) -> None:
    body = "\n".join(["        x = 1", *[""] * (count - 2), "        return x"])
    source = f"class A:\n    def f(self):\n{body}\n\n\n    def g(self):\n        pass\n"
    assert bool(LONG.search(source)) == is_long


def test_package__entries_at_its_top__are_few() -> None:
    entries = [one for one in PACKAGE.iterdir() if one.name != "__pycache__"]
    assert len(entries) <= 14


@pytest.mark.parametrize("page", ["docs/development.md", "CONTRIBUTING.md"])
def test_page__paths_that_it_names__are_there(page: str) -> None:
    spans = re.findall(r"`([\w./-]+/[\w./-]*)`", (ROOT / page).read_text(encoding="utf-8"))
    assert spans
    places = (ROOT, PACKAGE)
    gone = [one for one in spans if not any((place / one).exists() for place in places)]
    assert not gone


def test_map__folders__are_those_of_the_package() -> None:
    page = (ROOT / "docs/development.md").read_text(encoding="utf-8")
    drawn = page.partition("```text")[2].partition("```")[0]
    named = set(re.findall(r"\b(\w+)/(?=\s)", drawn))
    assert named == {one.name for one in PACKAGE.iterdir() if one.is_dir()} - {"__pycache__"}


def rows_of_places() -> list[str]:
    page = (ROOT / "docs/development.md").read_text(encoding="utf-8")
    return re.findall(r"^\| .+ \| (`.+) \|$", page, re.MULTILINE)


@pytest.mark.parametrize("row", rows_of_places())
def test_where_is__names_in_a_row__are_modules_or_words_of_the_places_named(row: str) -> None:
    spans = re.findall(r"`([\w./]+)`", row)
    places = [ROOT / one if (ROOT / one).exists() else PACKAGE / one for one in spans if "/" in one]
    folders = [one if one.is_dir() else one.parent for one in places]
    text = "".join(one.read_text(encoding="utf-8") for one in places if one.is_file())
    for name in spans:
        stem = name.removesuffix(".py")
        if "/" in name or keyword.iskeyword(name):
            continue
        is_module = any((one / f"{stem}.py").exists() or (one / stem).is_dir() for one in folders)
        assert is_module or re.search(rf"\b{name}\b", text), name


def is_module(name: str) -> bool:
    place = PACKAGE.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").is_file()


def test_pages__modules_with_dots__are_there() -> None:
    folders = "|".join(one.name for one in PACKAGE.iterdir() if one.is_dir())
    gone = []
    for page in (ROOT / "docs").glob("*.md"):
        content = page.read_text(encoding="utf-8")
        # In the map without the package's name, and elsewhere with what is in a module behind.
        before = "" if page.name == "development.md" else r"pypackage\."
        for name in re.findall(rf"\b{before}((?:{folders})(?:\.[a-z_]+)+)\b", content):
            if not is_module(name) and not is_module(name.rpartition(".")[0]):
                gone.append(f"{page.name}: {name}")
    assert not gone


def test_support__page_of_it__names_each_module() -> None:
    page = tests.support.__doc__ or ""
    modules = [path.stem for path in Path(tests.support.__file__).parent.glob("[a-z]*.py")]
    assert [name for name in modules if f"`{name}`" not in page] == []
