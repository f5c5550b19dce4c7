"""Write a self-extracting file: the runner, followed by a whole `.tar.gz`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents
from pypackage.archive.writers import targz
from pypackage.core import files
from pypackage.core.progress import Reporter

_RUNNER = Path(__file__).parents[1] / "share" / "python_package_run"
_WIDTH = 120  # length of the second line
_FIRST, _LAST = "#!/bin/sh\n", 'main "$@"; }\n'


def write(contents: Contents, output: Path, reporter: Reporter, how: Compression) -> None:
    """Write a file that sh runs; its archive is the same as one written alone."""
    with files.temporary_folder(Path(os.path.realpath(output)).parent) as temporary:
        packed = temporary / "payload"
        targz.write(contents, packed, reporter, how)
        with packed.open("rb") as payload, files.new_file(output) as file:
            environment_id = payload.read(200).split(b"\n")[1].split()[2].decode()
            payload.seek(0)
            file.write(head(environment_id))
            shutil.copyfileobj(payload, file, 1 << 20)
    output.chmod(output.stat().st_mode | 0o111)


def head(environment_id: str) -> bytes:
    """The text before the archive: the runner, which takes its own file as the environment."""
    text = _RUNNER.read_text(encoding="utf-8")
    assert text.startswith(_FIRST)
    assert text.endswith(_LAST)
    body = text[len(_FIRST) : -len(_LAST)] + 'main -e "$0" "$@"; }\n'
    offset = len(_FIRST) + _WIDTH + len(body.encode())
    line = f"# python_package_run payload {offset} {environment_id}"
    return (_FIRST + line.ljust(_WIDTH - 1) + "\n" + body).encode()
