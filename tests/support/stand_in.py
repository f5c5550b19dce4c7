"""Stands in for conda in tests: `python -m tests.support.stand_in create …`.

conda, mamba and micromamba cannot be installed from PyPI, so tests run this if none is on PATH.
It takes the arguments that all three have in common, records them (in $STAND_IN_LOG), and really
makes the environment as conda does: at the given path, with byte code, a history, and a line in
environments.txt.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import sys
import time
from pathlib import Path

from pypackage.backends import conda
from pypackage.backends.conda import condarc
from pypackage.backends.conda.channel_urls import resolve
from pypackage.core.errors import SolveError
from pypackage.core.progress import SILENT
from pypackage.prefix import postlink


def main(argv: list[str]) -> int:
    """Make an environment; the exit status is conda's, 0 or 1."""
    Path(os.environ["STAND_IN_LOG"]).write_text(json.dumps(argv))
    parser = argparse.ArgumentParser()
    parser.add_argument("create", choices=["create"])
    parser.add_argument("--yes", action="store_true", required=True)
    parser.add_argument("--override-channels", action="store_true")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--channel", action="append", default=[])
    parser.add_argument("--prefix", type=Path, required=True)
    parser.add_argument("specs", nargs="+")
    given = parser.parse_args(argv)
    channels = resolve([os.path.abspath(one) for one in given.channel], condarc.load())
    settings = conda.Settings(offline=given.offline)
    try:
        records = conda.solve(given.specs, channels.tiers, settings)
    except SolveError as error:
        sys.stderr.write(f"UnsatisfiableError: {error}\n")
        return 1
    sys.stdout.write("The following NEW packages will be INSTALLED:\n")
    prefix = given.prefix
    conda.install(records, prefix, prefix, SILENT, settings)
    (prefix / "CACHEDIR.TAG").unlink()
    postlink.run(prefix, prefix, "", SILENT)
    compileall.compile_dir(prefix / "lib", quiet=2, maxlevels=5)
    (prefix / "conda-meta/history").write_text(f"==> {time.time()} <==\n# cmd: {' '.join(argv)}\n")
    condarc.register(prefix)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
