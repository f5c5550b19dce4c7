from __future__ import annotations

import os
from pathlib import Path

import pytest

from pypackage.core.errors import InstallError
from pypackage.core.relocation import rewrite_prefix

TARGET = Path("/opt/env")


def written(path: Path, content: bytes) -> bytes:
    """What a file of the folder `path.parent` holds once the target prefix stands in it."""
    path.write_bytes(content.replace(b"PREFIX", bytes(path.parent)))
    rewrite_prefix(path, path.parent, TARGET, by="a test", is_binary=path.suffix == ".so")
    return path.read_bytes()


def test_rewrite_prefix__text__names_the_target_prefix(tmp_path: Path) -> None:
    assert (
        written(tmp_path / "run", b"#!PREFIX/bin/sh\ncd PREFIX")
        == b"#!/opt/env/bin/sh\ncd /opt/env"
    )


def test_rewrite_prefix__strings_of_a_binary__keep_their_length(tmp_path: Path) -> None:
    content = b"\1\0PREFIX/lib:PREFIX\0end\0"
    new = written(tmp_path / "a.so", content)
    assert new.startswith(b"\1\0/opt/env/lib:/opt/env\0\0")
    assert new.endswith(b"\0end\0")
    assert len(new) == len(content.replace(b"PREFIX", bytes(tmp_path)))


def test_rewrite_prefix__binary_that_nobody_listed__is_refused_with_who_made_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(InstallError, match="a test wrote the environment's path into cache"):
        written(tmp_path / "cache", b"\0PREFIX\0")


def test_rewrite_prefix__hard_link_into_a_cache__leaves_the_other_name_and_the_mode(
    tmp_path: Path,
) -> None:
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    cached = tmp_path / "cached"
    cached.write_bytes(bytes(prefix))
    cached.chmod(0o755)
    os.link(cached, prefix / "script")
    rewrite_prefix(prefix / "script", prefix, TARGET, by="a test")
    assert (prefix / "script").read_bytes() == b"/opt/env"
    assert (prefix / "script").stat().st_mode & 0o777 == 0o755
    assert cached.read_bytes() == bytes(prefix)


def test_rewrite_prefix__link_into_the_prefix__becomes_relative(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "link").symlink_to(tmp_path / "bin" / "tool")
    rewrite_prefix(tmp_path / "lib" / "link", tmp_path, TARGET, by="a test")
    assert os.readlink(tmp_path / "lib" / "link") == "../bin/tool"
