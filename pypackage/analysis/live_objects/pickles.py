"""Find what a pickle needs to be loaded elsewhere, without importing or running any of it."""

from __future__ import annotations

import dis
import io
import itertools
import pickle
import types
from typing import Any

from pypackage.analysis.imports import Import
from pypackage.analysis.live_objects.code import IMPORTING, CodeImports
from pypackage.core.errors import RequirementsError
from pypackage.core.progress import SILENT, Reporter


def explore_pickle(data: bytes, reporter: Reporter = SILENT) -> list[Import]:
    """The imports that loading a pickle implies, and those of the functions in it.

    Args:
        data: One or more pickles. Functions that cloudpickle sent by value are analyzed if they
            are of the running Python version.

    Raises:
        RequirementsError: It is not a pickle, or is truncated.
    """
    reader = _Reader(io.BytesIO(data), reporter)
    reader.read()
    imports = {Import(module, "", 0, 0): None for module in reader.modules}
    looking = CodeImports(importing=(*IMPORTING, _ImportModule))
    for function in reader.functions:
        found, used = looking.of(function.code, function.names)
        imports.update(dict.fromkeys(found))
        named = (one.__name__ for one in used if isinstance(one, types.ModuleType))
        imports.update({Import(name, "", 0, 0): None for name in named})
    return list(imports)


class _Function:
    """A function that is sent by value: its code, and the globals that it uses."""

    def __init__(self, code: types.CodeType) -> None:
        self.code = code
        self.names: dict[str, Any] = {}

    def __call__(self, *_: object, **__: object) -> Any:
        """Return a stand-in for the result: a function in the pickle may make an object."""
        return _StandIn


class _Anything(type):
    """Metaclass: lets a class stand for any object, ignoring what a pickle does to it."""

    def __call__(cls, *_: object, **__: object) -> _Anything:
        """Return the class itself."""
        return cls

    def __setitem__(cls, *_: object) -> None:
        pass

    def __setstate__(cls, _: object) -> None:
        pass

    def append(cls, _: object) -> None:
        """Ignore the item."""

    add = extend = append


class _StandIn(metaclass=_Anything):
    """Stands for all objects and classes of a pickle."""

    def __new__(cls, *_: object, **__: object) -> Any:
        """Return the class itself."""
        return cls


class _ImportModule(_StandIn):
    """Stands for `importlib.import_module`, calls of which are searched in code."""


class _Reader(pickle.Unpickler):
    """Loads a pickle with stand-ins for its objects.

    Attributes:
        modules: The modules that it names, in order.
        functions: The functions that it contains by value.
    """

    def __init__(self, file: io.BytesIO, reporter: Reporter) -> None:
        super().__init__(file, buffers=itertools.repeat(b""))
        self._file = file
        self._reporter = reporter
        self.modules: dict[str, None] = {}
        self.functions: list[_Function] = []

    def read(self) -> None:
        """Read all pickles of the file."""
        size = len(self._file.getbuffer())
        try:
            self.load()
            while self._file.tell() < size:
                self.load()
        except Exception as error:  # depends on the data: almost any exception
            raise RequirementsError(f"not a pickle that can be read: {error}") from error

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for a global that a pickle names."""
        if module != "__main__":
            self.modules[module] = None
        elif name not in ("", "__main__"):
            self._reporter.warning(f"{name} is sent by its name in __main__, which lacks it")
        if (module, name) == ("importlib", "import_module"):
            return _ImportModule
        if name == "_restore_curry" and module.endswith("toolz.functoolz"):
            return self._curried
        build = getattr(self, f"build{name}", None) if _is_serializer(module) else None
        return build or _StandIn

    def persistent_load(self, pid: object) -> object:
        """Return a stand-in for what the sender keeps elsewhere."""
        return _StandIn

    def _curried(self, cls: object, function: object, *_: object) -> object:
        """Handle toolz' form of a decorated function: `module:qualname`, or the function."""
        if isinstance(function, str) and ":" in function:
            self.find_class(*function.rsplit(":", 1))
        return cls

    # --- cloudpickle's functions, by their names -------------------------------------------

    def build_builtin_type(self, name: str) -> Any:
        """Return a stand-in; that for the type of code objects makes real ones, but runs none."""
        return self._code if name == "CodeType" else _StandIn

    def _code(self, *arguments: Any) -> Any:
        try:
            code = types.CodeType(*arguments)
            tuple(dis.get_instructions(code))  # raises if it is of another version
        except Exception:
            self._reporter.warning(
                "a function in the pickle is of another version of Python: not analyzed"
            )
            return _StandIn
        self.functions.append(_Function(code))
        return code

    def buildsubimport(self, name: str) -> types.ModuleType:
        """Return a module that is sent by name."""
        self.modules[name] = None
        module = types.ModuleType(name)
        vars(module)["import_module"] = _ImportModule if name == "importlib" else None
        return module

    def build_make_function(self, code: object, names: object = None, *_: object) -> object:
        """Return a function, with its package's name; the other globals follow."""
        found = next((one for one in self.functions if one.code is code), None)
        if found and isinstance(names, dict):
            found.names.update(names)
        return found or _StandIn

    def build_function_setstate(self, function: object, state: Any) -> object:
        """Set the globals of a function."""
        if isinstance(function, _Function):
            function.names.update(state[1].get("__globals__", {}))
        return function


def _is_serializer(module: str) -> bool:
    return module.endswith(("cloudpickle", "cloudpickle_fast"))
