from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pypackage.archive import relocate
from tests.support.pythons import executables

PLACEHOLDER = "/placeholder" * 20
TEXT = f"# {PLACEHOLDER}/bin/python\npath = '{PLACEHOLDER}/lib', 'ä'\n".encode()
BINARY = f"\x7fELF\0{PLACEHOLDER}/a:{PLACEHOLDER}/b\0next\0{PLACEHOLDER}\0\x01\x02".encode()


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    folder = tmp_path / "first place"
    return make(folder, {"bin/tool": ("text", TEXT), "lib/libx.so": ("binary", BINARY)})


def make(folder: Path, files: dict[str, tuple[str, bytes]]) -> Path:
    for name, (_, content) in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    entries = [
        {"mode": mode, "path": name, "placeholder": PLACEHOLDER}
        for name, (mode, _) in files.items()
    ]
    manifest = folder / relocate.MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"relocate": entries}))
    return folder


def expected(prefix: Path) -> tuple[bytes, bytes]:
    """The two files as they are to be at `prefix`."""
    new = os.fsencode(prefix)
    text = TEXT.replace(PLACEHOLDER.encode(), new)
    room = len(PLACEHOLDER) - len(new)
    pair = new + b"/a:" + new + b"/b" + bytes(2 * room)
    return text, b"\x7fELF\0" + pair + b"\0next\0" + new + bytes(room) + b"\0\x01\x02"


def found(prefix: Path) -> tuple[bytes, bytes]:
    return (prefix / "bin/tool").read_bytes(), (prefix / "lib/libx.so").read_bytes()


def test_relocate__first_time__text_changes_length_and_binary_does_not(prefix: Path) -> None:
    assert relocate.relocate(str(prefix)) == 2
    assert found(prefix) == expected(prefix)
    assert len(found(prefix)[1]) == len(BINARY)


def test_relocate__again_at_the_same_place__rewrites_nothing(prefix: Path) -> None:
    relocate.relocate(str(prefix))
    before = (prefix / "bin/tool").stat().st_ino
    assert relocate.relocate(str(prefix)) == 0
    assert (prefix / "bin/tool").stat().st_ino == before


@pytest.mark.parametrize("names", [["s", "a longer name than before"], ["x" * 40, "x"]])
def test_relocate__moved_several_times__is_as_if_it_were_the_first(
    prefix: Path, names: list[str]
) -> None:
    for name in names:
        relocate.relocate(str(prefix))
        prefix = prefix.rename(prefix.parent / name)
        assert relocate.relocate(str(prefix)) == 2
        assert found(prefix) == expected(prefix)


def test_relocate__new_place_begins_with_the_old_and_half_was_done__is_right(
    prefix: Path,
) -> None:
    relocate.relocate(str(prefix))
    text, _ = found(prefix)
    prefix = prefix.rename(f"{prefix} and more")
    relocate.relocate(str(prefix))
    (prefix / "bin/tool").write_bytes(text)
    assert relocate.relocate(str(prefix)) == 1
    assert found(prefix) == expected(prefix)


@pytest.fixture
def macos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for macOS's codesign, since the tests run on Linux."""
    codesign = tmp_path / "codesign"
    codesign.write_text('#!/bin/sh\nfor file; do :; done\nprintf "%s\\n" "$*" >>"$file"\n')
    codesign.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(relocate, "CODESIGN", str(codesign))
    return codesign


def test_relocate__on_macos__signs_programs_that_it_changed(macos: Path) -> None:
    program = b"\xcf\xfa\xed\xfe" + BINARY[4:]
    files = {"bin/python": ("binary", program), "lib/libx.so": ("binary", BINARY)}
    prefix = make(macos.parent / "prefix", files)
    assert relocate.relocate(str(prefix)) == 2
    signed = (prefix / "bin/python").read_bytes()
    assert b"\0next\0" + bytes(prefix) in signed
    assert b"--sign - --force " in signed
    assert (prefix / "lib/libx.so").read_bytes() == expected(prefix)[1]


def test_relocate__on_macos_what_cannot_be_signed__is_told(macos: Path) -> None:
    macos.write_text("#!/bin/sh\necho no room\nexit 1\n")
    files = {"bin/python": ("binary", b"\xcf\xfa\xed\xfe" + BINARY[4:])}
    prefix = make(macos.parent / "prefix", files)
    with pytest.raises(relocate.RelocationError, match="no room"):
        relocate.relocate(str(prefix))
    assert sorted(path.name for path in (prefix / "bin").iterdir()) == ["python"]


def test_relocate__prefix_of_the_reserved_length__fits(prefix: Path) -> None:
    exact = prefix.parent / ("x" * (len(PLACEHOLDER) - len(str(prefix.parent)) - 1))
    prefix = prefix.rename(exact)
    relocate.relocate(str(prefix))
    assert found(prefix) == expected(prefix)


def test_relocate__prefix_too_long__names_file_and_lengths_and_changes_nothing(
    prefix: Path,
) -> None:
    prefix = prefix.rename(prefix.parent / ("y" * len(PLACEHOLDER)))
    with pytest.raises(relocate.RelocationError) as caught:
        relocate.relocate(str(prefix))
    said = f"lib/libx.so has room for a prefix of {len(PLACEHOLDER)} bytes, and this one has "
    assert str(caught.value) == f"{said}{len(str(prefix))}: {prefix}"
    assert found(prefix) == (TEXT, BINARY)


def test_relocate__file_is_open_or_linked__only_the_environments_own_changes(
    prefix: Path,
) -> None:
    os.link(prefix / "lib/libx.so", prefix / "cached")
    with (prefix / "bin/tool").open("rb") as reader:
        relocate.relocate(str(prefix))
        assert reader.read() == TEXT
    assert (prefix / "cached").read_bytes() == BINARY


def test_relocate__any_mode__is_kept(prefix: Path) -> None:
    (prefix / "bin/tool").chmod(0o555)
    relocate.relocate(str(prefix))
    assert stat.S_IMODE((prefix / "bin/tool").stat().st_mode) == 0o555


def test_relocate__done__leaves_no_other_file_than_its_record(prefix: Path) -> None:
    before = {*prefix.rglob("*")}
    relocate.relocate(str(prefix))
    assert {*prefix.rglob("*")} - before == {prefix / relocate.RECORD}


def test_relocate__conda_unpack_was_there_before__is_accepted_at_that_place_alone(
    prefix: Path,
) -> None:
    text, binary = expected(prefix)
    (prefix / "bin/tool").write_bytes(text)
    (prefix / "lib/libx.so").write_bytes(binary)
    assert relocate.relocate(str(prefix)) == 0
    prefix = prefix.rename(prefix.parent / "elsewhere")
    with pytest.raises(relocate.RelocationError, match="by another tool"):
        relocate.relocate(str(prefix))


def test_relocate__listed_file_is_missing__is_an_error(prefix: Path) -> None:
    (prefix / "bin/tool").unlink()
    assert relocate.main([str(prefix)]) == 1
    assert found_binary(prefix) == BINARY


def found_binary(prefix: Path) -> bytes:
    return (prefix / "lib/libx.so").read_bytes()


@pytest.mark.parametrize("python", [Path(sys.executable), *executables()], ids=str)
def test_script__old_and_new_interpreters_without_a_locale__relocates(
    tmp_path: Path, python: Path
) -> None:
    prefix = make(tmp_path / "ü ☃", {"bin/tool": ("text", TEXT), "lib/libx.so": ("binary", BINARY)})
    command = [str(python), "-I", "-S", "-B", relocate.__file__, str(prefix)]
    subprocess.run(command, env={"LC_ALL": "C"}, check=True)
    assert found(prefix) == expected(prefix)


@pytest.mark.parametrize("arguments", [[], ["relative"], ["/a", "/b"]])
def test_script__wrong_arguments__fails_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert relocate.main(arguments) == 1
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize(
    ("place", "first", "becomes"),
    [
        ("/" + "p" * 300, "/bin/perl -w", "#!/usr/bin/env -S perl -w"),
        ("/" + "p" * 300, "/bin/Rscript", "#!/usr/bin/env Rscript"),
        ("/a place", "/bin/perl", "#!/usr/bin/env perl"),
        ("/place", "/bin/perl -w", "#!/place/bin/perl -w"),
    ],
)
def test_with_short_shebang__what_the_kernel_would_not_take__is_found_by_env(
    place: str, first: str, becomes: str
) -> None:
    text = f"#!{place}{first}\nuse {place};\n".encode()
    made = relocate.with_short_shebang(text, place.encode())
    assert made.decode().splitlines() == [becomes, f"use {place};"]
