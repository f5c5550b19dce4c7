"""Upload an environment, with a callable or to an fsspec URL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypackage.archive import parts
from pypackage.core import urls
from pypackage.core.errors import PackError, UsageError

if TYPE_CHECKING:
    from pypackage.pipeline.environment import Environment

Upload = Callable[["Environment"], object] | str


def upload(environment: Environment, target: Upload) -> str:
    """Upload an environment; return its URL, or an empty string if unknown.

    Args:
        environment: An archive, a folder, or a layers folder, of which only parts that are not
            there yet are sent.
        target: A function that receives the environment and may return its URL; or the URL of
            a folder, such as `s3://bucket/environments`. There it keeps its name, and is not sent
            again if it is already complete; `NAME.layers` becomes `NAME.json`, so that all
            environments there share their parts.

    Raises:
        UsageError: The URL's protocol is not supported here.
        PackError: It cannot be sent.
    """
    if callable(target):
        found = target(environment)
        return found if isinstance(found, str) else ""
    if "://" not in target:
        raise UsageError(f"upload: {target} is not a URL", "for a file, give target=PATH")
    try:
        import fsspec
    except ImportError as error:
        raise UsageError("uploading to a URL needs fsspec", "pip install fsspec") from error
    manifest = parts.manifest_of(environment.path)
    name = parts.shared_name(environment.path) if manifest else environment.path.name
    url = f"{target.rstrip('/')}/{name}"
    try:
        files, path = fsspec.core.url_to_fs(url)
        if manifest:
            _send_layers(files, manifest, path)
        elif not _is_there(files, str(environment), path):
            _send(files, str(environment), path)
    except (ImportError, ValueError) as error:  # unknown protocol, or its library is missing
        raise UsageError(f"cannot upload to {urls.redact(target)}: {error}") from error
    except Exception as error:  # each file system's library raises its own errors
        raise PackError(f"cannot upload to {urls.redact(target)}: {error}") from error
    return url


def _send_layers(files: Any, manifest: Path, path: str) -> None:
    """Send the parts of a layers folder that are not there yet, and then its manifest."""
    folder = f"{path.rpartition('/')[0]}/{parts.FOLDER}"
    for digest, (part, _) in parts.read(manifest).held.items():
        there = f"{folder}/{parts.file_name(digest)}"
        if not _is_there(files, str(part), there):
            _send(files, str(part), there)
    _send(files, str(manifest), path)


def _is_there(files: Any, source: str, path: str) -> bool:
    """Whether a file is there in its full length, or a folder at all."""
    if not files.exists(path):
        return False
    return os.path.isdir(source) or bool(files.size(path) == os.path.getsize(source))


def _send(files: Any, source: str, path: str) -> None:
    """Send a file or folder under a temporary name, then rename it."""
    is_folder = os.path.isdir(source)
    part = f"{path}.{uuid.uuid4().hex}.part"
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.put(source, part, recursive=is_folder)
    files.mv(part, path, recursive=is_folder)
