from __future__ import annotations

from pathlib import Path

from pypackage.backends.host.files import PLACEHOLDER, PackageFile
from pypackage.backends.host.privacy import PathScrubber, private

SCRUBBER = PathScrubber(("/home/me/env/3.11.7",), ("/tmp/build/Python",), ("/home/me",))


def test_hide__text__prefix_becomes_a_placeholder(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.write_text("a=/home/me/env/3.11.7/lib b=/tmp/build/Python/x c=/home/me/z")
    source.chmod(0o755)
    hidden = SCRUBBER.hide(PackageFile("bin/x", source=source))
    assert hidden.content == f"a={PLACEHOLDER}/lib b=//x c=//z".encode()
    assert hidden.placeholder
    assert hidden.executable
    assert "/home/me" in source.read_text()  # the source stays


def test_hide__elf__same_length_and_shared_end_of_string_kept() -> None:
    content = b"\x7fELF\0/home/me/env/3.11.7\0/home/me/z\0/home/me/env/3.11.7/lib\0"
    hidden = SCRUBBER.hide(PackageFile("lib/x.so", content=content)).content
    assert hidden is not None
    assert len(hidden) == len(content)
    assert b"me" not in hidden
    assert hidden.count(b"/3.11.7") == 2


def test_hide__longer_name__is_not_the_prefix() -> None:
    item = PackageFile("x", content=b"/home/me2 /home/me.old /tmp/build/Python3")
    assert SCRUBBER.hide(item) == item


def test_hide__nothing_private_or_other_binary__same_item() -> None:
    for item in (
        PackageFile("x", content=b"plain"),
        PackageFile("x", content=b"\0/home/me/"),
        PackageFile("x", link="/home/me"),
    ):
        assert SCRUBBER.hide(item) is item


def test_hide__large_file__is_searched_too(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"x" * (1 << 20) + b"/home/me/env/3.11.7\n")
    assert SCRUBBER.hide(PackageFile("big", source=source)).placeholder


def test_private__common_prefixes__are_nobodys() -> None:
    assert private(("/usr", "/usr/local", "/", "relative", "/srv/py")) == ("/srv/py",)
