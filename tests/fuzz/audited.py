"""Run the analyzer and print, as JSON, what it touched: the audit events of CPython.

Not a test: test_nothing_touched.py starts it in a process of its own, since an audit hook
cannot be taken away again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import CodeType

# That which a source could do if any part of it were run, and an analyzer never needs.
FORBIDDEN = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.remove",
    "os.kill", "os.symlink", "os.link", "os.chmod", "os.chown", "os.truncate", "shutil.rmtree",
    "socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request", "ctypes.dlopen",
    "subprocess.Popen", "pty.spawn", "webbrowser.open", "ftplib.connect", "smtplib.connect",
)  # fmt: skip
opened: list[tuple[str, bool]] = []
listed: list[str] = []
ran: list[str] = []
forbidden: list[str] = []


def hook(event: str, arguments: tuple[object, ...]) -> None:
    """Note what is opened, listed, run or forbidden."""
    if event == "open" and isinstance(arguments[0], str | bytes):
        flags = arguments[2] if isinstance(arguments[2], int) else 0
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        opened.append((absolute(arguments[0]), writes))
    elif event in ("os.listdir", "os.scandir") and isinstance(arguments[0], str | bytes):
        listed.append(absolute(arguments[0]))
    elif event == "exec" and isinstance(arguments[0], CodeType):
        ran.append(arguments[0].co_filename)
    elif event in FORBIDDEN:
        forbidden.append(f"{event} {arguments!r}")


def absolute(path: str | bytes) -> str:
    """A path as it is meant in the present folder, links not resolved."""
    return os.path.abspath(os.fsdecode(path))


def main() -> None:
    """Analyze as the arguments say and print the events."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from pypackage.cli import analyze

    sys.argv[0] = "python_package_analyze"
    sys.addaudithook(hook)
    status = analyze.main(sys.argv[1:])
    found = {"status": status, "opened": opened, "listed": listed}
    print(json.dumps({**found, "ran": ran, "forbidden": forbidden}))  # noqa: T201


if __name__ == "__main__":
    main()
