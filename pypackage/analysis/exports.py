"""Find the names that a package defines for `from package import ...`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from pypackage.analysis.imports.decoding import decode
from pypackage.core.errors import PackageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import _ast

# The parser's modules are imported on use: cached packages need none.

_Names = tuple[frozenset[str], tuple[str, ...]]
_Fact = Callable[[str, str, object, Callable[[], _Names]], _Names]


class Exported:
    """Reads the `__init__.py` of packages, each once.

    Args:
        read: Returns the content of a file.
        fact: Returns a fact about a file, cached or computed, as `Facts.get` does.
    """

    def __init__(self, read: Callable[[str], bytes], fact: _Fact) -> None:
        self._read = read
        self._text = cache(self._decoded)
        self._names = cache(lambda init: fact("exports", init, None, lambda: self._parsed(init)))

    def binds(self, init: str, name: str) -> bool:
        """Whether `__init__.py` binds a name other than by an import.

        Imports do not count: they also bind the package's own submodules.
        """
        return _may_bind(self._text(init), name) and name in self._names(init)[0]

    def every(self, init: str) -> tuple[str, ...]:
        """The names in `__all__`, if it is literal."""
        return self._names(init)[1] if "__all__" in self._text(init) else ()

    def _decoded(self, init: str) -> str:
        try:
            return decode(self._read(init), init)
        except PackageError:
            return ""

    def _parsed(self, init: str) -> _Names:
        from pypackage.analysis.imports.folding import Folder
        from pypackage.analysis.imports.walker import Walker
        from pypackage.python.source_tree import Parsed, parse

        parsed = parse(self._text(init))
        if not isinstance(parsed, Parsed):
            return frozenset(), ()
        scope = Walker().walk(parsed.tree)
        bound = frozenset(
            name
            for name, bindings in scope.bindings.items()
            if any(binding.kind != "import" for binding in bindings)
        )
        every = [name for node in _listed(parsed.tree) for name in Folder().elements(node, scope)]
        return bound, tuple(one for one in every if isinstance(one, str))


def _listed(tree: _ast.Module) -> Iterator[_ast.expr]:
    """Yield the literal lists and tuples that make up `__all__`."""
    import _ast

    from pypackage.python.source_tree import dotted

    for node in tree.body:
        value: _ast.expr | None = None
        if isinstance(node, _ast.Assign | _ast.AnnAssign | _ast.AugAssign):
            targets = node.targets if isinstance(node, _ast.Assign) else [node.target]
            value = node.value if "__all__" in map(dotted, targets) else None
        elif isinstance(node, _ast.Expr) and isinstance(node.value, _ast.Call):
            call = node.value
            if dotted(call.func) == "__all__.extend" and call.args:
                value = call.args[0]
            elif dotted(call.func) == "__all__.append":
                value = _ast.List(call.args, _ast.Load())
        if isinstance(value, _ast.List | _ast.Tuple):
            yield value


def _may_bind(text: str, name: str) -> bool:
    """Whether a line of the text may bind a name; a fast test that mostly avoids parsing."""
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
