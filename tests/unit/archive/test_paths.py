from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.archive import paths, writers
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.manifest import Relocation
from pypackage.core.errors import PackError
from pypackage.core.progress import SILENT


def test_resolve__file_below_a_link__is_at_its_place_once() -> None:
    given = Contents(
        (
            Entry("lib/both", None, b"true", package="one"),
            Entry("lib64", None, link="lib"),
            Entry("lib64/both", None, b"true", package="two"),
            Entry("lib64/deep/./x", None, b"x"),
        ),
        (Relocation("lib/both", "text", "/p"), Relocation("lib64/both", "text", "/p")),
        (),
    )
    found = paths.resolve(given)
    assert [entry.target for entry in found.entries] == ["lib/both", "lib/deep/x", "lib64"]
    assert found.entries[0].package == "one"
    assert [one.path for one in found.relocations] == ["lib/both"]


def test_resolve__nothing_below_a_link__is_as_it_was() -> None:
    given = Contents((Entry("lib/.x", None, b""), Entry("lib64", None, link="lib")), (), ())
    assert paths.resolve(given) is given


@pytest.mark.parametrize("link", ["/usr/lib", "../../lib", "lib64"])
def test_resolve__link_that_leads_out_or_round__is_an_error(link: str) -> None:
    given = Contents((Entry("lib64", None, link=link), Entry("lib64/x", None, b"")), (), ())
    with pytest.raises(PackError, match="lib64/x cannot be packed"):
        paths.resolve(given)


@pytest.mark.parametrize("format_", ["tar.gz", "tar", "layers"])
def test_write__file_below_a_file__is_an_error_in_each_format(tmp_path: Path, format_: str) -> None:
    given = Contents((Entry("lib/x", None, b""), Entry("lib/x/y/z", None, b"")), (), ())
    with pytest.raises(PackError, match=r"lib/x/y/z cannot be packed: lib/x is a file"):
        writers.write(given, format_, tmp_path / "e", SILENT)


def test_write__folder_of_its_own_and_files_in_it__is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    entries = (Entry("lib/x", tmp_path / "folder"), Entry("lib/x/y/z", None, b""))
    writers.write(Contents(entries, (), ()), "tar.gz", tmp_path / "e", SILENT)
