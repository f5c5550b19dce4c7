"""What packages offer to `from package import ...`."""

from __future__ import annotations

import _ast
from collections.abc import Callable
from functools import cache

from pypackage.errors import PackageError
from pypackage.imports.decoding import decode
from pypackage.imports.folding import Folder
from pypackage.imports.parsing import Parsed, parse
from pypackage.imports.walker import Walker
from pypackage.local import Exports

_Names = tuple[frozenset[str], tuple[str, ...]]


class Exported(Exports):
    """Reads the `__init__.py` of packages, each once.

    Args:
        read: Gives the content of a file.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._text = cache(self._decoded)
        self._names = cache(self._parsed)

    def binds(self, init: str, name: str) -> bool:
        """Whether a name is bound in it other than by an import.

        The packages' own submodules are bound by imports.
        """
        return _may_bind(self._text(init), name) and name in self._names(init)[0]

    def every(self, init: str) -> tuple[str, ...]:
        """The names in its `__all__`, if that is literal."""
        return self._names(init)[1] if "__all__" in self._text(init) else ()

    def _decoded(self, init: str) -> str:
        try:
            return decode(self._read(init), init)
        except PackageError:
            return ""

    def _parsed(self, init: str) -> _Names:
        parsed = parse(self._text(init))
        if not isinstance(parsed, Parsed):
            return frozenset(), ()
        scope = Walker(expressions=False).walk(parsed.tree)
        bound = frozenset(
            name
            for name, bindings in scope.bindings.items()
            if any(binding.kind != "import" for binding in bindings)
        )
        listed = scope.lookup("__all__")
        literal = listed and isinstance(listed[0].node, _ast.List | _ast.Tuple)
        every = Folder().elements(listed[0].node, scope) if literal else []
        return bound, tuple(one for one in every if isinstance(one, str))


def _may_bind(text: str, name: str) -> bool:
    """Whether a name stands on a line that may bind it: mostly it does not, and that is told."""
    at = -1
    while (at := text.find(name, at + 1)) >= 0:
        end = text.find("\n", at)
        line = text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)].lstrip()
        if "=" in line or line.startswith(_BINDING):
            return True
        if " as " in line and not line.startswith(("from ", "import ")):
            return True
    return False


_BINDING = ("def ", "class ", "async ", "for ", "with ", "case ")
