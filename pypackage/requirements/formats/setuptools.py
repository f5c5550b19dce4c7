"""Read the declarations of setup.cfg and setup.py; a setup.py is parsed, and never run."""

from __future__ import annotations

import ast
import configparser
import warnings
from collections.abc import Iterator
from typing import Any

from pypackage.core.errors import RequirementsError
from pypackage.requirements.declarations import Collector


def declare_cfg(made: Collector, text: str, label: str) -> None:
    """Add `install_requires`, `extras_require` and `python_requires` of a setup.cfg.

    Raises:
        RequirementsError: It cannot be read, or something in it is of the wrong type.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text, label)
    except configparser.Error as error:
        raise RequirementsError(f"{label}: {str(error).splitlines()[0]}") from None

    def take(section: str, key: str, group: str = "") -> None:
        value = parser.get(section, key, fallback="")
        if value.lstrip().startswith("file:"):
            made.warnings.append(f"{label}: {key} is read from a file: name that file instead")
            return
        # In a single line setuptools splits at semicolons, and there are no markers.
        listed = value.replace(";\n", "\n").splitlines() if "\n" in value else value.split(";")
        for one in listed:
            if one.strip() and not one.strip().startswith("#"):
                made.add(one.strip(), label, group=group)

    versions = parser.get("options", "python_requires", fallback="")
    if versions:
        made.python(versions, label)
    take("options", "install_requires")
    if parser.has_section("options.extras_require"):
        for extra in parser.options("options.extras_require"):
            take("options.extras_require", extra, f"[{extra}]")


def declare_py(made: Collector, text: str, label: str) -> None:
    """Add the same arguments of `setup` in a setup.py, if they are literals.

    Raises:
        RequirementsError: It is not Python, or what it declares is not valid.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        raise RequirementsError(f"{label}:{line}: not valid Python") from None
    known = dict(_constants(tree))
    for keyword in _keywords(tree):
        place = f"{label}:{keyword.value.lineno}"
        given = _literal(keyword.value, known)
        if keyword.arg == "python_requires" and isinstance(given, str):
            made.python(given, place)
        elif keyword.arg == "install_requires" and given is not None:
            _add_all(made, given, place)
        elif keyword.arg == "extras_require" and isinstance(given, dict):
            for extra, listed in given.items():
                _add_all(made, listed, place, f"[{extra}]")
        else:
            made.warnings.append(f"{place}: {keyword.arg} is computed: known only when it is built")


def _add_all(made: Collector, listed: Any, place: str, group: str = "") -> None:
    texts = listed.splitlines() if isinstance(listed, str) else listed
    if not isinstance(texts, list | tuple) or not all(isinstance(one, str) for one in texts):
        raise RequirementsError(f"{place}: expected a list of requirements")
    for one in texts:
        if one.strip():
            made.add(one.strip(), place, group=group)


def _keywords(tree: ast.Module) -> Iterator[ast.keyword]:
    """Yield those keyword arguments of `setup` that declare requirements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for one in node.keywords if name == "setup" else ():
                if one.arg in ("install_requires", "extras_require", "python_requires"):
                    yield one


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the module's names that are assigned a literal once and not changed in place."""
    assigned = [
        (target.id, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    names = [name for name, _ in assigned]
    changed = {
        getattr(getattr(node, "value", None), "id", "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript)
    }
    changed |= {
        getattr(node.target, "id", "") for node in ast.walk(tree) if isinstance(node, ast.AugAssign)
    }
    for name, value in assigned:
        if names.count(name) == 1 and name not in changed:
            yield name, _literal(value, {})


def _literal(node: ast.expr, known: dict[str, Any]) -> Any:
    """Return the value of a literal, or of a name for one; None if it is computed."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
