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

    The probe runs isolated (-I), so both of them are looked up here, and the present
    folder never gets onto the list.
    """
    extra = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    if site.ENABLE_USER_SITE is not None and not os.environ.get("PYTHONNOUSERSITE"):
        in_venv = sys.prefix != sys.base_prefix
        user = site.getusersitepackages()
        if not in_venv and os.path.isdir(user):
            extra.append(user)
    paths = extra + [p for p in sys.path if p]
    return [p for i, p in enumerate(paths) if p not in paths[:i]]


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
