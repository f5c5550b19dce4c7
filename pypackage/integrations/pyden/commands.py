"""Implement the search commands of the app; each yields its records to Splunk.

They call `python_package_create` in a separate process, whose stderr goes to search.log. Errors
that end a search with a message use `sys.exit`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn
from urllib.request import ProxyHandler, build_opener

from pypackage.core import files
from pypackage.integrations.pyden import settings
from pypackage.integrations.pyden.settings import Settings

Record = dict[str, Any]

_VERSION = re.compile(r'href="(\d+\.\d+\.\d+)/?"')
_OLDEST = (3, 9)
_UPGRADE = ("-U", "--upgrade")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.A)


def createdist(*, version: str = "", download: str = "") -> Iterator[Record]:
    """Build a Python of a version, or from a source that lies in the app's folder bin/build."""
    chosen = settings.load(app())
    if not version and not download:
        sys.exit("createdist needs version=X.Y.Z")
    source = version
    if download:
        found = app() / "bin/build" / Path(download).name
        if not found.is_file():
            sys.exit(f"there is no file {found}")
        source = str(found)
    elif not re.fullmatch(r"\d+\.\d+\.\d+\w*", version):
        sys.exit(f"{version} is not a version: X.Y.Z")
    words = ["--python-source", source, *(["--optimize"] if chosen.optimize else [])]
    python = create(chosen, words).strip()
    built = [one for one in _listed(chosen, "interpreter") if python.startswith(one["folder"])]
    if version and built and built[0]["python"] != version:
        sys.exit(f"{download} is Python {built[0]['python']}, not {version}")
    for one in built:
        if not chosen.distribution:
            chosen.set_default("distribution", one["python"])
        yield {"version": one["python"], "python": python}


def createvenv(*, name: str, version: str = "") -> Iterator[Record]:
    """Make an environment of a Python that was built, by default the first, or is here."""
    _check_name(name)
    chosen = settings.load(app())
    version = version or chosen.distribution
    if not version:
        sys.exit("createvenv needs version=X.Y.Z: the first that createdist builds is the default")
    if any(one["name"] == name for one in _listed(chosen, "environment")):
        sys.exit(f"there is an environment {name}: remove it by pydelete first")
    needs = json.dumps({"python": version, "modules": []})
    # It takes precedence over an interpreter of this machine with the same version.
    built = [one for one in _listed(chosen, "interpreter") if one["python"] == version]
    channel = f"host:{built[0]['folder']}/bin/python3" if built else "host"
    create(chosen, ["-c", channel, "--allow-empty", "-", name], needs)
    if not chosen.environment:
        chosen.set_default("environment", name)
    yield from getvenvs(name=name)


def pip(*words: str, environment: str = "") -> Iterator[Record]:
    """Install or uninstall packages of an environment: pip environment=NAME install PACKAGE."""
    chosen = settings.load(app())
    environment = _chosen(chosen, environment)
    action, *packages = words or ("do nothing",)
    # Installing a named package upgrades it anyway.
    packages = [one for one in packages if action != "install" or one not in _UPGRADE]
    if any(one.startswith("-") for one in packages):
        sys.exit("this pip takes packages alone, and no options")
    if action == "install":
        create(chosen, ["--update", environment, *(f"pip:{one}" for one in packages)])
    elif action == "uninstall":
        without = [f"--without={one}" for one in packages]
        create(chosen, ["--update", environment, *without])
    elif action != "list":
        sys.exit(f"pip can install, uninstall and list, not {action}")
    yield from getpackages(environment=environment)


def getversions() -> Iterator[Record]:
    """List the versions of Python that can be built, and those that were."""
    chosen = settings.load(app())
    proxies = {"http": chosen.proxy, "https": chosen.proxy} if chosen.proxy else None
    try:
        with build_opener(ProxyHandler(proxies)).open(
            f"{chosen.url.rstrip('/')}/", None, 30
        ) as page:
            offered = set(_VERSION.findall(page.read().decode("utf-8", "replace")))
    except OSError as error:
        sys.exit(f"{chosen.url} cannot be read: {error}")
    built = {one["python"] for one in _listed(chosen, "interpreter")}
    numbered = {one: tuple(map(int, re.findall(r"\d+", one)[:3])) for one in offered | built}
    for version in sorted(numbered, key=numbered.__getitem__, reverse=True):
        if numbered[version] >= _OLDEST:
            yield {"version": version, "installed": version in built}


def getvenvs(*, name: str = "") -> Iterator[Record]:
    """List the environments."""
    chosen = settings.load(app())
    for one in _listed(chosen, "environment"):
        if name in ("", one["name"]):
            kept = {key: one[key] for key in ("python", "size", "made", "folder")}
            default = one["name"] == chosen.environment
            yield {"environment": one["name"], **kept, "default": default}


def getpackages(*, environment: str = "") -> Iterator[Record]:
    """List the packages of an environment."""
    chosen = settings.load(app())
    yield from json.loads(create(chosen, ["--list", _chosen(chosen, environment), "--json"]))


def pydelete(*names: str) -> Iterator[Record]:
    """Remove environments, by name, or Pythons, by version."""
    if not names:
        sys.exit("pydelete needs the name of an environment, or the version of a Python")
    chosen = settings.load(app())
    create(chosen, ["--remove", *map(_check_name, names)])
    for key in ("distribution", "environment"):
        if getattr(chosen, key) in names:
            chosen.set_default(key, "")
    yield from ({"removed": name} for name in names)


def pyden(*words: str, environment: str = "") -> Iterator[Record]:
    """Run a script of an app in an environment: pyden environment=NAME APP/bin/SCRIPT.py."""
    chosen = settings.load(app())
    environment = _chosen(chosen, environment)
    apps = app().parent
    script, *arguments = words or ("",)
    path = Path(os.path.abspath(apps / script))
    if not script or not path.is_relative_to(apps) or not path.is_file():
        sys.exit(f"there is no script {script} in {apps}")
    folder = chosen.environments / environment
    if not folder.is_dir():
        sys.exit(f"there is no environment {environment}")
    runner = Path(sys.prefix, "bin/python_package_run")
    command: list[str | Path] = [runner, "-e", folder, "--", "python3", path, *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for line in process.stdout:
            yield {"_raw": line.decode("utf-8", "replace").rstrip("\n")}
    if process.returncode:
        sys.exit(f"{script} ended with status {process.returncode}: search.log has what it said")


# --- what they have in common ------------------------------------------------------------


def app() -> Path:
    """The app's folder: the parent of that of the script that was started."""
    return Path(os.path.abspath(sys.argv[0])).parents[1]


def create(chosen: Settings, words: Sequence[str], stdin: str = "") -> str:
    """Run python_package_create and return its output; its error ends the search.

    Args:
        words: Its arguments.
        stdin: Its input.
    """
    chosen.environments.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pypackage.cli.create", "--quiet", *words]
    with files.private_folder() as scratch:  # so that archives are removed
        done = subprocess.run(
            command,
            input=stdin,
            cwd=scratch,
            env=chosen.variables(),
            capture_output=True,
            text=True,
            errors="replace",
        )
    sys.stderr.write(done.stderr)
    if done.returncode:
        _fail(done.stderr)
    return done.stdout


def _fail(talk: str) -> NoReturn:
    lines = [line.strip() for line in talk.splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if ": error: " in line), 0)
    sys.exit("; ".join(lines[start : start + 3]).partition(": error: ")[2] or "it failed")


def _listed(chosen: Settings, kind: str) -> list[Record]:
    """Environments or interpreters in the app's location: conda may know others."""
    rows: list[Record] = json.loads(create(chosen, ["--list", "--json"]))
    here = [one for one in rows if Path(one["folder"]).is_relative_to(chosen.location)]
    return [one for one in here if one["kind"] == kind]


def _chosen(chosen: Settings, environment: str) -> str:
    """The environment of a command: the given one, else the default."""
    name = environment or chosen.environment
    if not name:
        sys.exit("name it by environment=NAME: the first that createvenv makes is the default")
    return _check_name(name)


def _check_name(name: str) -> str:
    """Reject invalid names, which might be options or paths."""
    if not _NAME.fullmatch(name):
        sys.exit(f"{name!r} is not the name of an environment")
    return name
