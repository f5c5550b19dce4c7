"""Options of python_package_create for container images."""

from __future__ import annotations

import re

from pypackage.archive.image import FORMAT, USER
from pypackage.cli.options import Group, Option
from pypackage.core.errors import UsageError
from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pypackage.pipeline.target import ImageFile

FORMATS = (FORMAT,)
_OPTIONS = (
    Option(
        "--base",
        "the base image: an OCI layout (folder or tar file), or one that skopeo fetches, such as "
        "docker://debian:stable-slim",
        "IMAGE",
    ),
    Option("--user", f"the user that containers run as (default: {USER})", "USER[:GROUP]"),
    Option("--label", "a label of the image; repeatable", "NAME=TEXT", repeated=True),
)


GROUP = Group(
    "container images (--format oci)",
    _OPTIONS,
    "images",
    "with --app, --app-version, --maintainer, --description, --license and --install-root as\n"
    "for OS packages; the program of --command is what a container starts",
)


def target(parsed: argparse.Namespace, path: Path) -> ImageFile:
    """Return the image to make.

    Args:
        parsed: The options.
        path: Its folder or file.

    Raises:
        UsageError: A label is not valid.
    """
    from pypackage.archive.image.model import Image
    from pypackage.pipeline.target import ImageFile

    labels = {}
    for text in parsed.label:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--label: {text!r} is not NAME=TEXT")
        labels[name] = value
    image = Image(
        app=parsed.app or re.sub(r"(\.oci)?(\.tar)?$", "", path.name),
        version=parsed.app_version,
        base=parsed.base,
        commands=tuple(parsed.command),
        user=parsed.user or USER,
        labels=labels,
        maintainer=parsed.maintainer,
        description=parsed.description,
        license=parsed.license,
        install_root=parsed.install_root.rstrip("/") or Image.install_root,
    )
    return ImageFile(path, image)
