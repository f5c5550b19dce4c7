"""Describe a Python interpreter, as `NAME=VALUE` records, each after a null.

Run by that interpreter as `PYTHON -I -S _probe.py [brief]`, and imported by
`pypackage.python.interpreter` if it is the running one. A list is several records. It
only needs the standard library and is compatible with Python 3.6. Without `-S`, Python
would run the code in .pth files, which is the user's.
"""

import os
import site
import sys

# sysconfig is slow to import, and must be imported after the site folders are added.


def add_sites() -> None:
    """Do what `site` does without `-S`, but only add the folders in .pth files."""
    site.addpackage = _add_package  # type: ignore[assignment]
    try:
        known = site.venv(site.removeduppaths()) or set()
        site.ENABLE_USER_SITE = site.check_enableusersite()
        site.addsitepackages(known)
    except AttributeError:  # a replaced module, as old tools put into environments
        site.main()


def _add_package(folder: str, name: str, known: "set[str]") -> "set[str]":
    """Replace `site.addpackage`, which processes one .pth file."""
    for path in _named_in(os.path.join(folder, name)):
        if path not in known:
            sys.path.append(path)
            known.add(path)
    return known


def _named_in(pth: str) -> "list[str]":
    """Return the folders in a .pth file."""
    try:
        with open(pth, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return []
    named = [line.rstrip() for line in lines if not line.startswith(("#", "import ", "import\t"))]
    paths = [os.path.abspath(os.path.join(os.path.dirname(pth), line)) for line in named if line]
    return [path for path in paths if os.path.exists(path)]


def search_path() -> "list[str]":
    """Return the folders of installed modules, including PYTHONPATH and the user site.

    If the probe runs isolated (-I), these two are not on sys.path and are added
    here, in Python's order: PYTHONPATH first, the user site right before
    the other site folders. The current folder and the running program's own are excluded.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = [os.path.abspath(p) for p in given if p]
    paths = [p for p in sys.path if p]
    if paths[:1] == [_folder_of_program()]:
        del paths[0]
    sites = set(site.getsitepackages())
    first_site = next((i for i, p in enumerate(paths) if p in sites), len(paths))
    paths[first_site:first_site] = [p for p in _user_site() if p not in sys.path]
    paths = environment + paths
    return [p for i, p in enumerate(paths) if p not in paths[:i]]


def _folder_of_program() -> str:
    """Return what Python puts first on sys.path for the running program; empty if nothing."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
        return ""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is not None:  # python -m
        return os.getcwd()
    program = getattr(main, "__file__", None)
    return os.path.dirname(os.path.realpath(program)) if program else ""


def _user_site() -> "list[str]":
    """Return the user site folder and what its .pth files add, unless it is disabled."""
    of_base = sys.base_prefix in site.PREFIXES  # false in a closed virtual environment
    if site.ENABLE_USER_SITE is None or os.environ.get("PYTHONNOUSERSITE") or not of_base:
        return []
    user = site.getusersitepackages()
    if user in sys.path or not os.path.isdir(user):
        return []
    files = sorted(name for name in os.listdir(user) if name.endswith(".pth"))
    return [user, *(path for name in files for path in _named_in(os.path.join(user, name)))]


def markers() -> "dict[str, str]":
    """Return the environment markers (PEP 508) but `extra`, with the values of `platform`."""
    system = os.uname()
    version = sys.version.split()[0]
    name = sys.implementation.name
    return {
        "implementation_name": name,
        "implementation_version": version,
        "os_name": os.name,
        "platform_machine": system.machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(name, name),
        "platform_release": system.release,
        "platform_system": system.sysname,
        "platform_version": system.version,
        "python_full_version": version,
        "python_version": "{}.{}".format(*sys.version_info),
        "sys_platform": sys.platform,
    }


def brief() -> "dict[str, list[str]]":
    """Return the data of `python.interpreter.Environment`, without the slow sysconfig."""
    import _imp

    library = os.path.dirname(os.__file__)
    return {
        "version": [sys.version.split()[0]],
        "prefix": [sys.prefix],
        "base_prefix": [sys.base_prefix],
        "sites": [one for one in search_path() if one != library],
        "extension_suffix": [_imp.extension_suffixes()[0]],
        "markers": ["{}={}".format(*one) for one in markers().items()],
        "stdlib_module_names": sorted(getattr(sys, "stdlib_module_names", ())),
    }


def probe() -> "dict[str, list[str]]":
    """Return the data of `python.interpreter.Interpreter`."""
    import sysconfig

    base = sys.base_prefix
    paths = sysconfig.get_paths()
    more = {
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", sys.executable),
        "stdlib": paths["stdlib"],
        "platstdlib": paths["platstdlib"],
        "include": sysconfig.get_path("include", vars={"base": base, "installed_base": base}),
        "library_dir": sysconfig.get_config_var("LIBDIR") or "",
    }
    return {**brief(), "search_path": search_path(), **{key: [one] for key, one in more.items()}}


def main() -> None:
    """Print the data; with the argument `brief`, which is faster, only that of `brief`."""
    if sys.flags.no_site:
        add_sites()
    told = brief() if sys.argv[1:] == ["brief"] else probe()
    records = (f"\0{name}={one}" for name, listed in told.items() for one in listed)
    sys.stdout.buffer.write(os.fsencode("".join(records)))


if __name__ == "__main__":
    main()
