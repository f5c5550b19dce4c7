from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from pypackage.core.errors import InputPathError, RequirementsError
from pypackage.requirements.formats import requirements_txt
from pypackage.requirements.model import Requirements

ONE, TWO = "1" * 64, "2" * 64


def read(text: str, folder: Path | str = "") -> Requirements:
    return requirements_txt.read(text.encode(), "r.txt", str(folder))


def refusal(text: str, folder: Path | str = "") -> str:
    with pytest.raises(RequirementsError) as raised:
        read(text, folder)
    assert raised.value.exit_code == 3
    return raised.value.message


def test_read__requirements__comments_markers_and_continued_lines() -> None:
    text = 'numpy >= 1.2  # bound\n\n# all\nuproot \\\n  ==5 ; python_version > "3"\n'
    assert read(text).pip == ("numpy >= 1.2", 'uproot   ==5 ; python_version > "3"')


def test_read__end_of_an_empty_marker__is_no_matter() -> None:
    assert read("six==1.17.0;\n").pip == ("six==1.17.0",)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_read__byte_order_mark__is_read_as_text(encoding: str) -> None:
    got = requirements_txt.read("six==1.17.0\r\n".encode(encoding), "r.txt", "")
    assert got.pip == ("six==1.17.0",)


def test_read__files_that_it_names__are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.txt").write_text("b\n-r again.txt\n-r more.txt\n")
    (tmp_path / "sub/again.txt").write_text("c\n")
    (tmp_path / "bounds.txt").write_text("d<2\n")
    got = read("a\n-r sub/more.txt\n--constraint=bounds.txt\n", tmp_path)
    assert (got.pip, got.constraints) == (("a", "b", "c"), ("d<2",))


def test_read__files_that_include_each_other_many_times__each_is_read_once(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.txt").write_text(f"a{number}\n" + f"-r {number + 1}.txt\n" * 9)
    (tmp_path / "20.txt").write_text("-r 0.txt\n-c 0.txt\n")
    got = read("-r 0.txt\n", tmp_path)
    assert got.pip == got.constraints == tuple(f"a{number}" for number in range(20))


def test_read__chain_of_files_longer_than_the_stack__is_followed(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\n")
    (tmp_path / "1200.txt").write_text("last\n")
    assert read("-r 0.txt\n", tmp_path).pip == ("last",)


def test_read__line_of_blanks__takes_no_time() -> None:
    before = process_time()
    for blanks in (" " * 60_000, "\t" * 60_000):
        assert "not a requirement" in refusal(f"a{blanks}b{blanks}\n")
        assert read(f"a{blanks}--hash=sha256:{ONE}{blanks}# comment\n").pip == ("a",)
    assert process_time() - before < 3


def test_read__variables__are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    options = read("--index-url https://x:${TOKEN}@mirror/simple\na\n").pip_options
    assert options == ("--index-url=https://x:secret@mirror/simple",)


def test_read__where_to_look__is_kept(tmp_path: Path) -> None:
    text = "-i https://one\n--extra-index-url=https://two\n-f wheels\n--no-index\n--pre\na\n"
    assert read(text, tmp_path).pip_options == (
        "--index-url=https://one",
        "--extra-index-url=https://two",
        f"--find-links={tmp_path}/wheels",
        "--no-index",
        "--pre",
    )


def test_read__hashes__are_kept_by_name() -> None:
    text = f"Some_Name==1 --hash=sha256:{ONE} \\\n  --hash=sha256:{TWO.upper()}\n"
    got = read(text)
    assert got.pip == ("Some_Name==1",)
    assert got.hashes == {"some-name": (f"sha256:{ONE}", f"sha256:{TWO}")}


@pytest.mark.parametrize("first", [f"a==1 --hash=sha256:{ONE}", "--require-hashes"])
def test_read__one_without_hash_among_others__is_an_error(first: str) -> None:
    assert refusal(f"{first}\nb==1\n").startswith("r.txt:2: b==1 has no --hash, but r.txt:1 has")


@pytest.mark.parametrize("fragment", ["{}", "egg=b&{}", "{}&subdirectory=x", "{} ; os_name=='x'"])
def test_read__digest_in_a_url__is_as_good_as_a_hash(fragment: str) -> None:
    url = f"https://host/b-1-py3-none-any.whl#{fragment.format(f'sha256={TWO}')}"
    for line in (f"b @ {url}", url):
        got = read(f"a==1 --hash=sha256:{ONE}\n{line}\n")
        assert got.pip == ("a==1", f"b @ {url}")
        assert got.hashes == {"a": (f"sha256:{ONE}",), "b": (f"sha256:{TWO}",)}
    assert read(f"b @ {url}\na==1\n").hashes == {"b": (f"sha256:{TWO}",)}


@pytest.mark.parametrize(
    "url",
    [
        f"git+https://host/b@main#sha256={TWO}",
        "https://host/b-1-py3-none-any.whl#sha256=",
        "https://host/b-1-py3-none-any.whl#sha256=abc",
        f"https://host/b-1-py3-none-any.whl#sha256={TWO}0",
        f"https://host/b-1-py3-none-any.whl#egg=sha256={TWO}",
        f"https://host/b-1-py3-none-any.whl?a#b=1&md5=sha256={TWO}",
    ],
)
def test_read__what_is_no_digest_in_a_url__is_no_hash(url: str) -> None:
    told = refusal(f"--require-hashes\nb @ {url}\n")
    assert told.startswith(f"r.txt:2: b @ {url} has no --hash, but r.txt:1 has")


def test_read__projects__are_local(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "setup.py").touch()
    got = read("-e .\n./mine\n--editable mine[extra]\nfile:mine#egg=mine\n", tmp_path)
    assert got.pip == (str(tmp_path), f"{tmp_path}/mine", f"{tmp_path}/mine[extra]")


def test_read__project_behind_a_marker__is_taken_where_it_holds(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = "./mine[x] ; python_version > '3'\n./mine ; python_version < '3'\n"
    assert read(text, tmp_path).pip == (f"{tmp_path}/mine[x]",)
    with pytest.raises(RequirementsError, match=r"r\.txt:1: not a marker: ' it holds'"):
        read("./mine ; it holds\n", tmp_path)


def test_read__project_that_one_stands_in__is_found_from_files_in_its_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "made-1.0-py3-none-any.whl").touch()
    monkeypatch.chdir(tmp_path)
    got = read("-e .[docs]\n./made-1.0-py3-none-any.whl\n", tmp_path / "requirements")
    wheel = f"made @ file://{tmp_path}/made-1.0-py3-none-any.whl"
    assert got.pip == (wheel, f"{tmp_path}/.[docs]")
    (tmp_path / "requirements/setup.py").touch()
    got = read("-e .\n", tmp_path / "requirements")
    assert got.pip == (f"{tmp_path}/requirements",)


def test_read__urls_and_wheels__say_their_names(tmp_path: Path) -> None:
    text = (
        "https://host/some_name-1.0-py3-none-any.whl\n"
        "git+https://host/repo@v1#egg=name\n"
        "-e git+https://host/other#egg=other\n"
        "git+https://host/third#egg=third[docs,test]&subdirectory=x\n"
        "x @ https://host/x.zip\n"
        "./other-2.0-py3-none-any.whl\n"
        "more-2.0-py3-none-any.whl[extra]\n"
    )
    assert read(text, tmp_path).pip == (
        "some_name @ https://host/some_name-1.0-py3-none-any.whl",
        "name @ git+https://host/repo@v1#egg=name",
        "other @ git+https://host/other#egg=other",
        "third[docs,test] @ git+https://host/third#egg=third[docs,test]&subdirectory=x",
        "x @ https://host/x.zip",
        f"other @ file://{tmp_path}/other-2.0-py3-none-any.whl",
        f"more[extra] @ file://{tmp_path}/more-2.0-py3-none-any.whl",
    )


def test_read__url_whose_host_is_none__is_left_to_uv() -> None:
    assert read("git+https://h[].git#egg=x\n").pip == ("x @ git+https://h[].git#egg=x",)


def test_read__urls_without_a_name__are_left_for_uv_to_name() -> None:
    urls = ("git+https://host/repo.git@main", "https://host/thing-1.0.tar.gz")
    assert read("".join(f"{url}\n" for url in urls)).pip == urls


def test_read__what_is_to_be_built__is_an_option_in_one_form() -> None:
    found = read("a\n--no-binary a, b\n--no-binary=:none:\n")
    assert found.pip_options == ("--no-binary=a,b", "--no-binary=:none:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\nb ==\n", "r.txt:2: not a requirement: 'b ==': "),
        ("a\n--no-such-option x\n", "r.txt:2: --no-such-option cannot be honoured"),
        ("a --global-option=x\n", "r.txt:1: --global-option=x cannot be honoured"),
        ("a --hash=md5:1\n", "r.txt:1: --hash=md5:1 cannot be honoured"),
        (f"https://h/a.zip --hash=sha256:{ONE}\n", "r.txt:1: https://h/a.zip does not say which"),
        ("-r https://host/r.txt\n", "r.txt:1: https://host/r.txt is not on this machine"),
        ("-e nothing\n", "r.txt:1: there is no nothing"),
        ("-r\n", "r.txt:1: --requirement says nothing"),
    ],
)
def test_read__what_cannot_be_honoured__is_told_with_its_place(text: str, says: str) -> None:
    assert refusal(text).startswith(says)


def test_read__file_that_is_not_there__is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputPathError, match=r"r\.txt:2: cannot read .*more\.txt"):
        read("a\n-r more.txt\n", tmp_path)
