"""Describe a container image to be made, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pypackage.archive.image import USER
from pypackage.core.errors import UsageError

ENDING = ".oci.tar"

# Valid names and tags in registries (OCI distribution specification).
_NAME = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"\w[\w.-]{0,127}"
_USER = r"[\w.-]+(:[\w.-]+)?"
_LABEL = r"[A-Za-z0-9][\w./-]*"

# Go's names and variants of the architectures that conda has platforms for.
_ARCHITECTURES = {
    "linux-64": ("amd64", ""),
    "linux-aarch64": ("arm64", "v8"),
    "linux-ppc64le": ("ppc64le", ""),
    "linux-s390x": ("s390x", ""),
    "linux-riscv64": ("riscv64", ""),
    "linux-32": ("386", ""),
    "linux-armv7l": ("arm", "v7"),
}


@dataclass(frozen=True)
class Image:
    """An image: its name, and what it has besides the environment.

    Attributes:
        app: Its name, and that of the environment's folder.
        version: Its tag; empty for `latest`.
        base: The base image: a layout (folder or tar file), or a reference for skopeo, such as
            `docker://debian:stable-slim`; empty for none.
        commands: The first is the program that a container starts; empty for Python.
        user: The user that runs it, by number or name: `1000:1000`.
        labels: More labels by name.
        maintainer: Name and address.
        description: What it is.
        license: The name of its license, such as `MIT`.
        install_root: The parent of the environment's folder.
    """

    app: str
    version: str = ""
    base: str = ""
    commands: tuple[str, ...] = ()
    user: str = USER
    labels: Mapping[str, str] = field(default_factory=dict)
    maintainer: str = ""
    description: str = ""
    license: str = ""
    install_root: str = "/opt"

    @property
    def prefix(self) -> PurePosixPath:
        """The environment's folder in containers."""
        return PurePosixPath(self.install_root) / self.app

    @property
    def tag(self) -> str:
        """The tag in a registry."""
        return self.version or "latest"

    def all_labels(self) -> dict[str, str]:
        """The labels of the image, under OCI's names."""
        told = {
            "title": self.app,
            "version": self.version,
            "description": self.description.strip(),
            "authors": self.maintainer,
            "licenses": self.license,
        }
        named = {f"org.opencontainers.image.{key}": text for key, text in told.items() if text}
        return {**named, **self.labels}


def architecture(platform: str) -> tuple[str, str]:
    """Go's name of a platform's architecture, and its variant; empty if there is none."""
    return _ARCHITECTURES.get(platform, ("", ""))


def check(image: Image) -> None:
    """Check that the description of an image is valid.

    Raises:
        UsageError: Its name, version or another option is invalid.
    """
    if not re.fullmatch(_NAME, image.app, re.A):
        raise UsageError(
            f"registries do not accept an image named {image.app!r}",
            "use only lowercase letters, digits and . _ -; see --app",
        )
    if not re.fullmatch(_TAG, image.tag, re.A):
        raise UsageError(f"registries do not accept the tag {image.tag!r}", "see --app-version")
    if not re.fullmatch(_USER, image.user, re.A):
        raise UsageError(f"--user: {image.user!r} is not USER or USER:GROUP")
    if not re.fullmatch(r"(/[\w.+-]+)+", image.install_root) or ".." in image.install_root:
        raise UsageError(f"--install-root: {image.install_root!r} is not the path of a folder")
    for name in image.labels:
        if not re.fullmatch(_LABEL, name, re.A):
            raise UsageError(f"--label: {name!r} is not a label name", "write NAME=TEXT")
