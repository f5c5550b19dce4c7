"""Find needs that no import shows but a call or a string does, such as `read_parquet`.

The rules are in a table (see `needs`) and apply to files that import a module of the rule; other
files are not read again.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pypackage.analysis.imports import documents, ipython, notebook, place
from pypackage.analysis.needs import File, Implied, Rule, is_of_framework, table
from pypackage.core import package_names as packages
from pypackage.core.errors import SourceError
from pypackage.python.source_tree import walk

_BESIDE = ("features", "compression", "dtype_backend", "device_map")  # and no engine
# Keywords and attributes that choose an engine; functions that do, with the argument's index.
_CHOOSING = (
    *("engine", "backend", "parallel_backend", "method", "flavor"),
    *_BESIDE,
)
_CHOOSERS = dict.fromkeys(("use", "switch_backend", "parallel_backend", "parallel_config"), 0)
_CHOOSERS |= {"BeautifulSoup": 1, "set_option": 1}
_KERNEL = "ipykernel"
_EXECUTORS = frozenset(("nbclient", "nbconvert", "papermill", "jupyter_client", "testbook"))


def in_file(file: File, tops: Collection[str]) -> list[Implied]:
    """Return the implied needs of one file.

    Args:
        file: The file.
        tops: The top-level modules that the program imports, in any of its files.
    """
    return [*_of_kernel(file, tops), *_in_file(file)]


def _of_kernel(file: File, tops: Collection[str]) -> Iterator[Implied]:
    """A notebook needs its kernel, certainly so if the program runs notebooks."""
    if file.label.endswith(".ipynb") and b'"kernelspec"' in file.content:
        certain = not _EXECUTORS.isdisjoint(tops)
        yield Implied(file.label, "", (_KERNEL,), certain)


def _in_file(file: File) -> Iterator[Implied]:
    tops = {name.partition(".")[0] for name in file.modules}
    rules = {
        kind: [one for one in listed if not tops.isdisjoint(one.modules)]
        for kind, listed in table().items()
    }
    for rule in rules["part"]:
        if any(f"{one}.".startswith(f"{rule.trigger}.") for one in file.modules):
            yield from _implied(rule, file.label, rule.trigger)
    is_settings = is_of_framework(file.label)
    for cell, tree in _trees(file):
        nodes = list(walk(tree))
        finder = _Finder(rules, _aliases(nodes), _constants(nodes))
        for node in nodes:
            for what, rule, names in finder.look_at(node):
                where = place(file.label, node.lineno, node.col_offset + 1, cell)  # type: ignore[attr-defined]
                for name in names:
                    # The framework that runs with these settings imports what they list.
                    certain = rule.certain or (is_settings and bool(packages.find(name)))
                    yield Implied(where, what, (name,), certain)
                if not names:
                    yield from _implied(rule, where, what)


def _implied(rule: Rule, where: str, what: str) -> Iterator[Implied]:
    for names in rule.needs:
        yield Implied(where, what, names, rule.certain)


class _Finder:
    """Applies the rules to the nodes of a file."""

    def __init__(
        self,
        rules: Mapping[str, Sequence[Rule]],
        aliases: Mapping[str, str],
        constants: Mapping[str, str],
    ) -> None:
        self._aliases = aliases
        self._constants = constants
        self._schemes = rules["scheme"]
        self._by_trigger: dict[tuple[str, str], list[Rule]] = defaultdict(list)
        for kind, listed in rules.items():
            for rule in listed:
                self._by_trigger[kind, rule.trigger].append(rule)

    def _rules(self, kind: str, trigger: str) -> Sequence[Rule]:
        return self._by_trigger.get((kind, trigger), ())

    def look_at(self, node: ast.AST) -> Iterator[tuple[str, Rule, list[str]]]:
        """Yield the trigger, the rule, and the modules if the node names them."""
        if isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            text = _text(node) if isinstance(node, ast.Constant) else _beginning(node)
            for rule in self._schemes:
                if text.startswith(rule.trigger) and text != rule.trigger:
                    yield rule.trigger, rule, []
            yield from ((text, rule, []) for rule in self._rules("text", text))
        elif isinstance(node, ast.Attribute):
            full = self._full(_dotted(node))
            yield from ((full, rule, []) for rule in self._rules("part", full))
        elif isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                yield from self._assigned(target, node.value)

    def _assigned(self, target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Rule, list[str]]]:
        """Handle a list of modules, `os.environ["X"] = "..."`, or `options.backend = "..."`."""
        for rule in self._rules("list", getattr(target, "id", "")):
            yield rule.trigger, rule, _listed_modules(value)
        if isinstance(target, ast.Subscript) and _dotted(target.value).endswith("environ"):
            yield from self._variable(target.slice, value)
        if isinstance(target, ast.Attribute) and target.attr in _CHOOSING:
            yield from self._chosen(target.attr, self._value(value).lower())

    def _variable(self, name: ast.expr, value: ast.expr) -> Iterator[tuple[str, Rule, list[str]]]:
        what = f"{_text(name)}={self._value(value)}"
        yield from ((what, rule, []) for rule in self._rules("env", what))

    def _chosen(self, key: str, value: str) -> Iterator[tuple[str, Rule, list[str]]]:
        yield from ((f"{key}={value}", rule, []) for rule in self._rules("engine", value))

    def _full(self, dotted: str) -> str:
        """Replace the first part of a dotted name by what it was imported as."""
        head, _, rest = dotted.partition(".")
        return f"{self._aliases[head]}.{rest}".rstrip(".") if head in self._aliases else dotted

    def _call(self, node: ast.Call) -> Iterator[tuple[str, Rule, list[str]]]:
        dotted = _dotted(node.func)
        holder, _, name = dotted.rpartition(".")
        full = self._full(dotted)
        chosen = [(one.arg, one.value) for one in node.keywords if one.arg in _CHOOSING]
        first = node.args[0] if node.args else None
        if name in _CHOOSERS and len(node.args) > _CHOOSERS[name]:
            chosen.append((name, node.args[_CHOOSERS[name]]))
        texts = [(key, self._value(value)) for key, value in chosen]
        engines = [(key, text.lower()) for key, text in texts if text]
        for key, value in engines:
            yield from self._chosen(key, value)
        if all(key in _BESIDE for key, _ in engines):
            # df.plot(), df.plot.scatter(), and functions imported under another name
            names = dict.fromkeys((name, holder.rpartition(".")[2], full.rpartition(".")[2]))
            yield from (
                (f"{one}()", rule, []) for one in names for rule in self._rules("call", one)
            )
        if name == "setdefault" and len(node.args) == 2:
            yield from self._variable(*node.args)
        module = self._value(first) if first is not None else ""
        if module.replace(".", "").isidentifier():
            yield from ((full, rule, [module]) for rule in self._rules("load", full))

    def _value(self, node: ast.expr) -> str:
        """The value of a literal string, or of a name assigned one."""
        return self._constants.get(node.id, "") if isinstance(node, ast.Name) else _text(node)


def _dotted(node: ast.expr) -> str:
    """The dotted name of an attribute chain; what precedes a call or the like is dropped."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    names.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(names)).lstrip(".")


def _text(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else ""  # type: ignore[attr-defined]


def _beginning(node: ast.JoinedStr) -> str:
    """The literal beginning of an f-string, with a mark that it continues."""
    return f"{_text(node.values[0])}…" if node.values else ""


def _listed_modules(node: ast.expr) -> list[str]:
    """The modules named in a list, including lists added to it or unpacked into it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _listed_modules(node.left) + _listed_modules(node.right)
    if isinstance(node, ast.Starred):
        return _listed_modules(node.value)
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    inner = [
        name for item in items if isinstance(item, ast.Starred) for name in _listed_modules(item)
    ]
    names = (_text(item) for item in items)
    return inner + [name for name in names if name and name.replace(".", "").isidentifier()]


def _aliases(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """The dotted name behind each name that a file imports."""
    found = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for one in node.names:
                found[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                found[one.asname or one.name] = f"{node.module}.{one.name}"
    return found


def _constants(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Names assigned a literal string once in a file; empty for other values."""
    found: dict[str, str] = {}
    for node in nodes:
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                text = _text(node.value) if node.value else ""  # type: ignore[attr-defined]
                found[target.id] = "" if target.id in found else text
    return found


def _trees(file: File) -> Iterator[tuple[int, ast.AST]]:
    """Parse the file, or its cells with their numbers; what does not parse is skipped."""
    try:
        texts = _texts(file)
    except SourceError:
        return  # reported where its imports are read
    for number, text in texts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield number, ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue


def _texts(file: File) -> list[tuple[int, str | bytes]]:
    if file.label.endswith(".ipynb"):
        cells = notebook.cells(file.content, file.label)
        return [(number, ipython.as_python(text)) for number, text in cells]
    if file.label.endswith((".qmd", ".Rmd", ".md")):
        return [(0, documents.as_python(file.content, file.label))]
    return [(0, file.content)]
