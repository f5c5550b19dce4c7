from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pypackage.archive import writers
from pypackage.cli import create, create_options, runner
from pypackage.cli.parser import ALL, Parser
from pypackage.core.errors import UsageError
from tests.support.tools import TREE


def options(text: str) -> set[str]:
    return set(re.findall(r"^  (?:-\w.*, )?(--[a-z-]+)", text, re.MULTILINE))


def test_page__everyday__has_no_option_of_a_topic_but_names_the_topics() -> None:
    said = create.parser().format_help()
    assert {"--channel", "--format", "--add", "--help-images"} <= options(said)
    assert not {"--app-version", "--base", "--list", "--python-source"} & options(said)
    assert "exit status:\n  0 success" in said


@pytest.mark.parametrize("topic", create_options.COMMAND.topics)
def test_page__of_a_topic__has_its_options_alone(topic: str) -> None:
    own = {
        name
        for group in create_options.COMMAND.documented
        if group.topic == topic
        for option in group.options
        for name in option.names
        if name.startswith("--")
    }
    assert options(create.parser().page(topic)) == own


def test_page__all__has_the_options_of_all_pages() -> None:
    parser = create.parser()
    pages = [parser.page(topic) for topic in ("", *create_options.COMMAND.topics)]
    assert options(parser.page(ALL)) == set().union(*map(options, pages))


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["-h"], "--channel"), (["--help", "all"], "--base"), (["--help-images"], "--base")],
)
def test_help__asked_for__is_shown_whatever_else_is_said(
    capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert create.main(["requirements.json", *words]) == 0
    assert expected in options(capsys.readouterr().out)


def test_format__values_that_shells_complete__are_those_that_there_are() -> None:
    (option,) = [one for one in create_options.ARCHIVE.options if one.flags == "--format"]
    assert sorted(option.values) == sorted(writers.ENDINGS)


def test_runner__its_help__is_read_whole() -> None:
    words: list[str | Path] = [TREE / "bin/python_package_run", "--help"]
    command = runner.table(subprocess.run(words, capture_output=True, text=True).stdout)
    (group,) = command.groups
    by_name = {option.names[-1]: option for option in group.options}
    assert by_name["--environment"].names == ("-e", "--environment")
    assert by_name["--wait"].help.endswith("(default: as long as that takes)")
    assert {"list", "clean"} <= set(by_name["--cache"].values)
    assert by_name["--sandbox"].metavar == ""
    assert command.usage.startswith("python_package_run [options]")
    assert command.exit_status.startswith("The exit status")


def test_error__where_colors_are_wanted__its_usage_is_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # which Python heeds from 3.14 on
    with pytest.raises(UsageError) as caught:
        Parser(create_options.COMMAND).error("no")
    assert "\x1b" not in caught.value.hint
    assert caught.value.hint.startswith("usage: ")
