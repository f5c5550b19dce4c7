"""Find where an environment's OpenSSL looks for certificates.

It was told when it was built: Debian's looks where Debian keeps them. The runner names another
place where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pypackage.archive.contents import Entry

PATH = "etc/pypackage/certificates"

# The places of distributions. Another one is of the machine where it was built, or of the
# environment itself, and is not told in an archive.
_PLACE = re.compile(
    rb'OPENSSLDIR: "(/usr/lib/ssl|/etc/ssl|/etc/pki/tls|/usr/local/ssl|/var/lib/ssl'
    rb'|/usr/local/etc/openssl@\d|/opt/homebrew/etc/openssl@\d)"'
)
# The library, or what it is linked into, in the order in which they are looked through.
_NAMES = (r"libcrypto[.-].*so.*", r"_ssl\..*so", r"libpython3.*so.*", r"python3\.\d+")


def find(entries: Iterable[Entry]) -> Entry | None:
    """The file that tells the runner: two lines, a file and a folder.

    None for an environment without OpenSSL, and where it does not look in a distribution's place.

    Raises:
        OSError: A file cannot be read.
    """
    files = [entry for entry in entries if entry.source and entry.data is None]
    for name in _NAMES:
        for entry in files:
            if re.fullmatch(name, PurePosixPath(entry.target).name) and (place := _place(entry)):
                return Entry(PATH, None, b"%s/cert.pem\n%s/certs\n" % (place, place), mode=0o644)
    return None


def _place(entry: Entry) -> bytes | None:
    assert entry.source is not None
    source = Path(entry.source)
    found = _PLACE.search(source.read_bytes()) if source.is_file() else None
    return found[1] if found else None
