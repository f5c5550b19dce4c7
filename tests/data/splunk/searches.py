"""The search commands of the tests' app."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

Record = dict[str, Any]


def score(
    records: Iterable[Record], *fields: str, factor: float = 1, exact: bool = False
) -> Iterator[Record]:
    """Multiply fields by a factor.

    The products are in fields of their own.
    """
    print("on stdout")
    os.write(1, b"by the descriptor\n")
    assert sys.stdin.read() == ""
    seen = 0
    for record in records:
        seen += 1
        for field in fields or ("price",):
            product = float(record[field]) * factor
            record[f"{field}_score"] = product if exact else int(product)
        yield {**record, "seen": seen}


def total(records: Iterable[Record], field: str = "price") -> list[Record]:
    """Add up a field."""
    return [{"total": sum(float(one[field]) for one in records)}]


def first(records: Iterator[Record]) -> Iterator[Record]:
    """Let one record through."""
    yield next(records)


def numbers(*, count: int, searchinfo: dict[str, Any]) -> Iterator[Record]:
    """Count."""
    for number in range(count):
        yield {"n": number, "sid": searchinfo["sid"], "prefix": sys.prefix}


def values(records: Iterable[Record]) -> Iterator[Record]:
    """Add a value to a field of several."""
    for record in records:
        yield {"tags": [*record["tags"], "$new"], "none": None, "map": {"a": [1]}, "yes": True}


def broken(records: Iterable[Record]) -> Iterator[Record]:
    """Fail in the middle."""
    for number, record in enumerate(records):
        if number:
            raise ValueError("no second\nrecord")
        yield record


def left(records: Iterable[Record]) -> Iterator[Record]:
    """Leave."""
    sys.exit(3)


def told(records: Iterable[Record]) -> Iterator[Record]:
    """Leave with a message."""
    sys.exit("there is no price")


def killed(records: Iterable[Record]) -> Iterator[Record]:
    """End without a word."""
    os.kill(os.getpid(), 9)
    yield from records


def nothing(records: Iterable[Record]) -> None:
    """Give no records."""
