"""The options of `python_package_create` as a TypedDict, for type checkers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypedDict

_Path = str | os.PathLike[str]


class EnvironmentOptions(TypedDict, total=False):
    """The command's long options, with `_` for `-`; see docs/python_package_create.md."""

    environment: str
    group: Sequence[str]
    locked: _Path
    lock: _Path
    sbom: _Path
    category: Sequence[str]
    allow_empty: bool
    allow_guesses: bool
    allow_sdist: bool
    conda_executable: _Path
    platform: str
    exclude_newer: str
    offline: bool
    no_verify: bool
    add: Sequence[str]
    format: str
    since: _Path
    exclude: Sequence[str]
    include: Sequence[str]
    slim: bool
    report: _Path
    compress_level: int
    jobs: int
    cache_limit: str
    rebuild: bool
    python_source: str
    optimize: bool
    without_ensurepip: bool
    app: str
    app_version: str
    release: str
    epoch: int
    url: str
    vendor: str
    section: str
    priority: str
    maintainer: str
    description: str
    license: str
    architecture: str
    install_root: str
    sign: str
    repository: _Path
    command: Sequence[str]
    runtime_deps: Sequence[str]
    recommends: Sequence[str]
    suggests: Sequence[str]
    provides: Sequence[str]
    conflicts: Sequence[str]
    replaces: Sequence[str]
    build_deps: Sequence[str]
    directory: Sequence[str]
    config_file: Sequence[str]
    systemd_unit: _Path
    before_install: _Path
    after_install: _Path
    before_remove: _Path
    after_remove: _Path
    before_upgrade: _Path
    after_upgrade: _Path
    try_root: str
    base: str
    user: str
    label: Sequence[str]
    splunk_command: Sequence[str]
    splunk_files: _Path


class CreateOptions(EnvironmentOptions, total=False):
    """All of them, with `--extra` of a project: `extra` of `environment_for` is another one."""

    extra: Sequence[str]
