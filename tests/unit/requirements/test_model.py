from __future__ import annotations

import json

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements.data_sources import Git, Http
from pypackage.requirements.formats.requirements_json import KEYS, loads
from pypackage.requirements.model import Requirements, dumps, merge

FULL = Requirements(
    python="3.11.7",
    modules=("numpy", "uproot"),
    channels=("conda-forge",),
    dependencies=("python=3.11.7", "numpy=2.1.3"),
    pip=("uproot==5.0.5",),
    optional={"ujson": "try/except ImportError"},
    local=("helper.py", "package"),
)


def failure(document: object) -> str:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(RequirementsError) as raised:
        loads(content, "r.json")
    assert raised.value.exit_code == 3
    return raised.value.message


def test_dumps__full_value__is_the_contract() -> None:
    assert json.loads(dumps(FULL)) == {
        "python": "3.11.7",
        "modules": ["numpy", "uproot"],
        "conda": {
            "channels": ["conda-forge"],
            "dependencies": ["python=3.11.7", "numpy=2.1.3", {"pip": ["uproot==5.0.5"]}],
        },
        "optional": {"ujson": "try/except ImportError"},
        "local": ["helper.py", "package"],
    }


def test_dumps__two_keys__byte_for_byte() -> None:
    text = '{\n  "modules": [\n    "a",\n    "b"\n  ],\n  "python": "3.11.7"\n}\n'
    assert dumps(Requirements("3.11.7", ("b", "a"))) == text


def test_dumps__names_of_all_kinds__same_bytes_as_the_json_module_writes() -> None:
    odd = 'größe "a\\b" \x01\n\u2028\U0001f40d'
    value = FULL._replace(channels=(), local=(odd, ""), optional={odd: "", "a": odd})
    written = dumps(value)
    assert written == json.dumps(json.loads(written), indent=2, sort_keys=True) + "\n"
    assert json.loads(written)["optional"] == {odd: "", "a": odd}


def test_loads__what_dumps_wrote__same_value() -> None:
    assert loads(dumps(FULL).encode(), "r.json") == FULL


def test_loads__seed_form__python_and_modules() -> None:
    seed = b'{"python": "3.7.3", "modules": ["antigravity", "matplotlib"]}'
    assert loads(seed, "r.json") == Requirements("3.7.3", ("antigravity", "matplotlib"))


def test_loads__poncho_form__python_from_the_dependencies() -> None:
    form = {
        "conda": {"channels": ["c"], "dependencies": ["python=3.8.3", "x", {"pip": ["p==1"]}]},
        "git": {"g": {"remote": "there"}},
    }
    assert loads(json.dumps(form).encode(), "r.json") == Requirements(
        "3.8.3",
        channels=("c",),
        dependencies=("python=3.8.3", "x"),
        pip=("p==1",),
        data=(Git("g", "there"),),
    )


def test_loads__older_poncho_form__packages_and_pip() -> None:
    form = {"conda": {"channels": ["c"], "packages": ["x", "python=3.8"]}, "pip": ["p==1"]}
    assert loads(json.dumps(form).encode(), "r.json") == Requirements(
        "3.8", channels=("c",), dependencies=("x", "python=3.8"), pip=("p==1",)
    )


@pytest.mark.parametrize(
    ("spec", "version"),
    [
        ("python=3.11.7", "3.11.7"),
        ("python==3.11", "3.11"),
        ("python 3.11.*", "3.11"),
        ("python = 3.11", "3.11"),
        ("conda-forge::python=3.11.7=h123_0_cpython", "3.11.7"),
        ("python 3.11.7 *_cpython", "3.11.7"),
        ("python=3.13.0rc1", "3.13.0rc1"),
        ("python", ""),
        ("python>=3.9,<3.12", ""),
    ],
)
def test_loads__python_as_a_dependency__version_is_taken(spec: str, version: str) -> None:
    names_like_it = ["python-dateutil=2.9", "python_abi=3.12", "python.app=1"]
    form = {"conda": {"dependencies": [*names_like_it, spec]}}
    assert loads(json.dumps(form).encode(), "r.json").python == version


def test_loads__unknown_keys_nulls_and_bom__are_ignored() -> None:
    content = b'\xef\xbb\xbf{"python": "3.11", "modules": null, "conda": null, "x": 1}'
    assert loads(content, "r.json") == Requirements("3.11")


def test_keys__of_what_is_written__are_all_known() -> None:
    # Otherwise each file of the analyzer's would be warned of.
    data = (Git("REPO", "https://x/y", ""), Http("FILE", "https://x/z", "file", "", ""))
    more = FULL._replace(submodules=("a.b",), standard=("tkinter",), data=data)
    written = json.loads(dumps(more))
    assert set(written) - set(KEYS) == set()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "r.json: expected an object, not a list"),
        (7, "r.json: expected an object, not 7"),
        ({}, "r.json: python: missing"),
        ({"python": 3.11}, "r.json: python: expected a string, not 3.11"),
        ({"python": "three"}, 'r.json: python: expected a version such as 3.11.7, not "three"'),
        ({"python": "3.11", "modules": {}}, "r.json: modules: expected a list, not an object"),
        ({"python": "3.11", "modules": ["a", 7]}, "r.json: modules[1]: expected a string, not 7"),
        (
            {"python": "3.11", "modules": ["--x"]},
            "r.json: modules[0]: '--x' is not a module name",
        ),
        (
            {"conda": {"dependencies": ["python=3.11", "a", "b", 7]}},
            "r.json: conda.dependencies[3]: expected a string, not 7",
        ),
        (
            {"conda": {"dependencies": ["python=3.11", {"pip": ["a", None]}]}},
            "r.json: conda.dependencies[1].pip[1]: expected a string, not null",
        ),
        ({"python": "3.11", "conda": []}, "r.json: conda: expected an object, not a list"),
        (
            {"python": "3.11", "conda": {"channels": "x" * 99}},
            f'r.json: conda.channels: expected a list, not "{"x" * 36}...',
        ),
        ({"python": "3.11", "pip": [[]]}, "r.json: pip[0]: expected a string, not a list"),
        ({"python": "3", "optional": {"a": 1}}, "r.json: optional.a: expected a string, not 1"),
        (b'{"python": "3.11",\n  "modules": [}', "r.json:2:15: not valid JSON: Expecting value"),
        (b"", "r.json:1:1: not valid JSON: Expecting value"),
        (b"\x1f\x8b\x08\x00", "r.json: not a text file (byte 1)"),
        (b"[" * 100_000, "r.json: not valid JSON: nested too deep"),
        (b"9" * 10_000, "r.json: not valid JSON: a number is too long"),
        ({"python": f"3.{'9' * 5000}"}, "r.json: python: expected a version such as 3.11.7, not "),
        (
            {"python": "3.11", "http": {"A": {"url": "http://[::1"}}},
            'r.json: http.A.url: "http://[::1" is no URL of http, https, ftp or file',
        ),
        (
            {"python": "3.11", "http": {"A": {"url": f"gopher://me:{'s' * 50}@h/x"}}},
            'r.json: http.A.url: "gopher://h/x" is no URL of http, https, ftp or file',
        ),
    ],
)
def test_loads__bad_document__message_names_the_place(document: object, message: str) -> None:
    assert failure(document).startswith(message)


def test_dumps__data__is_read_again() -> None:
    data = (Git("A", "https://x.example/a.git", "v1"), Http("B", "https://x.example/b", "tar"))
    needed = Requirements("3.11", data=data)
    assert loads(dumps(needed).encode(), "file") == needed


def test_merge__several_programs__need_what_each_does() -> None:
    other = Requirements("3.11.7", modules=("numpy", "ujson"), pip=("ujson==5",), local=("/a.py",))
    merged = merge([FULL, other])
    assert merged.modules == ("numpy", "uproot", "ujson")
    assert merged.pip == ("uproot==5.0.5", "ujson==5")
    assert merged.optional == {}
    assert merged.local == ("helper.py", "package", "/a.py")
    assert merge([FULL]) == FULL


def test_merge__different_versions_of_python__is_an_error() -> None:
    with pytest.raises(RequirementsError, match=r"3\.11\.7, 3\.12"):
        merge([FULL, Requirements("3.12")])


def test_dumps__folder_of_the_file__local_paths_are_relative_to_it() -> None:
    needed = Requirements("3.11", local=("/home/me/work/helper.py",))
    assert json.loads(dumps(needed, "/home/me/out"))["local"] == ["../work/helper.py"]
    assert json.loads(dumps(needed))["local"] == ["/home/me/work/helper.py"]
