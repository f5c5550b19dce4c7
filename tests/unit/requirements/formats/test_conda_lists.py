from __future__ import annotations

import pytest
import yaml

from pypackage.backends import lock
from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import conda_lists

MD5, SHA256 = "0" * 32, "1" * 64
URL = "https://host/chan/linux-64/a-1.0-0.conda"


def test_explicit__digests_and_conda_locks_pip_lines__are_all_taken() -> None:
    text = (
        "# platform: linux-64\n@EXPLICIT\n"
        f"{URL}#{MD5}\n"
        f"https://host/chan/noarch/b-2-py_0.tar.bz2#sha256:{SHA256}\n"
        f"# pip six @ https://pypi/six-1.16.0-py3-none-any.whl --hash=sha256:{SHA256}\n"
        f"# pip ascii-tree @ https://pypi/ascii-tree-0.3.tar.gz#sha256={SHA256}\n"
    )
    content = yaml.safe_load(conda_lists.explicit(text, "l", "linux-64"))
    assert content["packages"] == [
        {"conda": URL, "md5": MD5},
        {"conda": "https://host/chan/noarch/b-2-py_0.tar.bz2", "sha256": SHA256},
        {
            "pypi": "https://pypi/six-1.16.0-py3-none-any.whl",
            "name": "six",
            "version": "1.16.0",
            "sha256": SHA256,
        },
        {
            "pypi": "https://pypi/ascii-tree-0.3.tar.gz",
            "name": "ascii-tree",
            "version": "0.3",
            "sha256": SHA256,
        },
    ]


def test_explicit__token_that_conda_masked__is_left_to_who_fetches() -> None:
    text = f"@EXPLICIT\n{URL.replace('chan', 't/<TOKEN>/chan')}#{MD5}\n"
    (record,) = lock.loads(conda_lists.explicit(text, "l", "linux-64"), "l", "linux-64").records
    assert record.url == URL


def test_explicit__of_windows__does_not_send_to_a_platform_that_is_refused() -> None:
    with pytest.raises(RequirementsError) as raised:
        conda_lists.explicit("# platform: win-64\n@EXPLICIT\n", "l", "linux-64")
    assert "--platform" not in raised.value.hint


def test_explicit__quoted_epoch__is_that_of_the_version() -> None:
    text = f"@EXPLICIT\nhttps://host/chan/linux-64/x264-1%21164.3095-h1_2.tar.bz2#{MD5}\n"
    (record,) = lock.loads(conda_lists.explicit(text, "l", "linux-64"), "l", "linux-64").records
    found = record.name.normalized, str(record.version), record.file_name
    assert found == ("x264", "1!164.3095", "x264-1!164.3095-h1_2.tar.bz2")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("# platform: osx-64\n@EXPLICIT\n", "l: is a list for osx-64, not for linux-64"),
        ("@EXPLICIT\nnumpy\n", "l:2: not the URL of a conda package: numpy"),
        (f"@EXPLICIT\n{URL}\n", f"l: {URL} has no digest"),
        (f"@EXPLICIT\n{URL}#12\n", "l:2: not a digest: 12"),
        (
            f"@EXPLICIT\n# pip a @ https://host/v6.1.tar.gz#sha256={SHA256}\n",
            "l: https://host/v6.1.tar.gz does not say its version",
        ),
    ],
)
def test_explicit__what_cannot_be_taken__is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(RequirementsError) as raised:
        conda_lists.explicit(text, "l", "linux-64")
    assert raised.value.message == says


def test_exact__packages_without_digests__are_those_of_their_channels() -> None:
    text = (
        f"@EXPLICIT\n{URL}\nhttps://host/chan/noarch/b-c-2-py_0.tar.bz2#{MD5}\n"
        "https://other/d/linux-64/e-1%212-h_0.conda\n"
        f"# pip six @ https://pypi/six-1.16.0-py3-none-any.whl --hash=sha256:{SHA256}\n"
    )
    assert not conda_lists.has_digests(text)
    got = conda_lists.exact(text, "l", "linux-64")
    assert got.channels == ("https://host/chan", "https://other/d")
    assert got.dependencies == (
        "https://host/chan::a ==1.0 0",
        "https://host/chan::b-c ==2 py_0",
        "https://other/d::e ==1!2 h_0",
    )
    assert got.pip == (f"six @ https://pypi/six-1.16.0-py3-none-any.whl#sha256={SHA256}",)
    with pytest.raises(RequirementsError, match=r"a-1\.0-0\.conda is no package for osx-64"):
        conda_lists.exact(f"@EXPLICIT\n{URL}\n", "l", "osx-64")


def test_exported__builds_tell_which_are_pips() -> None:
    got = conda_lists.exported("# platform: linux-64\na=1.0=0\nsix=1.16.0=pypi_0\n", "l")
    assert (got.dependencies, got.pip) == (("a=1.0=0",), ("six==1.16.0",))
    with pytest.raises(RequirementsError, match="l:1: expected NAME=VERSION=BUILD, not 'a'"):
        conda_lists.exported("a\n", "l")
