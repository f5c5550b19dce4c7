"""Read the source of a search command's function, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pypackage.archive.contents import Contents, Entry
from pypackage.archive.splunk.model import CLASS, Command
from pypackage.core.errors import PackError

_SEARCH_INFO = "searchinfo"
_COMPILED = (".so", ".pyc")


class Described(NamedTuple):
    """A command, and its description for Splunk's help.

    Attributes:
        command: The command, with its kind.
        text: The function's docstring.
        options: Its options, such as `count=<int>`, and whether each is optional.
        fields: Whether it accepts words besides options.
    """

    command: Command
    text: str = ""
    options: tuple[tuple[str, bool], ...] = ()
    fields: bool = False

    @property
    def syntax(self) -> str:
        """Its syntax in a search."""
        words = [self.command.name]
        words += [f"({word})?" if optional else word for word, optional in self.options]
        return " ".join([*words, "<field-list>"] if self.fields else words)


def describe(command: Command, contents: Contents) -> Described:
    """Find a command's function in the environment, and read its source.

    A function is generating if it takes no records, that is, if it has no required positional
    parameter. Reporting commands must be declared as such.

    Raises:
        PackError: The environment lacks the module, or the module lacks the function.
    """
    source = _source(command, contents)
    if source is None:  # compiled: nothing is known about it
        return Described(command._replace(kind=command.kind or "streaming"))
    found = _definition(source, command.function)
    if found is None:
        if command.function.partition(".")[0] in _names(source):  # created by a call, or imported
            return Described(command._replace(kind=command.kind or "streaming"))
        raise PackError(
            f"the module {command.module} has no function {command.function} (--splunk-command "
            f"{command.name})",
            "name one at the module's top level",
        )
    text = ast.get_docstring(found) or ""
    if isinstance(found, ast.ClassDef):
        return Described(command._replace(kind=CLASS), text)
    positional = [*found.args.posonlyargs, *found.args.args]
    takes_records = len(positional) > len(found.args.defaults)
    kind = command.kind or ("streaming" if takes_records else "generating")
    if (kind != "generating") != takes_records:
        raise PackError(
            f"{command.target} cannot be a {kind} command: its function takes "
            f"{'' if takes_records else 'no '}records",
            "the arguments of a generating command must be keyword-only: def f(*, count)",
        )
    options = tuple(_options(found.args, 1 if takes_records else 0))
    return Described(command._replace(kind=kind), text, options, bool(found.args.vararg))


def _source(command: Command, contents: Contents) -> ast.Module | None:
    """The module's source; None if the module is there without source."""
    path = command.module.replace(".", "/")
    tails = tuple(f"/{path}{end}" for end in (".py", "/__init__.py"))
    entries = [one for one in contents.entries if one.target.startswith("lib/python")]
    for entry in entries:
        if entry.target.endswith(tails) and _is_at_top(entry.target, path):
            return _parsed(entry, command)
    if any(f"/{path}." in one.target and one.target.endswith(_COMPILED) for one in entries):
        return None
    raise PackError(
        f"the environment has no module {command.module} (--splunk-command {command.name})",
        "add your own code with --add PATH",
    )


def _is_at_top(target: str, path: str) -> bool:
    folder = target[: target.rindex(f"/{path}")]
    return folder.endswith(("/site-packages", "/dist-packages")) or folder.count("/") == 1


def _parsed(entry: Entry, command: Command) -> ast.Module:
    content = entry.data if entry.data is not None else Path(entry.source or "").read_bytes()
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError) as error:
        raise PackError(f"the module {command.module} cannot be parsed: {error}") from error


def _definition(
    module: ast.Module, name: str
) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return next(
        (one for one in module.body if isinstance(one, kinds) and one.name == name),
        None,
    )


def _names(module: ast.Module) -> set[str]:
    """Names that are bound in a module, at any level."""
    names = {
        one.id
        for one in ast.walk(module)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    for one in ast.walk(module):
        if isinstance(one, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in one.names)
        elif isinstance(one, (ast.FunctionDef, ast.ClassDef)):
            names.add(one.name)
    return names


def _options(given: ast.arguments, skipped: int) -> Iterator[tuple[str, bool]]:
    positional = [*given.posonlyargs, *given.args]
    lacking = len(positional) - len(given.defaults)
    for index, one in enumerate(positional):
        if index >= skipped and one.arg != _SEARCH_INFO:
            default = given.defaults[index - lacking] if index >= lacking else None
            yield _option(one, default)
    for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if one.arg != _SEARCH_INFO:
            yield _option(one, default)


def _option(one: ast.arg, default: ast.expr | None) -> tuple[str, bool]:
    kind = ast.unparse(one.annotation).partition(" |")[0] if one.annotation else ""
    if not kind and isinstance(default, ast.Constant) and default.value is not None:
        kind = type(default.value).__name__
    named = {"int": "int", "float": "num", "bool": "bool"}.get(kind, "string")
    return f"{one.arg}=<{named}>", default is not None
