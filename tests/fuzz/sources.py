"""Sources that nobody would write: random ones, real ones with random damage."""

from __future__ import annotations

import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st

# What the analyzer looks for, and what its ways of reading may stumble over.
PIECES = [
    b"import a", b"from . import b", b"from c.d import (e,", b"lazy import f", b"import", b"from ",
    b"__import__('c')", b"importlib.import_module(", b"find_spec('x')", b"exec('import y')",
    b"if TYPE_CHECKING:", b"if sys.version_info >= (3,", b"if False:", b"else:", b"elif x:",
    b"try:", b"except ImportError:", b"except E, e:", b"except* E:", b"finally:", b"with suppress(",
    b"def f(", b"class K:", b"async def g():", b"lambda: ", b"match x:", b"case _:",
    b"type X[T] = ", b"@", b"print 'x'", b"print >>f,", b"exec 'x' in y", b"`", b"<>", b"10L",
    b"sys.path.insert(0, ", b"__all__ = [", b"# /// script\n", b"# ///\n", b"# dependencies = [",
    b"\n", b"\n\n", b"\r", b"\r\n", b"\f", b"\v", b"    ", b"\t", b" ", b"\\\n", b"\\", b";", b":",
    b"'", b'"', b"'''", b'"""', b"f'", b"f'{", b"rb'", b"t'{", b"{", b"}", b"{{", b"(", b")", b"[",
    b"]", b"#", b" coding: ", b"utf-16", b"latin-1", b"\0", b"\xef\xbb\xbf", b"\xff", b"\xc3\xa9",
    "ﬁ".encode(), "\u2028".encode(), "\U0001f600".encode(), b"\x1a", b"%%bash\n", b"!ls\n", b"x?",
    b"%time ", b'{"cells": [', b'"cell_type": "code"', b'"source": ["', b"]}", b"*", b"=", b"x",
    b"1", b"-" * 50, b"(" * 150, b"[" * 40 + b"]" * 40, b"a." * 60 + b"a", b"not " * 100,
    b"9" * 5000, b"ur'", b"0777", b"if x:",
]  # fmt: skip


def _seeds() -> list[bytes]:
    """Some real modules, not too long, with all kinds of syntax in them."""
    library = Path(sysconfig.get_path("stdlib"))
    names = [
        "abc", "asyncio/base_futures", "bisect", "codeop", "colorsys", "contextvars", "copy",
        "email/encoders", "fnmatch", "glob", "heapq", "importlib/util", "keyword", "linecache",
        "lzma", "nturl2path", "opcode", "pickle", "pkgutil", "reprlib", "runpy", "shelve", "signal",
        "stat", "struct", "tempfile", "token", "types", "weakref", "zipapp",
    ]  # fmt: skip
    paths = [library / f"{name}.py" for name in names]
    return [path.read_bytes()[:8000] for path in paths if path.exists()]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real module with some places cut, repeated, replaced or filled with something."""
    source = draw(st.sampled_from(_SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(source)))
        end = min(len(source), start + draw(st.sampled_from([0, 0, 1, 3, 40, 1000, 10_000])))
        put = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4), st.just(b"")))
        source = source[:start] + put + source[end:]
    return source


_SEEDS = _seeds()

indented_pieces = st.lists(
    st.tuples(st.sampled_from([b"", b"    ", b"        ", b"\t"]), st.sampled_from(PIECES)),
    max_size=20,
).map(lambda lines: b"\n".join(indent + piece for indent, piece in lines))

sources = st.one_of(
    damaged(),
    indented_pieces,
    st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join),
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
"""Any bytes that a file may hold, most of them close to Python."""


def many_sources(number: int) -> Iterator[bytes]:
    """The same kinds of sources, always the same ones.

    Hypothesis, whose bookkeeping takes two thirds of the time, makes new ones in other tests.
    """
    chance = random.Random(number)
    for _ in range(number):
        yield chance.choice(_KINDS)(chance)


def _damaged(chance: random.Random) -> bytes:
    source = chance.choice(_SEEDS)
    for _ in range(chance.randint(1, 4)):
        start = chance.randint(0, len(source))
        end = start + chance.choice([0, 0, 1, 3, 40, 1000, 10_000])
        puts = (chance.choice(PIECES), chance.randbytes(chance.randint(0, 4)), b"")
        source = source[:start] + chance.choice(puts) + source[end:]
    return source


def _indented_pieces(chance: random.Random) -> bytes:
    indents = [b"", b"    ", b"        ", b"\t"]
    pieces = _pieces(chance, 20)
    return b"\n".join(chance.choice(indents) + piece for piece in pieces)


def _pieces(chance: random.Random, most: int) -> list[bytes]:
    return chance.choices(PIECES, k=chance.randint(0, most))


def _text(chance: random.Random) -> bytes:
    """Characters of which half are ASCII, and some are no characters."""
    tops = chance.choices([0x7F, 0x2FFF, 0xFFFF, 0x10FFFF], [6, 2, 2, 2], k=chance.randint(0, 100))
    return "".join(chr(chance.randint(0, top)) for top in tops).encode("utf-8", "surrogatepass")


_KINDS = (
    _damaged,
    _indented_pieces,
    lambda chance: b"".join(_pieces(chance, 25)),
    lambda chance: chance.randbytes(chance.randint(0, 200)),
    _text,
)
