"""Scan the text of one source."""

from __future__ import annotations

import _ast
import os
import re
from collections.abc import Iterator

from pypackage.analysis.imports import calls, parameters
from pypackage.analysis.imports.conditions import Judge
from pypackage.analysis.imports.contexts import stronger
from pypackage.analysis.imports.flags import asking, exported
from pypackage.analysis.imports.folding import Folder
from pypackage.analysis.imports.model import (
    BODY,
    HELPER,
    REQUIRES,
    Import,
    Remark,
    Scan,
    Target,
    Why,
    place,
)
from pypackage.analysis.imports.parameters import Callers
from pypackage.analysis.imports.path_changes import PathChange
from pypackage.analysis.imports.scopes import Scope
from pypackage.analysis.imports.walker import Call, Statement, Walker
from pypackage.core.errors import SourceError
from pypackage.python.source_tree import NotParsed, Parsed, parse

_FINDS = "find_spec"
_DEEPEST = 3  # exec in a source that is executed by exec
_HUGE = 8_000_000  # characters from which on a tree takes gigabytes
_LARGE = 500_000  # characters from which on the prescan is tried first
_MOST_PATHS = 50
_LAZY = r"(?m)^([ \t]*)lazy[ \t]+(?=(?:import|from)[ \t])"


def scan_text(
    text: str, path: str, target: Target, *, function: str = "", bulk: bool = False
) -> Scan:
    """Find what a text with newlines as line ends imports; the rest is as in `sources.scan`."""
    if (bulk or len(text) > _LARGE) and not function:
        from pypackage.analysis.imports import prescan

        found = prescan.scan(text)
        if found is not None:
            return found
    parsed = NotParsed(1, 1, "too large to be parsed") if len(text) > _HUGE else parse(text)
    if isinstance(parsed, Parsed):
        return _Reading(text, path, target).scan(parsed, function)
    lazy = re.search(_LAZY, text)
    if lazy:
        found = scan_text(re.sub(_LAZY, r"\1", text), path, target, function=function)
        return _with_lazy(found, text, lazy.start(), target)
    return _understood(text, path, target, parsed, function)


def _with_lazy(found: Scan, text: str, at: int, target: Target) -> Scan:
    """Add a remark on lazy imports (PEP 810) if the target is older than they are."""
    if target >= (3, 15):
        return found
    what = f"lazy imports are of Python 3.15, the target is {'.'.join(map(str, target))}"
    remark = Remark(text.count("\n", 0, at) + 1, 1, what)
    return found._replace(remarks=(remark, *found.remarks))


_LEFT_OUT = "its imports are found line by line"


def _understood(text: str, path: str, target: Target, why: NotParsed, function: str) -> Scan:
    """Scan a source that does not parse, line by line; an error if nothing is found."""
    from pypackage.analysis.imports import fallback

    rebuilt = fallback.rebuild(text)
    found = _Reading(text, path, target).scan(Parsed(rebuilt.tree, whole=False), function)
    too_much = why.message.startswith("too ") or "nested" in why.message
    of_another_version = too_much or fallback.is_of_another_version(text, why.line)
    if not found.imports and not (rebuilt.sound and of_another_version):
        raise SourceError(f"{place(path, why.line, why.column)}: {why.message}")
    first = fallback.first_misfit(text, why.line)
    if first < why.line:
        why = NotParsed(first, 1, "invalid syntax")
    remark = Remark(why.line, why.column, f"{why.message}; {_LEFT_OUT}")
    return found._replace(remarks=(remark, *found.remarks))


class _Reading:
    """Scans the tree of one source."""

    def __init__(self, text: str, path: str, target: Target, depth: int = 0) -> None:
        self._text = text
        # The tree counts columns in UTF-8 bytes, which differ from characters outside ASCII.
        self._lines = None if text.isascii() else text.split("\n")
        self._path = path
        self._target = target
        self._judge = Judge(target)
        self._folder = Folder(path)
        self._depth = depth
        self._helpers: list[tuple[str, int, int]] = []

    def scan(self, parsed: Parsed, function: str = "") -> Scan:
        """Scan a tree, or the part of it that one function needs."""
        walker = Walker()
        module = walker.walk(parsed.tree)
        # The tree of a source that does not parse has no reliable places.
        walker.find_calls(self._text if parsed.whole else "")
        needed = self._needed(parsed.tree, walker, function) if function else None
        imports: list[Import] = []
        for found in walker.statements:
            names = None if needed is None else needed.get(id(found.node))
            if names is None and not parsed.whole and not self._is_deferred(found):
                names = frozenset()  # what did not parse may use it
            if needed is None or names is not None:
                imports.extend(self._statement(found, names))
        remarks: list[Remark] = []
        callers = Callers(walker.calls)
        for call in walker.calls:
            if needed is None or id(call.node) in needed:
                imports.extend(self._call(call, callers, remarks))
        paths, front = self._paths(walker.paths, callers)
        imports.sort(key=lambda one: (one.line, one.column))
        flags = tuple(sorted({*self._flags(module, walker), *self._helpers}))
        walker.release()
        return Scan(tuple(imports), tuple(sorted(set(remarks))), paths, front, flags)

    def _flags(self, module: Scope, walker: Walker) -> Iterator[tuple[str, int, int]]:
        """The flags that other modules may import, as in `Scan`."""
        if walker.forks:
            for name, fork, way in exported(module, self._judge):
                yield name, fork.key, way
        if _FINDS in self._text:
            yield from ((name, -1, BODY) for name in asking(module, self._judge))

    def _is_deferred(self, found: Statement) -> bool:
        return found.context.effect(self._judge).deferred

    def _needed(
        self, tree: _ast.Module, walker: Walker, function: str
    ) -> dict[int, frozenset[str]]:
        from pypackage.analysis.imports import functions

        def runs(node: _ast.AST) -> bool:
            context = walker.definitions.get(id(node))
            return context is None or context.effect(self._judge).strongest[0].counts

        return functions.needed(tree, function, runs, self._path)

    def _statement(self, found: Statement, only: frozenset[str] | None) -> Iterator[Import]:
        node = found.node
        effect = found.context.effect(self._judge)
        why, reason = effect.strongest
        line, column = self._place(node)
        choices = effect.choices
        for alias in node.names:
            if only and (alias.asname or alias.name.partition(".")[0]) not in only:
                continue
            if isinstance(node, _ast.Import):
                module, name = alias.name, ""
            else:
                module, name = "." * node.level + (node.module or ""), alias.name
            late, flags = effect.deferred, effect.flags
            yield Import(
                module, name, line, column, why, reason, late, choices=choices, flags=flags
            )

    def _call(self, found: Call, callers: Callers, remarks: list[Remark]) -> Iterator[Import]:
        call = found.node
        all_called = list(calls.imported_by(call, found.scope, self._folder))
        known: list[tuple[calls.Called, tuple[Call, ...]]]
        known = [(one, (found,)) for one in all_called if one is not calls.UNKNOWN]
        if len(known) < len(all_called):
            through = [
                (one, chain)
                for chain in callers.through((found,))
                for one in calls.imported_by(call, found.scope, self._folder)
                if one is not calls.UNKNOWN
            ]
            effect = found.context.effect(self._judge)
            if not through and effect.strongest[0].counts:
                remarks.append(Remark(*self._place(call), _NOT_KNOWN))
            name = parameters.helper_name(call, found.scope)
            if name and effect.strongest[0].counts:
                fork = REQUIRES if effect.strongest[0] is Why.REQUIRED else -1
                fork = effect.choices[-1][0] if effect.choices else fork
                self._helpers.append((name + HELPER, fork, BODY))
            known = through or known
        for called, chain in known:
            yield from self._called(called, chain)
        given, helpers = parameters.module_given(call, found.scope)
        for module, name in helpers:
            for one in self._called(calls.Called(given), (found,)):
                flag = (module, name + HELPER, True)
                yield one._replace(flags=(*one.flags, flag))

    def _called(self, called: calls.Called, chain: tuple[Call, ...]) -> Iterator[Import]:
        """What a call imports, given the calls that supply its arguments."""
        effects = [one.context.effect(self._judge) for one in chain]
        effect = effects[0]
        line, column = self._place(chain[0].node)
        if called.source:
            yield from self._inner(called.source, chain[0])
            return
        (why, reason), choices, flags = effect.strongest, effect.choices, effect.flags
        for other in effects[1:]:
            why, reason = stronger((why, reason), other.strongest)
            choices, flags = (*choices, *other.choices), (*flags, *other.flags)
        if called.asked:
            why, reason = stronger((why, reason), (Why.OPTIONAL, called.asked))
        if called.asked or any(
            one.strongest[0] is not Why.REQUIRED and not one.choices for one in effects
        ):
            choices = ()
        module, name, late = called.module, called.name, effect.deferred
        yield Import(module, name, line, column, why, reason, late, 0, choices, flags)

    def _inner(self, source: str, found: Call) -> Iterator[Import]:
        """The imports of a source that a call executes, placed where the call is."""
        parsed = parse(source) if self._depth < _DEEPEST else None
        if not isinstance(parsed, Parsed):
            return
        effect = found.context.effect(self._judge)
        line, column = self._place(found.node)
        inner = _Reading(source, self._path, self._target, self._depth + 1).scan(parsed)
        for one in inner.imports:
            why, reason = stronger(effect.strongest, (one.why, one.reason))
            deferred = effect.deferred or one.deferred
            # Its forks are not those of the enclosing source.
            yield one._replace(
                line=line,
                column=column,
                why=why,
                reason=reason,
                deferred=deferred,
                choices=(),
                flags=effect.flags,
            )

    def _paths(self, changes: list[PathChange], callers: Callers) -> tuple[tuple[str, ...], int]:
        """The folders added to sys.path, those in front first."""
        front: list[str] = []
        back: list[str] = []
        base = os.path.dirname(os.path.abspath(self._path))
        for change in changes[:_MOST_PATHS]:
            values = self._folder.elements if change.several else self._folder.values
            for _ in callers.each(change.value, change.scope):
                found = [one for one in values(change.value, change.scope) if isinstance(one, str)]
                folders = [os.path.normpath(os.path.join(base, one)) for one in found if one]
                if change.front:
                    front[:0] = folders
                else:
                    back += folders
        return (*front, *back), len(front)

    def _place(self, node: _ast.stmt | _ast.Call) -> tuple[int, int]:
        line, column = node.lineno, node.col_offset
        if self._lines:
            column = len(self._lines[line - 1].encode()[:column].decode(errors="replace"))
        return line, column + 1


_NOT_KNOWN = "imports a module whose name is not known before it runs"
