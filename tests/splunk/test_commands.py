"""Search commands of an app, run by Splunk's protocol with another Python and other libraries."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.splunk import driver
from tests.splunk.conftest import NAMES, REPORTING
from tests.support import pythons
from tests.support.tools import Tools

PRICES = [[{"price": "1.5"}, {"price": "2"}], [{"price": "4", "cost": "1"}]]


@pytest.fixture(scope="module")
def python() -> str:
    """What stands for Splunk's Python: not that of the environment."""
    return str(pythons.interpreters()[-1].base_executable)


def test_streaming__two_chunks__are_answered_each_and_seen_by_one_call(
    app: Path, python: str
) -> None:
    words = ["price", "factor=2", "exact=t"]
    found = driver.run(app, "score", words, PRICES, python=python)
    assert found.info == {"type": "stateful", "generating": False, "required_fields": ["*"]}
    assert [answer["finished"] for answer in found.answers] == [False, True]
    assert [(r["price_score"], r["seen"]) for r in found.records] == [
        ("3.0", "1"),
        ("4.0", "2"),
        ("8.0", "3"),
    ]
    assert found.status == 0


def test_streaming__code_prints__it_is_in_the_log_and_the_protocol_is_whole(
    app: Path, python: str
) -> None:
    found = driver.run(app, "score", [], PRICES, python=python)
    assert [r["price_score"] for r in found.records] == ["1", "2", "4"]
    assert "on stdout" in found.log
    assert "by the descriptor" in found.log


def test_streaming__ends_before_the_search__reads_on(app: Path, python: str) -> None:
    found = driver.run(app, "first", [], PRICES, python=python)
    assert [answer["finished"] for answer in found.answers] == [False, True]
    assert found.records == [{"price": "1.5"}]


def test_reporting__several_chunks__gives_its_records_at_the_end(app: Path, python: str) -> None:
    found = driver.run(app, "total", ["field=price"], PRICES, python=python)
    assert found.info["type"] == "reporting"
    assert found.records == [{"total": "7.5"}]


def test_generating__more_than_an_answer_may_have__goes_in_several(app: Path, python: str) -> None:
    found = driver.run(app, "numbers", ["count=120"], python=python)
    assert found.info == {"type": "streaming", "generating": True}
    assert [answer["finished"] for answer in found.answers] == [False, False, True]
    assert [r["n"] for r in found.records] == [str(number) for number in range(120)]
    assert found.records[0]["sid"] == "1700000000.1"
    assert found.records[0]["prefix"] == str(app / "bin/environment")


def test_values__several_in_a_field_and_other_types__are_as_splunk_has_them(
    app: Path, python: str
) -> None:
    record = {"tags": "a\nb$", "__mv_tags": "$a$;$b$$$"}
    found = driver.run(app, "values", [], [[record]], python=python)
    assert found.records == [
        {
            "tags": "a\nb$\n$new",
            "__mv_tags": "$a$;$b$$$;$$$new$",
            "none": "",
            "map": '{"a": [1]}',
            "yes": "1",
        }
    ]


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("broken", [], "ValueError: no second record (searches.py, line "),
        ("left", [], "SystemExit: 3 (searches.py, line "),
        ("told", [], "there is no price"),
        ("killed", [], "the command was killed by signal 9 before it had finished"),
        ("nothing", [], "the command's function returned None, not records"),
        ("score", ["cost"], "KeyError: 'cost' (searches.py, line "),
        ("score", ["factr=2"], "'factr' is not an option of this command; its options are factor"),
        ("score", ["factor=x"], "factor=x: not a number"),
        ("numbers", [], "this command needs count=…"),
    ],
)
def test_error__of_any_kind__is_a_message_and_no_broken_stream(
    app: Path, python: str, name: str, words: list[str], message: str
) -> None:
    found = driver.run(app, name, words, PRICES, python=python)
    assert message in found.error, found.log
    last = (found.answers or [found.info])[-1]
    assert last["inspector"]["messages"] == [["ERROR", found.error]]
    assert last["finished"]
    assert found.status != 0


def test_environment__cannot_be_used__is_a_message(app: Path, python: str, tmp_path: Path) -> None:
    copy = tmp_path / "shop"
    shutil.copytree(app, copy, symlinks=True)
    (copy / "bin/environment/bin/python3").unlink()
    (copy / "bin/environment/etc/pypackage/prepared").unlink()
    found = driver.run(copy, "score", [], PRICES, python=python)
    assert "the app's environment cannot be used: python_package_run: " in found.error
    assert found.status != 0


def test_confs__each_command__names_a_script_that_is_there(app: Path) -> None:
    for name in (*NAMES, *REPORTING):
        conf = driver.stanza(app, name)
        assert (app / "bin" / conf["filename"]).is_file()
        assert (conf["python.version"], conf["chunked"]) == ("python3", "true")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--splunk-command=a=m:f", "x.tar.gz"], "--splunk-command is for Splunk apps"),
        (["--splunk-command=a=m:f", "x.deb"], "-command is for Splunk apps (--format splunk-app)"),
        (["--splunk-files=.", "x.tar.gz"], "--splunk-files is for Splunk apps"),
        (["--splunk-command=a=m", "x.spl"], "'a=m' is not NAME=MODULE:FUNCTION"),
        (["--splunk-command=a=m:f", "--command=b", "x.spl"], "--command is for OS packages"),
        (["--label=a=b", "x.spl"], "--label is for container images (--format oci)"),
        (
            ["--splunk-command=a=m:f", "--app-version=1", "x.spl"],
            "Splunk does not accept the version '1'",
        ),
        (["--format=splunk-app", "x"], "a Splunk app needs a search command"),
    ],
)
def test_create__option_that_is_missing_or_not_valid__is_one_line(
    tools: Tools, tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "needs.json").write_text('{"python": "3.11.2", "modules": []}')
    done = tools.create("--allow-empty", *words[:-1], "needs.json", words[-1])
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert not (tmp_path / "x.spl").exists()
