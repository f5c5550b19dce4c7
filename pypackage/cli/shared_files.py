"""Files that the package installs into `share`: man pages and shell completion."""

from __future__ import annotations

from collections.abc import Iterator

from pypackage.cli import analyze_options, completion, create_options, manual, parser, runner
from pypackage.cli.options import Command, Group

FAMILIES = ("python", "poncho")


def files(version: str, runner_help: str) -> dict[str, str]:
    """Return the contents of the files by their paths below `share`.

    Args:
        version: Of the package.
        runner_help: The output of `python_package_run --help`.
    """
    commands = [
        (analyze_options.COMMAND, parser.common(analyze_options.COMMAND)),
        (create_options.COMMAND, parser.common(create_options.COMMAND)),
        (runner.table(runner_help), Group("", ())),
    ]
    return dict(file for command, common in commands for file in _files(command, common, version))


def _files(command: Command, common: Group, version: str) -> Iterator[tuple[str, str]]:
    options = [
        option
        for group in (common, *command.documented)
        for option in group.options
        if option.is_option
    ]
    names = [command.name.replace("python", family, 1) for family in FAMILIES]
    for name in names:
        own = name == command.name
        text = manual.page(command, common, version) if own else manual.alias(command.name)
        yield f"man/man1/{name}.1", text
        yield f"bash-completion/completions/{name}", completion.bash(name, options)
        yield f"fish/vendor_completions.d/{name}.fish", completion.fish(name, options)
    yield f"zsh/site-functions/_{command.name}", completion.zsh(names, options)
