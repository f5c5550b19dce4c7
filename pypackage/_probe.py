"""What a Python interpreter knows about itself, as one JSON object on stdout.

Run by the interpreter in question as `PYTHON -I _probe.py`, and imported by
`pypackage.interpreter` when that is the running one. It needs the standard library alone
and keeps to what Python 3.6 understands.
"""

import json
import os
import platform
import site
import sys
import sysconfig


def search_path() -> "list[str]":
    """The folders on which installed modules lie, PYTHONPATH and the user site included.

    Where the probe runs isolated (-I), both of them are not on sys.path and are looked up
    here, in the order that Python gives them: PYTHONPATH first, the user site right before
    the other site folders. The present folder and the running program's own never get in.
    """
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    environment = [os.path.abspath(p) for p in given if p]
    paths = [p for p in sys.path if p]
    if paths[:1] == [_folder_of_program()]:
        del paths[0]
    sites = set(site.getsitepackages())
    first_site = next((i for i, p in enumerate(paths) if p in sites), len(paths))
    paths[first_site:first_site] = [p for p in _user_site() if p not in paths]
    paths = environment + paths
    return [p for i, p in enumerate(paths) if p not in paths[:i]]


def _folder_of_program() -> str:
    """What Python puts first on sys.path for the program that it runs; empty when nothing."""
    if sys.flags.isolated or getattr(sys.flags, "safe_path", False):
        return ""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is not None:  # python -m
        return os.getcwd()
    program = getattr(main, "__file__", None)
    return os.path.dirname(os.path.realpath(program)) if program else ""


def _user_site() -> "list[str]":
    """The user's own site folder and what its .pth files add, unless it is switched off."""
    of_base = sys.base_prefix in site.PREFIXES  # not so in a closed virtual environment
    if site.ENABLE_USER_SITE is None or os.environ.get("PYTHONNOUSERSITE") or not of_base:
        return []
    user = site.getusersitepackages()
    if user in sys.path or not os.path.isdir(user):
        return []
    before = list(sys.path)
    site.addsitedir(user)
    added = [p for p in sys.path if p not in before]
    sys.path[:] = before
    return added


def markers() -> "dict[str, str]":
    """The variables of environment markers (PEP 508), without `extra`."""
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": platform.python_version(),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": "{}.{}".format(*sys.version_info),
        "sys_platform": sys.platform,
    }


def probe() -> "dict[str, object]":
    """Everything that `pypackage.interpreter.Interpreter` holds, ready for JSON."""
    base = sys.base_prefix
    names = getattr(sys, "stdlib_module_names", ())
    paths = sysconfig.get_paths()
    return {
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", sys.executable),
        "version": platform.python_version(),
        "prefix": sys.prefix,
        "base_prefix": base,
        "search_path": search_path(),
        "stdlib": paths["stdlib"],
        "platstdlib": paths["platstdlib"],
        "include": sysconfig.get_path("include", vars={"base": base, "installed_base": base}),
        "library": sysconfig.get_config_var("INSTSONAME") or "",
        "library_dir": sysconfig.get_config_var("LIBDIR") or "",
        "extension_suffix": sysconfig.get_config_var("EXT_SUFFIX") or "",
        "markers": markers(),
        "stdlib_module_names": sorted(names),
    }


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)
