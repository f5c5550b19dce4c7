"""Download files, with retries."""

from __future__ import annotations

import base64
import re
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from pypackage.core import fingerprint, urls
from pypackage.core.errors import InstallError
from pypackage.core.progress import Reporter, Task
from pypackage.core.urls import redact

ATTEMPTS = 5
TIMEOUT = 60.0  # seconds without data
_BLOCK = 1 << 18
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # status codes of temporary failures


def fetch(url: str, target: Path, reporter: Reporter) -> str:
    """Download a file; after a broken connection it resumes where it stopped.

    Args:
        url: `http:`, `https:`, `ftp:` or `file:`; may have a user and a password.

    Returns:
        Its SHA-256 digest, hexadecimal.

    Raises:
        InstallError: It cannot be downloaded.
    """
    if urls.scheme(url) not in ("http", "https", "ftp", "file"):
        raise InstallError(f"cannot download {redact(url)}: not a URL of the web")
    with reporter.task(f"downloading {redact(url)}", 0) as task, target.open("wb") as file:
        tag = ""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                tag = _continue(url, file, tag, task)
                break
            except (_BrokenError, HTTPException, URLError, ConnectionError, TimeoutError) as error:
                if attempt == ATTEMPTS or not _may_pass(error):
                    raise InstallError(f"cannot download {redact(url)}", _said(error)) from error
                tag = getattr(error, "tag", tag)
            time.sleep(0.1 * 2**attempt)
    return fingerprint.of_file(target)


class _BrokenError(Exception):
    """The connection ended before the file; `tag` identifies the version being sent."""

    def __init__(self, tag: str) -> None:
        super().__init__("the connection broke off")
        self.tag = tag


def _continue(url: str, file: BinaryIO, tag: str, task: Task) -> str:
    """Download what is missing of a file; all of it if the server has another version now."""
    have = file.tell() if tag else 0
    request = _request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag)
    with urlopen(request, timeout=TIMEOUT) as answer:
        if answer.status != 206:
            file.seek(0)
            file.truncate()
        told = answer.headers.get("Content-Length", "")
        length = int(told) if re.fullmatch(r"\d{1,18}", told) else -1
        task.grow(max(length, 0))
        tag = _tag(answer)
        got = 0
        while block := _read(answer, tag):
            file.write(block)
            task.advance(len(block))
            got += len(block)
    if 0 <= length != got:
        raise _BrokenError(tag)
    return tag


def _read(answer: HTTPResponse, tag: str) -> bytes:
    try:
        return answer.read(_BLOCK)
    except (HTTPException, OSError) as error:
        raise _BrokenError(tag) from error


def _tag(answer: HTTPResponse) -> str:
    """Return the ETag or time that identifies this version of the file; empty without one."""
    tag = answer.headers.get("ETag", "")
    return "" if tag.startswith("W/") else tag or answer.headers.get("Last-Modified", "")


def _request(url: str) -> Request:
    """Return the request, with user and password of the URL in its header."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    headers = {"User-Agent": "python_package_create", "Accept-Encoding": "identity"}
    if at:
        words = base64.b64encode(unquote(user).encode()).decode()
        headers["Authorization"] = f"Basic {words}"
    return Request(urlunsplit(parts._replace(netloc=host)), headers=headers)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, HTTPError):
        return error.code in _PASSING
    reason = getattr(error, "reason", None)
    return not isinstance(error, URLError) or isinstance(reason, OSError)


def _said(error: Exception) -> str:
    return redact(str(error))
