"""Command lines that cannot be meant are refused before any work is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.cli import analyze, create

FOREIGN = ("--platform", "osx-64")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "a", "-p", "b"), "-n and -p exclude each other"),
        (("--join", "one"), "--join needs two arguments: LAYERS and ARCHIVE"),
        (("needs.txt", "e.oci.tar", "--label", "x"), "--label: 'x' is not NAME=TEXT"),
        (("needs.txt", "e.tar.gz", "-c", " "), "a channel has no name"),
        (("needs.txt", "e.tar.gz", "--conda-executable", "conda", *FOREIGN), "built-in solver"),
        (("needs.txt", "e.tar.gz", "--python-source", "3.11.9", *FOREIGN), "such as this one"),
        (("bounds.txt", "e.tar.gz"), "./code is a folder, which constrains nothing"),
        (("data.json", "e.tar.gz"), 'expected 64 hexadecimal digits, not "abc"'),
        (("name.json", "e.tar.gz"), "has characters that no name may have"),
        (("folder.txt", "e.tar.gz"), "code has no pyproject.toml or setup.py"),
    ],
)
def test_create__what_cannot_be_meant__is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / "code").mkdir()
    inputs = {
        "needs.txt": "six\n",
        "bounds.txt": "-c constraints.txt\nsix\n",
        "constraints.txt": "./code\n",
        "folder.txt": "./code\n",
        "data.json": '{"python": "3", "http": {"D": {"url": "https://e.org", "sha256": "abc"}}}',
        "name.json": '{"python": "3.11", "modules": ["a\\u0007b"]}',
    }
    for name, text in inputs.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert create.main(["-q", *words]) != 0
    stdout, stderr = capsys.readouterr()
    assert said in stderr.splitlines()[0]
    assert stdout == ""
    assert not list(tmp_path.glob("e.*"))


def test_analyze__graph_and_json__cannot_both_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.py"
    script.write_text("import six\n")
    assert analyze.main(["--graph", "dot", "--explain", str(script), "-"]) == 1
    assert "--graph cannot be given with --explain or --json" in capsys.readouterr().err
