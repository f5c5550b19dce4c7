"""Find imports made by calls: `import_module("x")`, `__import__`, `exec` and the like."""

from __future__ import annotations

import _ast
import posixpath
from collections.abc import Iterator

from pypackage.analysis.imports.folding import PACKAGE, Folder, Unknown
from pypackage.analysis.imports.scopes import Scope
from pypackage.core.typed import NamedTuple
from pypackage.python.source_tree import dotted

_IMPORT_MODULE = {"importlib.import_module"}
_IMPORT = {f"{module}__import__" for module in ("", "builtins.", "__builtins__.", "importlib.")}
_RESOLVE = {"pkgutil.resolve_name"}
_RUN = {"runpy.run_module"}
_RUN_FILE = {
    *("runpy.run_path", "importlib.util.spec_from_file_location", "imp.load_source"),
    "importlib.machinery.SourceFileLoader",
}
_START = {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")}
_FIND = {
    *("importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"),
    *("pkgutil.get_loader", "imp.find_module", "pytest.importorskip"),
}
_ATTACH = {"lazy_loader.attach"}
_ATTACH_STUB = {"lazy_loader.attach_stub"}
_EXECUTE = {"exec", "eval", "builtins.exec", "builtins.eval"}
_COMPILE = {"compile", "builtins.compile"}
_MAP = {"map", "builtins.map"}
_PARTIAL = {"functools.partial"}
IMPORTING = _IMPORT_MODULE | _IMPORT | _RESOLVE | _RUN | _RUN_FILE
# Functions whose names say too little to look for them in a text.
PLAIN = _MAP | _START | {"sys.path"}
ALL_FUNCTIONS = IMPORTING | _FIND | _EXECUTE | _COMPILE | _ATTACH | _ATTACH_STUB | PLAIN
ALL_FUNCTIONS |= {"site.addsitedir"}


class Called(NamedTuple):
    """What one call imports.

    Attributes:
        module: The module, with leading dots if it is relative; empty if unknown. For a file that
            is run, `./` and its path.
        name: The name taken from it, which may be a submodule.
        asked: The function that only tests whether the module exists; empty for an import.
        source: The source that the call executes, instead of a module.
    """

    module: str = ""
    name: str = ""
    asked: str = ""
    source: str = ""


UNKNOWN = Called()


def imported_by(call: _ast.Call, scope: Scope, folder: Folder) -> Iterator[Called]:
    """Yield what a call imports; includes `UNKNOWN` if that cannot be determined."""
    functions = _functions(call.func, scope)
    if functions & _PARTIAL and call.args:  # the module name is given where the partial is made
        named = len(call.args) > 1
        functions = _functions(call.args[0], scope) & IMPORTING if named else frozenset()
        call = _ast.Call(call.func, call.args[1:], call.keywords)
    if functions & IMPORTING:
        function = min(functions & IMPORTING)
        for name in _argument(call, *_NAMES.get(function, _FIRST), scope, folder):
            yield from _one(function, name, call, scope, folder)
    elif functions & _MAP and len(call.args) == 2:
        for function in sorted(scope.meanings(call.args[0]) & IMPORTING):
            for name in folder.elements(call.args[1], scope):
                yield from _one(function, name, call, scope, folder)
    elif functions & _FIND:
        function = min(functions & _FIND)
        for name in _argument(call, *_NAMES.get(function, _FIRST), scope, folder):
            if isinstance(name, str) and _is_module(name):
                yield Called(name, asked=function.rpartition(".")[2])
    elif functions & _START and call.args:
        yield from _started(call.args[0], scope)
    elif functions & _EXECUTE and call.args:
        yield from _executed(call.args[0], scope, folder)
    elif functions & _ATTACH:
        yield from _attached(call, scope, folder)
    elif functions & _ATTACH_STUB:
        for file in _argument(call, 1, "filename", scope, folder):
            if isinstance(file, str):
                yield Called(f"./{posixpath.basename(file)}i")


def _started(command: _ast.expr, scope: Scope) -> Iterator[Called]:
    """The program that `[sys.executable, "x.py"]` or `[sys.executable, "-m", "x"]` runs."""
    words = command.elts if isinstance(command, _ast.List | _ast.Tuple) else []
    if not words or "sys.executable" not in scope.meanings(words[0]):
        return
    given = [one.value if isinstance(one, _ast.Constant) else None for one in words[1:3]]
    file = given[0] if given and isinstance(given[0], str) else ""
    if file.endswith(".py") and not file.startswith("/") and file != "setup.py":
        yield Called(f"./{file}")
    module = given[-1] if given[:1] == ["-m"] else None
    if isinstance(module, str) and module != "pip" and _is_module(module):
        yield Called(module, "__main__")


def _attached(call: _ast.Call, scope: Scope, folder: Folder) -> Iterator[Called]:
    """The submodules that `lazy_loader.attach(__name__, submodules, submod_attrs)` imports."""
    for position, keyword in enumerate(("submodules", "submod_attrs"), 1):
        given = _given(call, position, keyword)
        names = folder.elements(given, scope) if given else ()
        yield from (Called(".", name) for name in names if isinstance(name, str))


# The argument that names the module or file: its index and keyword.
_FIRST = (0, "name")
_NAMES = {
    "runpy.run_module": (0, "mod_name"),
    "runpy.run_path": (0, "path_name"),
    "importlib.util.spec_from_file_location": (1, "location"),
    "importlib.machinery.SourceFileLoader": (1, "path"),
    "imp.load_source": (1, "pathname"),
    "pkgutil.find_loader": (0, "fullname"),
    "pkgutil.get_loader": (0, "module_or_name"),
    "pytest.importorskip": (0, "modname"),
}


def _functions(node: _ast.expr, scope: Scope) -> frozenset[str]:
    """The functions that an expression may be, including `getattr(module, "name")`."""
    if isinstance(node, _ast.Call) and len(node.args) == 2 and dotted(node.func) == "getattr":
        module, name = node.args
        if isinstance(name, _ast.Constant) and isinstance(name.value, str):
            return frozenset(f"{one}.{name.value}" for one in scope.meanings(module))
    if isinstance(node, _ast.Attribute) and isinstance(node.value, _ast.Call):
        inner = node.value  # __import__("importlib").import_module
        given = inner.args[0] if len(inner.args) == 1 else None
        if isinstance(given, _ast.Constant) and scope.meanings(inner.func) & _IMPORT:
            return frozenset((f"{given.value!s}.{node.attr}",))
    return scope.meanings(node)


def _one(
    function: str, name: object, call: _ast.Call, scope: Scope, folder: Folder
) -> Iterator[Called]:
    if function in _RUN_FILE:
        if isinstance(name, str) and name.startswith("/"):
            name = folder.beside(name)
        if isinstance(name, str) and name and not name.endswith((".so", ".pyd")):
            yield Called(f"./{name}")
    elif isinstance(name, Unknown):
        head, dot, _ = name.prefix.rpartition(".")
        if dot and _is_module(head) and not head.startswith("."):
            yield Called(head)
        yield UNKNOWN
    elif isinstance(name, str) and function in _RESOLVE:
        yield from _resolved(name)
    elif isinstance(name, str):
        module = name.removeprefix(PACKAGE) if name != PACKAGE else "."
        if function in _IMPORT:
            yield from _by_dunder(module, call, scope, folder)
        elif function in _RUN and _is_module(module):
            yield Called(module, "__main__")
        elif _is_module(module):
            yield Called(_absolute(module, _literal(call, 1, "package", scope, folder)))


def _resolved(name: str) -> Iterator[Called]:
    """Parse an entry point: in `a.b:c`, a.b is a module; in `a.b.c`, the last part may be one."""
    module, colon, _ = name.partition(":")
    package, _, last = module.rpartition(".")
    if _is_module(module) and not module.startswith("."):
        yield Called(module) if colon or not package else Called(package, last)


def _by_dunder(module: str, call: _ast.Call, scope: Scope, folder: Folder) -> Iterator[Called]:
    """Handle `__import__(name, globals, locals, fromlist, level)`."""
    level = _literal(call, 4, "level", scope, folder)
    if isinstance(level, int) and 0 < level < 100:
        module = "." * level + module
    if not _is_module(module) and module.strip("."):
        return
    taken = _given(call, 3, "fromlist")
    values = folder.elements(taken, scope) if taken else ()
    names = [one for one in values if isinstance(one, str) and one.isidentifier()]
    if module.strip(".") or (module and names):
        for name in names or [""]:
            yield Called(module, name)


def _executed(node: _ast.expr, scope: Scope, folder: Folder) -> Iterator[Called]:
    """The sources run by `exec(...)` or `exec(compile(...))`, and the files they are read from."""
    if isinstance(node, _ast.Call) and scope.meanings(node.func) & _COMPILE and node.args:
        node = node.args[0]
    file = _read(node)
    if isinstance(file, str) and file.endswith(".py") and not file.startswith("/"):
        yield Called(f"./{file}")
    if isinstance(node, _ast.Call) and scope.meanings(node.func) & {"textwrap.dedent", "dedent"}:
        node = node.args[0] if node.args else node
    for value in folder.values(node, scope):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and "import" in value:
            yield Called(source=value)
        if isinstance(value, Unknown) and value.prefix.startswith(("from ", "import ")):
            yield UNKNOWN


def _read(node: _ast.expr) -> object:
    """The literal path in `open(path).read()` and `Path(path).read_text()`."""
    function = node.func if isinstance(node, _ast.Call) else None
    opened = function.value if isinstance(function, _ast.Attribute) else None
    opening = ("open", "io.open", "Path", "pathlib.Path")
    if isinstance(opened, _ast.Call) and dotted(opened.func) in opening and opened.args:
        path = opened.args[0]
        return path.value if isinstance(path, _ast.Constant) else None
    return None


def _given(call: _ast.Call, position: int, keyword: str) -> _ast.expr | None:
    """The argument that a call passes by position or keyword; None if it passes none."""
    named = [one.value for one in call.keywords if one.arg == keyword]
    return next(iter((*call.args[position : position + 1], *named)), None)


def _argument(
    call: _ast.Call, position: int, keyword: str, scope: Scope, folder: Folder
) -> list[object]:
    """The values that an argument may have; none if it is not passed."""
    given = _given(call, position, keyword)
    return [] if given is None else folder.values(given, scope)


def _literal(call: _ast.Call, position: int, keyword: str, scope: Scope, folder: Folder) -> object:
    values = _argument(call, position, keyword, scope, folder)
    return values[0] if len(values) == 1 else None


def _is_module(name: str) -> bool:
    return all(part.isidentifier() for part in name.lstrip(".").split("."))


def _absolute(module: str, package: object) -> str:
    """The module that `import_module(module, package)` imports, if `module` is relative."""
    rest = module.lstrip(".")
    level = len(module) - len(rest)
    if level == 0 or not isinstance(package, str) or not _is_module(package):
        return module
    parents = package.split(".")
    if level > len(parents):
        return module
    return ".".join([*parents[: len(parents) - level + 1], rest])
