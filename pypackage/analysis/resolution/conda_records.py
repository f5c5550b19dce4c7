"""Look up conda's installed packages in the records (conda-meta/*.json) of a prefix."""

from __future__ import annotations

import os
import re
from functools import cached_property

from pypackage.analysis.resolution.record_index import read
from pypackage.core import package_names
from pypackage.core.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypackage.python.distributions import Distribution


class CondaPackage(NamedTuple):
    """An installed conda package, from its record.

    Attributes:
        name: Its name.
        version: Its version.
        channel: A name or a URL, without the platform; empty if the record has none.
    """

    name: str
    version: str
    channel: str


class CondaPrefix:
    """The package records of a conda environment."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._contents: dict[str, bytes] = {}

    def holds(self, path: str) -> bool:
        """Whether a path is in the environment."""
        return path.startswith(os.path.join(self.folder, ""))

    def of(self, distribution: Distribution) -> CondaPackage | None:
        """The package that a distribution belongs to; None if pip installed it."""
        inside = f'"{os.path.relpath(distribution.folder, self.folder)}'.encode()
        for record in self._likely(distribution.key):
            if inside in self._content(record):
                return self._package(record)
        return None

    def _likely(self, key: str) -> Iterator[str]:
        """All records, those named like the distribution, itself or in the name table, first.

        Any package may contain any distribution.
        """
        called = {one: package_names.normalize(_name_of(one)) for one in self._records}
        yield from (one for one in self._records if called[one] == key)
        known = package_names.normalize(package_names.conda_name(key))
        yield from (one for one in self._records if called[one] == known != key)
        yield from (one for one in self._records if called[one] not in (key, known))

    def having(self, top: str) -> list[CondaPackage]:
        """The packages that contain a top-level module, sorted."""
        name = re.escape(top.encode())
        module = re.compile(
            rb'"(?:lib/python[0-9.]+/)?(?:site|dist)-packages/%b(?:/|\.py"|\.[^"/]*\.?so")' % name
        )
        having = [one for one in self._records if module.search(self._content(one))]
        return [self._package(one) for one in having]

    def named(self, name: str) -> CondaPackage | None:
        """The package of this name; None if it is not installed."""
        for record in self._records:
            if _name_of(record) == name.lower():
                return self._package(record)
        return None

    @cached_property
    def _records(self) -> list[str]:
        files = os.listdir(f"{self.folder}/conda-meta")
        return sorted(one for one in files if one.endswith(".json") and one.count("-") >= 2)

    def _content(self, record: str) -> bytes:
        if record not in self._contents:
            self._contents[record] = read(f"{self.folder}/conda-meta/{record}")
        return self._contents[record]

    def _package(self, record: str) -> CondaPackage:
        name, version, _ = record.removesuffix(".json").rsplit("-", 2)
        content = self._content(record)
        # Not parsed: the record of Python alone is a megabyte of JSON.
        channel, subdir = (_string(content, key) for key in (b"channel", b"subdir"))
        return CondaPackage(name, version, _public(channel.rstrip("/").removesuffix(f"/{subdir}")))


def _string(content: bytes, key: bytes) -> str:
    """The first string value of a key in the text of a JSON object."""
    found = re.search(rb'"%b"\s*:\s*"([^"\\]*)"' % key, content)
    return found[1].decode("utf-8", "replace") if found else ""


def _name_of(record: str) -> str:
    """The package's name in that of a record, NAME-VERSION-BUILD.json."""
    return record.rsplit("-", 2)[0]


def _public(channel: str) -> str:
    """A channel without user names and tokens; only the name of a public one of conda's."""
    plain = re.sub(r"^(\w+://)[^/@]*@", r"\1", channel.rstrip("/"))
    plain = re.sub(r"(?<=[\w])/t/[^/]+(?=/)", "", plain)
    public = re.fullmatch(r"https://(?:conda|repo)\.anaconda\.(?:org|com)/(.+)", plain)
    return public[1] if public else plain
