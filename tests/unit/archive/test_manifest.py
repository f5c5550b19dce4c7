from __future__ import annotations

import json
from dataclasses import replace

from pypackage.archive import manifest
from pypackage.archive.manifest import Member, Package, Relocation

PYTHON = Package("python", "3.11.7", "h0_0", "linux-64", "ab" * 32, "u", ("__glibc >=2.17",))
NUMPY = Package("numpy", "2.1.3", "h1_0", "linux-64", "cd" * 32, "v", ("__glibc >=2.28,<3.0.a0",))
PURE = Package("six", "1.16", "py_0", "noarch", "", "", ("python",))
MEMBER = Member(1000, 20, "ef" * 32)


def test_manifest__of_an_environment__tells_what_the_worker_checks() -> None:
    identity, text = manifest.render([NUMPY, PURE, PYTHON], [], [MEMBER])
    content = json.loads(text)
    assert content["environment_id"] == identity
    assert (content["python"], content["platform"]) == ("3.11.7", "linux-64")
    assert content["glibc"] == "2.28"
    assert content["members"] == [{"length": 20, "offset": 1000, "sha256": "ef" * 32}]
    assert [p["name"] for p in content["packages"]] == ["numpy", "six", "python"]


def test_manifest__scalar_keys__stand_on_lines_of_their_own_for_sh() -> None:
    lines = manifest.render([PYTHON], [], [])[1].decode().splitlines()
    assert ' "glibc": "2.17",' in lines
    assert ' "relocate": [],' in lines
    assert f' "format": {manifest.FORMAT},' in lines


def test_manifest__size_and_number_of_files__are_told_where_they_are_known() -> None:
    lines = manifest.render([PYTHON], [], [], files=12, size=3456)[1].decode().splitlines()
    assert ' "files": 12,' in lines
    assert ' "size": 3456' in lines


def test_environment_id__same_input_twice__is_the_same() -> None:
    first = manifest.render([PYTHON], [Relocation("bin/x", "text", "/p")], [MEMBER])
    assert first == manifest.render([PYTHON], [Relocation("bin/x", "text", "/p")], [MEMBER])


def test_environment_id__other_content_or_relocation__is_another() -> None:
    ids = {
        manifest.render([PYTHON], [], [MEMBER])[0],
        manifest.render([PYTHON], [], [replace(MEMBER, sha256="00" * 32)])[0],
        manifest.render([PYTHON], [Relocation("bin/x", "text", "/p")], [MEMBER])[0],
        manifest.render([PYTHON, NUMPY], [], [MEMBER])[0],
    }
    assert len(ids) == 4


def test_lowest_glibc__versions_of_two_digits__are_compared_as_numbers() -> None:
    old = replace(PURE, depends=("__glibc >=2.9",))
    assert manifest.lowest_glibc([old, PYTHON, PURE]) == "2.17"
    assert manifest.lowest_glibc([PURE]) == ""
