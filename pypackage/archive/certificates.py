"""Find where an environment's OpenSSL looks for certificates.

The place is compiled in: Debian's OpenSSL looks where Debian keeps certificates. On machines
without that place, the runner sets another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pypackage.archive.contents import Entry

PATH = "etc/pypackage/certificates"

# The places used by distributions. Any other belongs to the build machine or to the environment
# itself, and is not recorded in archives.
_PLACE = re.compile(
    rb'OPENSSLDIR: "(/usr/lib/ssl|/etc/ssl|/etc/pki/tls|/usr/local/ssl|/var/lib/ssl'
    rb'|/usr/local/etc/openssl@\d|/opt/homebrew/etc/openssl@\d)"'
)
# The library, or binaries that it may be linked into, in search order.
_NAMES = (r"libcrypto[.-].*so.*", r"_ssl\..*so", r"libpython3.*so.*", r"python3\.\d+")


def find(entries: Iterable[Entry]) -> Entry | None:
    """The file that tells the runner where OpenSSL looks: two lines, a file and a folder.

    None for an environment without OpenSSL, or if it does not look in a distribution's place.

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
