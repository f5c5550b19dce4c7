"""Make build settings find their prefix by their own location, so that none must be rewritten.

What an interpreter tells compilers names the folder that it was installed in: its
sysconfig data, its Makefile, `python-config`, pkg-config's files. Each of these can determine
its own location when it is read. An environment of such files can be mounted read-only, moved,
and used at once by users who cannot write to it.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property

from pypackage.backends.host.files import PackageFile
from pypackage.python import launcher

_TOKEN = "@prefix@"

# The module locates itself by `__file__`; it is imported, so it may run code.
_SYSCONFIG_TAIL = """

def _at_own_place(variables):
    # Packed elsewhere: the prefix is the folder that this file is in, some levels up.
    import os

    prefix = os.path.abspath(__file__)
    for _ in range({levels}):
        prefix = os.path.dirname(prefix)
    return {{
        name: value.replace("{token}", prefix) if isinstance(value, str) else value
        for name, value in variables.items()
    }}


build_time_vars = _at_own_place(build_time_vars)
"""

_MAKE_HEAD = """\
# Packed elsewhere: the prefix is the folder that this file is in, some levels up.
PACKED_PREFIX := $(abspath $(dir $(lastword $(MAKEFILE_LIST))){up})

"""


@dataclass(frozen=True)
class OwnPlace:
    """Changes the files that can find their prefix.

    Attributes:
        prefixes: Paths that mean the prefix wherever they occur.
        shared: One that also occurs with other meanings, such as /usr; empty for none. It is
            taken for the prefix only alone or followed by one of its main folders.
        folders: Folders that are in the package, relative to `shared`.
    """

    prefixes: tuple[str, ...]
    shared: str = ""
    folders: tuple[str, ...] = ()

    def patch(self, item: PackageFile) -> PackageFile:
        """Return an item without a prefix to rewrite; the same item if it is not such a file.

        Raises:
            OSError: The item's source cannot be read.
        """
        change = next((_KINDS[kind] for kind in _KINDS if fnmatchcase(item.path, kind)), None)
        if change is None or item.link or self._pattern is None:
            return item
        content = item.source.read_bytes() if item.source else item.content or b""
        text = content.decode("utf-8", "surrogateescape")
        up = posixpath.relpath(".", posixpath.dirname(item.path))
        changed = change(text, up, self._pattern).encode("utf-8", "surrogateescape")
        runs = bool(item.source.stat().st_mode & 0o111) if item.source else item.executable
        return replace(item, source=None, content=changed, executable=runs)

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """Match the prefix, as a whole path."""
        found = [rf"{re.escape(prefix)}(?![\w.-])" for prefix in self.prefixes]
        if self.shared:
            inside = "|".join(map(re.escape, self.folders))
            alone = r"""(?:/(?:bin|include|lib|share))?(?:['"\s]|$)"""
            named = rf"(?:{alone})|/(?:{inside})(?![\w.-])" if inside else alone
            found.append(rf"""(?<=['"\s=]){re.escape(self.shared)}(?={named})""")
        return re.compile("|".join(found), re.MULTILINE) if found else None


def _sysconfig_data(text: str, up: str, prefix: re.Pattern[str]) -> str:
    levels = len(up.split("/")) + 1  # including the file's own name
    return prefix.sub(_TOKEN, text) + _SYSCONFIG_TAIL.format(levels=levels, token=_TOKEN)


def _makefile(text: str, up: str, prefix: re.Pattern[str]) -> str:
    return _MAKE_HEAD.format(up=up) + prefix.sub("$(PACKED_PREFIX)", text)


def _python_config(text: str, up: str, prefix: re.Pattern[str]) -> str:
    interpreter = re.match(r"#!.*/(python[\d.]*t?)\n", text)
    if interpreter is None:
        return text
    return launcher.relative(text.encode(), f"{up}/bin/{interpreter[1]}").decode()


def _pkg_config(text: str, up: str, prefix: re.Pattern[str]) -> str:
    return prefix.sub("${pcfiledir}/" + up, text)


def _build_details(text: str, up: str, prefix: re.Pattern[str]) -> str:
    """Make PEP 739's prefix relative to the file, and its other paths relative to the prefix."""
    named = json.loads(text)["base_prefix"]
    details = json.loads(text.replace(f'"{named}/', '"'))
    return json.dumps({**details, "base_prefix": up}, indent=2) + "\n"


_KINDS: Mapping[str, Callable[[str, str, re.Pattern[str]], str]] = {
    "lib*/_sysconfigdata*.py": _sysconfig_data,
    "lib*/config-*/Makefile": _makefile,
    "bin/python*-config": _python_config,
    "lib*/config-*/python-config.py": _python_config,
    "lib*/build-details.json": _build_details,
    "*/pkgconfig/*.pc": _pkg_config,
}
