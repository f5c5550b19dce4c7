"""Find files that no program running in the environment needs.

Only files that are safe to leave out by kind and place count. Modules that others import are kept,
what packages need that compile at run time is kept, and so are all license texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pypackage.archive import tar_stream
from pypackage.archive.contents import Contents, Entry

_LIBRARY = r"lib/python\d[\w.]*"
_SITE = rf"{_LIBRARY}/(?:site|dist)-packages"

_LICENCE = re.compile(r"(?i)licen[cs]e|copying|copyright|notice|authors|patents")  # in file names
_BUILDING = re.compile(
    rf"include/.*|(lib|share)/(cmake|pkgconfig)/.*|share/aclocal/.*|{_LIBRARY}/config-\d[^/]*/.*"
)
_DOCUMENTATION = re.compile(r"(share/(doc|man|info|gtk-doc|help)|man|docs?)/.*")
_STANDARD_TESTS = re.compile(rf"{_LIBRARY}/(?!(?:site|dist)-packages/)([\w/]+/)?(idle_)?tests?/.*")
_TESTS = re.compile(rf"{_SITE}/(?P<top>[\w-]+)/(.+/)?tests/.*")

_MODULE = re.compile(rf"{_SITE}/.*\.py")
_ONE_TEST = re.compile(r"/(conftest|test_[^/]*)\.py$")

# An import from a test folder by another module: `from .tests.runner import x`.
_IMPORT = re.compile(
    rb"^[ \t]*(?:from|import)[ \t]+(?P<path>test\b|[\w.]*[^#\n]*?(?:\([^)]*?)?\btests\b)"
    rb"|import_module\([ \t]*[\"'](?P<named>[\w.]*\btests)\b",
    re.MULTILINE,
)

_WORD = re.compile(rb"tests?\b")  # contained in every import of tests

# Packages that compile when used, or exist to build others.
_COMPILES = re.compile(
    r"(gcc|gxx|gfortran|clang|cling|root|cppyy|cupy|cuda-nv|cudatoolkit|nvidia-cuda-nv|triton|torch"
    r"|pytorch|libtorch|pytensor|theano|aesara|pythran|cython|pybind11|nanobind|numba-cuda|r-base"
    r"|(c|cxx|fortran)-compiler|compilers|cmake|meson|xeus-cling|julia|pyjulia|rust|llvmdev)"
    r"([-_].*)?"
)


def kinds(contents: Contents, *, by_name: bool = False) -> dict[str, str]:
    """The files that can be left out, each with a word for the reason.

    The words are `tests`, `static libraries`, `headers`, `documentation` and `type stubs`.

    Args:
        contents: All files.
        by_name: Whether to read no module: tests that modules import are then included.
    """
    places = {entry.target for entry in contents.entries}
    building = any(_COMPILES.fullmatch(package.name) for package in contents.packages)
    used = set() if by_name else _imported_tests(contents.entries)
    compiled = {_stem(path) for path in places if path.endswith(".so")}
    found = {}
    for path in sorted(places):
        kind = _kind(path, building, used, places, compiled)
        if kind and not _LICENCE.search(path.rpartition("/")[2]):
            found[path] = kind
    return found


def worth_telling(contents: Contents) -> tuple[int, int] | None:
    """Bytes that could be left out, and bytes of all files; None below a fifth, or 10 MB.

    Modules are only read if file names alone suggest that much.
    """
    sizes = {entry.target: tar_stream.size(entry) for entry in contents.entries}
    whole = sum(sizes.values())
    least = max(whole // 5, 10_000_000)
    promised = kinds(contents, by_name=True)
    if sum(sizes[path] for path in promised) < least:
        return None
    used = _imported_tests(contents.entries)
    kept = (path for path, kind in promised.items() if kind == "tests" and not _is_test(path, used))
    saved = sum(sizes[path] for path in promised) - sum(sizes[path] for path in kept)
    return (saved, whole) if saved >= least else None


def _kind(path: str, building: bool, used: set[str], places: set[str], compiled: set[str]) -> str:
    if _is_test(path, used):
        return "tests"
    if path.endswith((".a", ".la")):
        return "" if building else "static libraries"
    if _BUILDING.fullmatch(path):
        return "" if building else "headers"
    if _DOCUMENTATION.fullmatch(path):
        return "documentation"
    if path.endswith(".pyi") and not path.endswith("/__init__.pyi"):  # lazy_loader reads that
        # Without a module beside them they are data of another program, such as a type checker.
        stem = path[: -len(".pyi")]
        return "type stubs" if f"{stem}.py" in places or stem in compiled else ""
    return ""


def _is_test(path: str, used: set[str]) -> bool:
    if "test" not in path:  # most paths: the expressions are slower
        return False
    if _STANDARD_TESTS.fullmatch(path):
        return "test" not in used
    found = _TESTS.fullmatch(path)
    return bool(found and found["top"] not in used)


def _stem(path: str) -> str:
    """The path of a compiled module without what follows its name, `.cpython-311-….so`."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _imported_tests(entries: Sequence[Entry]) -> set[str]:
    """The packages whose tests are imported by a module that is not a test."""
    return {top for entry in _modules(entries) for top in _named_in(entry)}


def _modules(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        path = entry.target
        if _MODULE.fullmatch(path) and not _TESTS.fullmatch(path) and not _ONE_TEST.search(path):
            yield entry


def _named_in(entry: Entry) -> Iterator[str]:
    """The top-level packages whose tests a module imports; its own, for a relative import."""
    info = tar_stream.tar_info(entry)
    text = b"".join(tar_stream.content(entry, info.size)) if info.isreg() else b""
    own = entry.target.split("/")[3]
    for start, end in _around_tests(text):
        for found in _IMPORT.finditer(text, start, end):
            words = re.findall(
                r"[\w.]+", (found["path"] or found["named"]).decode(errors="replace")
            )
            yield from (own if word.startswith(".") else word.partition(".")[0] for word in words)


def _around_tests(text: bytes) -> Iterator[tuple[int, int]]:
    """Ranges that may contain imports of tests: from the last `)` before each word to its end.

    Searching the whole text takes ten times as long, 0.5 s for 26 MB.
    """
    for word in _WORD.finditer(text):
        closed = text.rfind(b")", 0, word.start()) + 1
        yield text.rfind(b"\n", 0, closed) + 1, word.end()
