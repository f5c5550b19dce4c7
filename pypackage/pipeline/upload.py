"""Upload an environment, with a callable or to an fsspec URL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pypackage.core import urls
from pypackage.core.errors import PackError, UsageError

if TYPE_CHECKING:
    from pypackage.pipeline.environment import Environment

Upload = Callable[["Environment"], object] | str


def upload(environment: Environment, target: Upload) -> str:
    """Send an environment somewhere; returns its URL, as far as that is told.

    Args:
        environment: An archive or a folder.
        target: A function that is given the environment and may return its URL; or the URL of
            a folder, such as `s3://bucket/environments`. There it keeps its name, and is not
            sent again if it is there in full.

    Raises:
        UsageError: Nothing here knows such URLs.
        PackError: It cannot be sent.
    """
    if callable(target):
        found = target(environment)
        return found if isinstance(found, str) else ""
    if "://" not in target:
        raise UsageError(f"upload: {target} is no URL", "a file is made by target=PATH")
    try:
        import fsspec
    except ImportError as error:
        raise UsageError("to upload to an URL needs fsspec", "pip install fsspec") from error
    url = f"{target.rstrip('/')}/{environment.path.name}"
    try:
        files, path = fsspec.core.url_to_fs(url)
        _send(files, str(environment), path, environment.path.is_dir())
    except (ImportError, ValueError) as error:  # no such protocol, or its library is missing
        raise UsageError(f"cannot upload to {urls.redact(target)}: {error}") from error
    except Exception as error:  # each file system's library has some of its own
        raise PackError(f"cannot upload to {urls.redact(target)}: {error}") from error
    return url


def _send(files: Any, source: str, path: str, is_folder: bool) -> None:
    """Send a file or folder, so that it is seen when it is whole."""
    if files.exists(path) and (is_folder or files.size(path) == os.path.getsize(source)):
        return
    part = f"{path}.{uuid.uuid4().hex}.part"
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.put(source, part, recursive=is_folder)
    files.mv(part, path, recursive=is_folder)
