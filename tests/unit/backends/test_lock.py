"""Packages of PyPI in pixi's lock files, as they say where each is."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from pypackage.backends import lock
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core.errors import RequirementsError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def locked(folder: Path, *places: str) -> tuple[PyPIPackage, ...]:
    listed = "\n".join(f"      - pypi: {place}" for place in places)
    each = "\n".join(f"- pypi: {place}\n  name: a\n  version: '1'" for place in places)
    text = f"""\
version: 6
environments:
  default:
    channels: []
    packages:
      linux-64:
{listed}
packages:
{each}
"""
    path = folder / "pixi.lock"
    path.write_text(text)
    return lock.loads(path.read_bytes(), str(path), "linux-64").wheels


@pytest.mark.parametrize(
    ("place", "url"),
    [
        (f"git+https://x.invalid/a#{COMMIT}", f"git+https://x.invalid/a@{COMMIT}"),
        (f"git+https://x.invalid/a.git?rev=v1#{COMMIT}", f"git+https://x.invalid/a.git@{COMMIT}"),
        (
            f"git+https://x.invalid/a?subdirectory=b%2Fc&tag=1#{COMMIT}",
            f"git+https://x.invalid/a@{COMMIT}#subdirectory=b/c",
        ),
    ],
)
def test_loads__commit_of_a_repository__needs_no_digest(
    tmp_path: Path, place: str, url: str
) -> None:
    (package,) = locked(tmp_path, place)
    assert (package.url, package.sha256) == (url, "")


def test_loads__file_beside_the_lock__has_the_digest_of_its_content(tmp_path: Path) -> None:
    file = tmp_path / "links" / "a-1-py3-none-any.whl"
    file.parent.mkdir()
    file.write_bytes(b"content")
    (package,) = locked(tmp_path, "./links/a-1-py3-none-any.whl")
    assert (package.url, package.sha256) == (file.as_uri(), sha256(b"content").hexdigest())
    file.unlink()
    with pytest.raises(RequirementsError, match="a has no sha256"):
        locked(tmp_path, "./links/a-1-py3-none-any.whl")


def test_loads__without_a_package__says_so_rather_than_a_platform(tmp_path: Path) -> None:
    text = (
        "version: 6\nenvironments:\n  default:\n    channels: []\n    packages: {}\npackages: []\n"
    )
    with pytest.raises(RequirementsError, match=r"^pixi.lock: has no packages\n"):
        lock.loads(text.encode(), "pixi.lock", "linux-64")


@pytest.mark.parametrize("more", [b"x: " + b"[" * 5000, b'{"a":[' * 5000])
def test_loads__nested_too_deep_for_the_engine__is_refused_at_once(more: bytes) -> None:
    with pytest.raises(RequirementsError, match="nested too deep"):
        lock.loads(b"version: 6\n" + more, "pixi.lock", "linux-64")
