"""Splunk apps: what is in them, what is refused, and what the protocol makes of values."""

from __future__ import annotations

import ast
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Package
from pypackage.archive.splunk import functions, runtime
from pypackage.archive.splunk.model import Command, SplunkApp, check, parse_command
from pypackage.archive.splunk.runtime import arguments, protocol, serve
from pypackage.archive.splunk.write import write
from pypackage.core.errors import InputPathError, PackError, UsageError
from pypackage.core.progress import SILENT

SOURCE = '''
from elsewhere import imported

def score(records, *fields, factor: int = 1, weight=0.5, searchinfo=None):
    """Multiply.

    More of it.
    """

def numbers(count=10, *, start: "int | None" = None, end: bool):
    pass

class Counting:
    """Count."""

made = score
'''
SITE = "lib/python3.11/site-packages"
APP = SplunkApp("shop", "1.2.0", (Command("score", "mine.searches", "score"),), "Jane <j@x.org>")


@pytest.fixture
def contents() -> Contents:
    entries = (
        Entry("bin/python3", None, b"python", package="python"),
        Entry(f"{SITE}/mine/__init__.py", None, b"", mode=0o644),
        Entry(f"{SITE}/mine/searches.py", None, SOURCE.encode(), mode=0o644),
        Entry(f"{SITE}/fast.cpython-311-x86_64-linux-gnu.so", None, b""),
        Entry(f"{SITE}/other/tests/fast.py", None, b"", mode=0o644),
        Entry(f"{SITE}/{'long' * 30}.py", None, b"", mode=0o644),
    )
    return Contents(entries, (), (Package("python", "3.11.7", "0", "linux-64", "", "", ()),))


def made(given: Contents, output: Path, app: SplunkApp = APP) -> Path:
    write(given, app, output, SILENT, Compression(workers=2))
    return output


def test_write__twice__same_bytes_one_folder_and_plain_modes(
    contents: Contents, tmp_path: Path
) -> None:
    one, two = made(contents, tmp_path / "one.spl"), made(contents, tmp_path / "two.spl")
    assert one.read_bytes() == two.read_bytes()
    with tarfile.open(one) as archive:
        members = {member.name: member for member in archive}
    assert {name.partition("/")[0] for name in members} == {"shop"}
    assert members["shop/bin"].mode == 0o755
    assert members["shop/bin/environment/bin/python3"].mode == 0o755
    assert members["shop/bin/environment/bin/python_package_run"].mode == 0o755
    assert members["shop/bin/run_command.py"].mode == 0o644
    assert f"shop/bin/environment/{SITE}/{'long' * 30}.py" in members
    outside = {name for name in members if "/environment/" not in name and members[name].isfile()}
    assert outside >= {
        "shop/app.manifest",
        "shop/README.txt",
        "shop/default/app.conf",
        "shop/default/commands.conf",
        "shop/default/searchbnf.conf",
        "shop/metadata/default.meta",
        "shop/bin/python_package_splunk/dispatch.py",
    }


def test_write__manifest__has_id_author_and_version(contents: Contents, tmp_path: Path) -> None:
    with tarfile.open(made(contents, tmp_path / "shop.spl")) as archive:
        member = archive.extractfile("shop/app.manifest")
        assert member
        info = json.load(member)["info"]
    assert info["id"] == {"group": None, "name": "shop", "version": "1.2.0"}
    assert info["author"] == [{"name": "Jane", "email": "j@x.org", "company": None}]


def test_write__environment_without_python__is_refused(contents: Contents, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="needs Python"):
        made(replace(contents, packages=()), tmp_path / "shop.spl")
    assert not list(tmp_path.iterdir())


def test_write__own_files__are_in_the_app_and_replace_ours(
    contents: Contents, tmp_path: Path
) -> None:
    for path in ("default/data/ui/views/v.xml", "default/app.conf", ".git/config", "static/x.sh"):
        (tmp_path / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / path).write_text("mine")
    (tmp_path / "files/static/x.sh").chmod(0o755)
    app = replace(APP, files=tmp_path / "files")
    check(app)
    before = app.identity()
    with tarfile.open(made(contents, tmp_path / "shop.spl", app)) as archive:
        names = archive.getnames()
        conf = archive.extractfile("shop/default/app.conf")
        assert conf
        assert conf.read() == b"mine"
        assert archive.getmember("shop/static/x.sh").mode == 0o755
    assert "shop/default/data/ui/views/v.xml" in names
    assert len(names) == len(set(names))
    assert not [name for name in names if ".git" in name]
    (tmp_path / "files/default/app.conf").write_text("other")
    assert app.identity() != before


@pytest.mark.parametrize("path", ["bin/x.py", "default/commands.conf", "local/app.conf"])
def test_check__own_files_of_a_reserved_name__are_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir()
    (tmp_path / path).touch()
    with pytest.raises(UsageError, match=f"cannot contain {path}"):
        check(replace(APP, files=tmp_path))


def test_check__no_folder_of_files__is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match="there is no folder"):
        check(replace(APP, files=tmp_path / "none"))


@pytest.mark.parametrize(
    ("word", "kind", "syntax"),
    [
        (
            "score=mine.searches:score",
            "streaming",
            "score (factor=<int>)? (weight=<num>)? <field-list>",
        ),
        (
            "score=mine.searches:score:reporting",
            "reporting",
            "score (factor=<int>)? (weight=<num>)? <field-list>",
        ),
        (
            "count=mine.searches:numbers",
            "generating",
            "count (count=<int>)? (start=<string>)? end=<bool>",
        ),
        ("count=mine.searches:Counting", "splunklib", "count"),
        ("other=mine.searches:made", "streaming", "other"),
        ("other=mine.searches:imported:generating", "generating", "other"),
        ("other=fast:go", "streaming", "other"),
    ],
)
def test_describe__source__tells_kind_and_syntax(
    contents: Contents, word: str, kind: str, syntax: str
) -> None:
    found = functions.describe(parse_command(word), contents)
    assert (found.command.kind, found.syntax) == (kind, syntax)


def test_describe__environment_of_debian_s_python__source_is_read() -> None:
    place = "lib/python3/dist-packages/searches"
    source, code = (Entry(f"{place}{end}", None, SOURCE.encode()) for end in (".py", ".pyc"))
    found = functions.describe(
        parse_command("a=searches:numbers"), Contents((source, code), (), ())
    )
    assert found.command.kind == "generating"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("a=nowhere:f", "the environment has no module nowhere"),
        ("a=mine.searches:nothing", "the module mine.searches has no function nothing"),
        ("a=mine.searches:score:generating", "cannot be a generating command: its function takes"),
        ("a=mine.searches:numbers:streaming", "its function takes no records"),
    ],
)
def test_describe__what_is_not_there__is_refused(
    contents: Contents, word: str, message: str
) -> None:
    with pytest.raises(PackError, match=message):
        functions.describe(parse_command(word), contents)


@pytest.mark.parametrize(
    "word", ["", "score", "score=", "score=m", "score=m:", "=m:f", "a b=m:f", "a_b=m:f", "a=m:f:g"]
)
def test_parse_command__something_else__is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--splunk-command"):
        parse_command(word)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"app": "my shop"}, "an app named"),
        ({"app": "shop."}, "an app named"),
        ({"version": "1.2"}, "the version '1.2'"),
        ({"version": "01.2.3"}, "the version"),
        ({"commands": ()}, "needs a search command"),
        ({"commands": APP.commands * 2}, "score is given twice"),
    ],
)
def test_check__not_valid__is_refused(changed: dict[str, Any], message: str) -> None:
    check(APP)
    with pytest.raises(UsageError, match=message):
        check(replace(APP, **changed))


@pytest.mark.parametrize("path", sorted(Path(runtime.__path__[0]).glob("*.py")), ids=str)
def test_runtime__syntax__is_that_of_python_3_7(path: Path) -> None:
    ast.parse(path.read_bytes(), feature_version=(3, 7))


def test_encode__values_of_any_type__are_text() -> None:
    record = {"nan": float("nan"), "no": None, "bytes": b"\xc3\xa4", "nul": "a\0b", "one": ["x"]}
    assert protocol.encode([record, {}]) == "nan,no,bytes,nul,one\n,,ä,ab,x\n,,,,\n".encode()
    assert protocol.encode([]) == b""


def test_decode__long_event_and_bytes_that_are_no_text__is_read() -> None:
    body = b"_raw,__mv__raw\n" + b"x" * 200_000 + b",\n\xff,\n"
    assert [len(record["_raw"]) for record in protocol.decode(body)] == [200_000, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"chunked 1.0,2,0\n{",
        b"chunked 1.0,2,0\n[]",
        b"chunked 1.0,2,9\n{}x",
        b"x" * 999,
    ],
)
def test_read__broken_stream__is_told(content: bytes) -> None:
    with pytest.raises(protocol.ProtocolError):
        protocol.read(io.BytesIO(content))


def test_results__table__is_its_rows() -> None:
    class Frame:
        """Stands for pandas, which the tests do without."""

        columns = ("a",)

        def to_dict(self, orient: str) -> list[dict[str, int]]:
            assert orient == "records"
            return [{"a": 1}]

    assert list(serve._results(Frame())) == [{"a": 1}]


@pytest.mark.parametrize("result", [None, "text", {"a": 1}, 3, [1], ["text"]])
def test_results__no_records__is_told(result: object) -> None:
    with pytest.raises(serve.CommandError, match="the command's function"):
        list(serve._results(result))


def optional(
    records: object, *, most: int | None = None, name: str = "", strict: bool = True
) -> None:
    pass


def anything(records: object, *fields: str, **options: str) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "words", "bound"),
    [
        (optional, ["most=3", "name=a=b"], ([], {"most": 3, "name": "a=b"})),
        (anything, ["x", "other=1"], (["x"], {"other": "1"})),
        (optional, ["strict=No"], ([], {"strict": False})),
        (anything, ["a==1", "b>=2", "=", ""], (["a==1", "b>=2", "=", ""], {})),
    ],
)
def test_bind__words__are_arguments(
    function: Callable[..., Any], words: list[str], bound: object
) -> None:
    assert arguments.bind(function, words, {}, records=True) == bound


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("most=many", "most=many: not a whole number"),
        ("strict=maybe", "strict=maybe: not true or false"),
        ("least=1", "'least' is not an option of this command; its options are most, name, strict"),
        ("host", "'host' is not an argument of this command; its options are most, name, strict"),
    ],
)
def test_bind__word_that_fits_nothing__is_told(word: str, message: str) -> None:
    with pytest.raises(arguments.ArgumentError, match=f"^{message}$"):
        arguments.bind(optional, [word], {}, records=True)
