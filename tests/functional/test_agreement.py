"""Agreement with CPython: what real packages import when they are imported is in the result.

`python -X importtime` says what was imported, and by which module. For each top-level package
of which a module imported one of another top-level package, the analysis of its folder has to
name that other package: as required, optional or local.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pypackage.python import stdlib
from tests.support.once import one_at_a_time

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "bin" / "python_package_analyze"
VERSION = ".".join(map(str, sys.version_info[:3]))
STANDARD = stdlib.names(VERSION) | set(sys.stdlib_module_names)

PROJECTS = {
    "aiohttp": "aiohttp",
    "ansible-core": "ansible ansible.cli.playbook ansible.executor.task_executor",
    "django": "django django.contrib.admin.sites django.db.models django.test",
    "fastapi": "fastapi",
    "flask": "flask flask.cli",
    "hypothesis": "hypothesis hypothesis.extra.numpy hypothesis.extra.pandas",
    "ipython": "IPython IPython.terminal.ipapp",
    "jinja2": "jinja2 jinja2.ext",
    "matplotlib": "matplotlib matplotlib.pyplot mpl_toolkits.mplot3d",
    "networkx": "networkx networkx.drawing",
    "pandas": "pandas pandas.testing",
    "pytest": "pytest",
    "requests": "requests",
    "scikit-learn": "sklearn sklearn.ensemble sklearn.linear_model sklearn.datasets",
    "sphinx": "sphinx sphinx.application sphinx.ext.autodoc",
    "sqlalchemy": "sqlalchemy sqlalchemy.orm sqlalchemy.dialects.postgresql",
    "sympy": "sympy sympy.plotting",
    "twisted": "twisted twisted.internet.reactor twisted.web.server",
}
"""Distributions, and which of their modules are imported."""

UNSEEN = {("cryptography", "_cffi_backend"): "its extension module imports it"}
"""Pairs of importer and imported that the sources do not show, with the reason."""


@dataclass(frozen=True)
class Edge:
    """A module of one top-level package imported one of another for the first time."""

    importer: str
    imported: str


@pytest.fixture(scope="module")
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the projects and all that they require, kept from run to run."""
    cache = getattr(request.config, "cache", None)
    made = Path(cache.mkdir("pypackage-agreement")) if cache else tmp_path_factory.mktemp("cache")
    folder = made / f"{sys.implementation.cache_tag}"
    with one_at_a_time(made / "lock"):
        if not folder.exists():
            _install(made / f"unfinished-{sys.implementation.cache_tag}").rename(folder)
    return folder


def _install(target: Path) -> Path:
    options = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:", "--upgrade"]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, *PROJECTS],
        check=True,
    )
    return target


@pytest.mark.slow
@pytest.mark.parametrize("project", PROJECTS)
def test_analyze__real_project__explains_what_cpython_imports(
    project: str, packages: Path, results: dict[str, frozenset[str]]
) -> None:
    edges = sorted(set(imported(packages, PROJECTS[project].split())), key=str)
    missing = []
    for edge in edges:
        if edge.importer not in results:
            results[edge.importer] = explained(packages, edge.importer)
        if edge.imported not in results[edge.importer]:
            missing.append((edge.importer, edge.imported))
    assert [pair for pair in missing if pair not in UNSEEN] == []
    assert edges or project in INDEPENDENT


INDEPENDENT = ("networkx",)
"""Projects that import no other package, so that their result explains nothing."""


@pytest.fixture(scope="module")
def results() -> dict[str, frozenset[str]]:
    """What the analysis of each package named, for all projects."""
    return {}


def imported(packages: Path, modules: list[str]) -> Iterator[Edge]:
    """What importing some modules imports, across top-level packages."""
    code = f"import sys; sys.path.insert(0, {str(packages)!r}); import {', '.join(modules)}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    # An import is told when it is done, so those inside of it stand above it: read backwards.
    inside: list[tuple[int, str]] = []
    for line in reversed(done.stderr.splitlines()):
        found = re.match(r"import time:\s+\d+ \|\s+\d+ \| (\s*)(\S+)$", line)
        if not found:
            continue
        depth, top = len(found[1]), found[2].partition(".")[0]
        while inside and inside[-1][0] >= depth:
            inside.pop()
        importer = inside[-1][1] if inside else top
        own = top == importer or top.startswith("_sysconfigdata")  # made when CPython is built
        if not own and not {importer, top} & STANDARD:
            yield Edge(importer, top)
        inside.append((depth, top))


def explained(packages: Path, name: str) -> frozenset[str]:
    """The packages that the analysis of a package names."""
    path = packages / name
    if not path.is_dir():
        path = packages / f"{name}.py"
    if not path.exists():
        return frozenset()  # an extension module, of which there is no source
    done = subprocess.run(
        [sys.executable, TOOL, "-q", "--keep-going", "--python", VERSION, path, "-"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 3), done.stderr
    result = json.loads(done.stdout)
    local = (Path(one).name.partition(".")[0] for one in result.get("local", []))
    return frozenset((*result["modules"], *result.get("optional", {}), *local))
