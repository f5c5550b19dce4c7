"""Write conda-meta/history: which packages were requested, and when they were installed.

With it `conda env export --from-history` and the packages that `conda install` keeps are as in an
environment created by conda. It is only in environments on this machine, not in archives, as it
contains times.

Source: conda/history.py of conda 26.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pypackage.backends import conda_meta
from pypackage.backends.conda.channel_urls import ALIAS, REPOSITORY
from pypackage.core.errors import InstallError
from pypackage.core.urls import redact

PATH = "conda-meta/history"


def write(prefix: Path, specs: Sequence[str]) -> None:
    """Record in a new environment what was requested, and what it contains.

    Args:
        specs: Match specs.

    Raises:
        InstallError: It cannot be written.
    """
    now = time.strftime("%Y-%m-%d %H:%M:%S")
    lines = [f"==> {now} <==", "# cmd: python_package_create"]
    lines += sorted(f"+{_distribution(record)}" for record in conda_meta.records(prefix))
    lines += [f"# update specs: {list(dict.fromkeys(map(redact, specs)))}"] if specs else []
    with InstallError.wrapping("cannot write the history", prefix / PATH):
        (prefix / PATH).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _distribution(record: Mapping[str, Any]) -> str:
    """A package as conda writes it: CHANNEL/SUBDIR::NAME-VERSION-BUILD.

    With another name of the channel, conda would see another package, removed and added again.
    """
    channel = redact(record.get("channel") or "").rstrip("/").removeprefix(f"{ALIAS}/")
    if channel.startswith(f"{REPOSITORY}/pkgs/"):
        channel = "defaults"
    name = "-".join(record[key] for key in ("name", "version", "build"))
    return f"{channel}/{record['subdir']}::{name}"
