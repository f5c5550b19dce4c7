"""Needs that Hydra's configs show: `hydra.utils.instantiate` imports what a `_target_` names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from pypackage.analysis import source_files
from pypackage.analysis.diagnostics import shown
from pypackage.analysis.imports import place
from pypackage.analysis.needs import Implied
from pypackage.core import package_names
from pypackage.core.errors import InputPathError
from pypackage.core.reading import read_input

_FOLDERS = re.compile(
    rb"(?:\bconfig_path\s*=\s*|\bhydra\.main\(\s*|\binitialize(?:_config_dir)?\(\s*)"
    rb"[rR]?\\?[\"']([^\"'\\\n]+)"  # with a backslash in a notebook's JSON
)
_TARGETS = re.compile(
    rb"^[ \t]*(?:- +)?([\"']?)_target_\1[ \t]*:[ \t]*[\"']?([\w.]+)", re.MULTILINE
)
_ENDINGS = (".yaml", ".yml")
_MOST = 2_000  # configs of one program, and folders that they are looked for in


def named(path: str, content: bytes) -> Iterator[Implied]:
    """The known packages that the configs of a program name, each once, in the files' order.

    Any config may be the one that is chosen when the program runs, so that none is certain.

    Args:
        path: The source that calls `hydra.main` or `initialize`, which say where its configs are.
        content: Its bytes.
    """
    seen: set[bytes] = set()
    for folder in dict.fromkeys(_FOLDERS.findall(content)):
        for config in _configs(os.path.join(os.path.dirname(path), os.fsdecode(folder))):
            try:
                text = read_input(config)
            except InputPathError:
                continue
            for target in _TARGETS.finditer(text):
                module = target[2].decode(errors="replace").rpartition(".")[0]
                top = target[2].partition(b".")[0]
                if module and top not in seen and package_names.find(module):
                    seen.add(top)
                    line = text.count(b"\n", 0, target.start(2)) + 1
                    column = target.start(2) - text.rfind(b"\n", 0, target.start(2))
                    where = place(shown(os.path.normpath(config)), line, column)
                    yield Implied(where, "_target_", (module,), False)


def _configs(folder: str) -> Iterator[str]:
    count = 0
    for here, subfolders, names in os.walk(folder):
        if here != folder and source_files.is_environment((*subfolders, *names)):
            subfolders.clear()
            continue
        subfolders[:] = sorted(filter(source_files.is_searched, subfolders))
        files = (os.path.join(here, one) for one in sorted(names) if one.endswith(_ENDINGS))
        for path in ("", *filter(os.path.isfile, files)):
            count += 1
            if count > _MOST:
                return
            if path:
                yield path
