"""Find the import statements of a source by the keyword `import`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from pypackage.analysis.imports.calls import ALL_FUNCTIONS
from pypackage.analysis.imports.model import Import, Why
from pypackage.analysis.imports.parameters import may_import
from pypackage.analysis.imports.prescan.text import TOKEN, NeedsTree, SourceText
from pypackage.core.typed import NamedTuple

# Modules with other ways to import, and the names of the functions that do so.
_IMPORTING = {"importlib", "pkgutil", "runpy", "imp", "lazy_loader"}
_FUNCTIONS = frozenset(
    one.rpartition(".")[2] for one in ALL_FUNCTIONS if one.partition(".")[0] in _IMPORTING
)
_EXECUTING = ("exec", "eval")
_PUTS_ON_PATH = ("sys.path", "sys as", "from sys")
_END = r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)"
_SKIP = re.compile(
    r"[ ]*(?:\w+[ \t]*=[ \t]*)?(pytest\.importorskip\([ \t]*[\"']([A-Za-z_]\w*(?:\.\w+)*)[\"'])"
    rf"[ \t]*(?:,[^()\n]*)?\){_END}"
)
_FROM = re.compile(r"[ \t\f]*from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]*$")
_LIST = r"(\w(?:[^\n#;\\()]|\\\n)*?)"
_MODULES = re.compile(rf"import[ \t]+{_LIST}{_END}")
_NAMES = re.compile(rf"import[ \t]*(?:\\\n[ \t]*)?(?:(\*)|\(([^()\\]*)\)|{_LIST}){_END}")
_MODULE = re.compile(r"\s*(\w+(?:\.\w+)*)(?:\s+as\s+(\w+))?\s*")
_NAME = re.compile(r"\s*(\w+)(?:\s+as\s+(\w+))?\s*")
# A literal that may be the name of a module, or begin one; bytes and f-strings are none.
_MODULE_TEXT = r"(?:[rR][\"']{0}[\"']|[uU]?[\"']{0}[\"'\\])".format(r"(?:[\w.]|[^\x00-\x7f])*")
# What imports in an executed string; what precedes a docstring, which is never executed.
_IMPORTS = re.compile(r"\bimport\b|import_module|__import__")
_BEFORE_DOCSTRING = re.compile(
    r"(?:\A|\n)[ \t]*(?:(?:async[ \t]+)?def|class)\b[^\n#]*:[ \t]*\n[ \t\n]*[rRuU]?\Z"
)


class Statement(NamedTuple):
    """An import statement, or a call of `pytest.importorskip` on a line of its own.

    Attributes:
        begin: The offset of its line.
        line: The line number.
        indent: The indentation.
        column: The column of the statement or call.
        taken: The imported modules and names.
        skips: Whether it is a call of `importorskip`.
    """

    begin: int
    line: int
    indent: int
    column: int
    taken: list[tuple[str, str]]
    skips: bool = False

    def imports(self, why: Why = Why.REQUIRED, *, deferred: bool = False) -> list[Import]:
        """Its imports, given the reason from the blocks around it."""
        reason = ""
        if self.skips and why is Why.REQUIRED:
            why, reason = Why.OPTIONAL, "importorskip"
        return [
            Import(module, name, self.line, self.column, why, reason, deferred)
            for module, name in self.taken
        ]


class Statements:
    """Finds the import statements of a source.

    Attributes:
        checking: How often TYPE_CHECKING is imported under its own name.
        bound: The imported names that may be flags: those not from the standard library.
    """

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._text = source.text
        self.checking = 0
        self.bound: set[str] = set()

    def find(self) -> list[Statement]:
        """The statements in source order.

        Raises:
            NeedsTree: There may be other imports, or something is unusual.
        """
        found = list(self._find())
        if found:
            self._check_modules(found)
        return found

    def _find(self) -> Iterator[Statement]:
        text = self._text
        places, others = self._places()
        if places or others:
            executes = sorted(at for word in _EXECUTING for at in self._source.words(word))
            if executes and self._runs_imports(executes):
                raise NeedsTree
        if others and self._source.in_code(others):
            raise NeedsTree
        line, counted = 0, 0
        for at in self._source.in_code(places):
            begin = text.rfind("\n", 0, at) + 1
            line += text.count("\n", counted, begin)
            counted = begin
            if text[begin - 2 : begin] == "\\\n":
                raise NeedsTree
            lead = text[begin:at]
            indent = len(lead) - len(lead.lstrip(" "))
            if text.startswith("importorskip", at):
                yield self._skip(at, begin, line, indent)
            else:
                yield Statement(begin, line, indent, indent + 1, self._taken(lead, at))

    def _skip(self, at: int, begin: int, line: int, indent: int) -> Statement:
        text = self._text
        skip = _SKIP.match(text, begin)
        if not skip or skip.end() <= at or " as pytest" in text or "pytest =" in text:
            raise NeedsTree
        return Statement(begin, line, indent, skip.start(1) - begin + 1, [(skip[2], "")], True)

    def _places(self) -> tuple[list[int], list[int]]:
        """Where `import`, and functions that import, occur in code, strings or comments."""
        text = self._text
        places: list[int] = []
        others: list[int] = []
        for at in self._source.places("import"):
            if self._source.is_word(at, at + 6) or text.startswith("importorskip", at):
                places.append(at)
            elif text.startswith(("import__", "import_module"), at):
                others.append(at)
        return places, others

    def _runs_imports(self, executes: list[int]) -> bool:
        """Whether the source executes code and has a string with an import in it."""
        text = self._text
        if not self._source.in_code(executes):
            return False
        return any(
            text.find("import", *token.span()) >= 0
            and text[token.start()] != "#"
            and _IMPORTS.search(token[0])
            and not _BEFORE_DOCSTRING.search(text, max(token.start() - 300, 0), token.start())
            for token in TOKEN.finditer(text)
        )

    def _check_modules(self, statements: list[Statement]) -> None:
        """Check that the source imports in no other way, and does not change sys.path."""
        text = self._text
        tops = {module.partition(".")[0] for one in statements for module, _ in one.taken}
        if tops & _IMPORTING and any(word in text for word in _FUNCTIONS):
            raise NeedsTree
        # Even if nothing imports sys by name: `from x import *` may.
        if any(one in text for one in _PUTS_ON_PATH) and self._source.has(_PUTS_ON_PATH):
            raise NeedsTree
        if "subprocess" in tops and "sys.executable" in text:
            raise NeedsTree
        if "site" in tops and "addsitedir" in text:
            raise NeedsTree
        if "builtins" in tops and any(word in text for word in _EXECUTING):
            raise NeedsTree

    def _taken(self, lead: str, at: int) -> list[tuple[str, str]]:
        """What a statement imports, as (module, name)."""
        if not lead.strip(" "):
            match = _MODULES.match(self._text, at)
            return [(one, "") for one in self._names(match[1] if match else "", _MODULE)]
        origin = _FROM.match(lead)
        match = _NAMES.match(self._text, at)
        if not origin or not match or not origin[0].isascii() or lead.lstrip(" ")[0] in "\t\f":
            raise NeedsTree
        module = origin[1] + origin[2]
        if not module or (module.endswith("..") and origin[2]) or origin[2].startswith("."):
            raise NeedsTree
        if match[1]:
            return [(module, "*")]
        listed = match[3] or match[2]
        if "#" in listed:
            if "#" in listed.rpartition("\n")[2]:
                raise NeedsTree
            listed = re.sub(r"#[^\n]*", "", listed)
        if match[2] is not None and listed.rstrip().endswith(","):
            listed = listed.rstrip()[:-1]
        return [(module, one) for one in self._names(listed, _NAME, module)]

    def _names(self, listed: str, pattern: re.Pattern[str], module: str = "") -> Iterator[str]:
        for one in listed.replace("\\\n", " ").split(","):
            match = pattern.fullmatch(one)
            if not match or not one.isascii():
                raise NeedsTree
            if "TYPE_CHECKING" in one:
                if match[2]:
                    raise NeedsTree
                self.checking += 1
            if (module or match[1]).partition(".")[0] not in sys.stdlib_module_names:
                bound = match[2] or match[1].partition(".")[0]
                if module and may_import(bound) and self._is_given_text(bound):
                    raise NeedsTree
                self.bound.add(bound)
            yield match[1]

    def _is_given_text(self, name: str) -> bool:
        """Whether a function may be called with a module's name as its first argument."""
        called = rf"\b{name}[\s)\\]*\(\s*(?:[#\\(]|{_MODULE_TEXT})"
        return re.search(called, self._source.text) is not None
