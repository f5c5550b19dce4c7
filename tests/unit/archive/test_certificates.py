"""Where OpenSSL looks, read from the library."""

from __future__ import annotations

from pathlib import Path

import pytest

from pypackage.archive import certificates
from pypackage.archive.contents import Entry


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (b"/usr/lib/ssl", b"/usr/lib/ssl/cert.pem\n/usr/lib/ssl/certs\n"),
        (b"/etc/pki/tls", b"/etc/pki/tls/cert.pem\n/etc/pki/tls/certs\n"),
        (b"/home/me/_h_env_placehold/ssl", None),
    ],
)
@pytest.mark.parametrize("name", ["libcrypto.so.3", "libcrypto-1a2b.so.1.1", "_ssl.cpython-312.so"])
def test_find__openssl_of_a_distribution__tells_its_place(
    tmp_path: Path, place: bytes, told: bytes | None, name: str
) -> None:
    library = tmp_path / "any"
    library.write_bytes(b'\x7fELF\0OPENSSLDIR: "' + place + b'"\0')
    others = [Entry("lib/libk5crypto.so.3", library), Entry("lib/libcrypto.so", None, link="x")]
    found = certificates.find([*others, Entry(f"lib/{name}", library)])
    assert (found.data if found else None) == told


def test_find__no_openssl__tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "any").write_bytes(b"x")
    assert certificates.find([Entry("bin/python3.12", tmp_path / "any")]) is None
