"""Read a base image: a layout on this machine, or one that skopeo fetches from a registry."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from pypackage.archive.image.layers import Layer
from pypackage.archive.image.model import architecture
from pypackage.core import fingerprint, process
from pypackage.core.errors import InputPathError, PackError, ProcessError, UsageError
from pypackage.core.progress import Reporter
from pypackage.core.reading import parse_json
from pypackage.core.urls import redact

_TRANSPORT = re.compile(
    r"(docker|docker-daemon|containers-storage|docker-archive|dir|oci-archive):"
)
_IN_A_TAR = re.compile(r"(?:\./)?(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64})")
_TYPES = {  # Docker's names for the same types
    "application/vnd.docker.image.rootfs.diff.tar.gzip": (
        "application/vnd.oci.image.layer.v1.tar+gzip"
    ),
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
}
_ATTEMPTS = 3  # by skopeo, for busy registries


@dataclass(frozen=True)
class Base:
    """An image that another one is based on.

    Attributes:
        config: Its configuration, in OCI's format.
        layers: Its layers, lowest first.
        labels: Labels about it for the other image.
        blobs: The folders that contain its blobs.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    blobs: tuple[Path, ...] = ()

    def paths(self) -> list[Path]:
        """The files of its layers, lowest first."""
        return [_blob(self.blobs, one.digest) for one in self.layers]

    def copy(self, layer: Layer, target: BinaryIO) -> None:
        """Copy a layer and check its digest.

        Raises:
            PackError: The digest does not match.
        """
        digest = sha256()
        with _blob(self.blobs, layer.digest).open("rb") as source:
            while block := source.read(1 << 20):
                digest.update(block)
                target.write(block)
        if f"sha256:{digest.hexdigest()}" != layer.digest:
            raise PackError(f"a layer of the base is damaged: {layer.digest}", "fetch it again")


def is_here(name: str) -> bool:
    """Whether a base is a folder or file on this machine, not one to be fetched by skopeo."""
    return not _TRANSPORT.match(name)


def is_fixed(name: str) -> bool:
    """Whether a base's name always refers to the same image."""
    return is_here(name) or bool(re.search(r"@sha256:[0-9a-f]{64}$", name))


def identity(name: str) -> str:
    """A string that identifies the content of a base."""
    if not name or not is_here(name):
        return name
    path, _ = _split(name)
    return fingerprint.of_file(path / "index.json" if path.is_dir() else path)


def check(name: str) -> None:
    """Check that a base is available.

    Raises:
        InputPathError: The layout does not exist.
        UsageError: It is a name in a registry without `docker://`.
        PackError: skopeo is not installed.
    """
    if not name:
        return
    if not is_here(name):
        _skopeo()
        return
    path, _ = _split(name)
    if not path.exists() and not name.startswith(("/", ".")):
        raise UsageError(
            f"--base: there is no layout {name}",
            f"for an image in a registry, write docker://{name}",
        )
    if not path.is_file() and not (path / "index.json").is_file():
        raise InputPathError(f"--base: {path} is not an OCI image layout")


@contextmanager
def load(name: str, platform: str, kept: Path, scratch: Path, reporter: Reporter) -> Iterator[Base]:
    """Provide a base for the duration of the block.

    Args:
        name: A layout's folder or tar file, with `:TAG` if it has several images; or a reference
            for skopeo; empty for none.
        platform: Conda's name of the platform that it must be for.
        kept: The folder in which blobs fetched by skopeo are cached.
        scratch: An empty folder.

    Raises:
        PackError: It cannot be fetched, or is not for the platform.
    """
    if not name:
        yield Base()
        return
    folder, tag = _split(name) if is_here(name) else (scratch, "")
    blobs = [folder / "blobs"]
    if not is_here(name):
        kept.mkdir(parents=True, exist_ok=True)
        with reporter.task(f"fetching {redact(name)}"):
            _fetch(name, platform, kept, scratch)
        blobs.append(kept)
    try:
        if is_here(name) and folder.is_file():
            _extract(folder, scratch)
            folder, blobs = scratch, [scratch / "blobs"]
        yield _read(folder, tuple(blobs), redact(name), tag, platform)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, tarfile.TarError) as error:
        raise PackError(f"the base {redact(name)} is not an OCI image: {error}") from error


def _split(name: str) -> tuple[Path, str]:
    """The path of a layout, and the tag."""
    name = name.removeprefix("oci:")
    path, colon, tag = name.rpartition(":")
    return (Path(path), tag) if colon and not os.path.exists(name) else (Path(name), "")


def _skopeo() -> str:
    found = shutil.which("skopeo")
    if not found:
        raise PackError(
            "fetching an image from a registry needs skopeo, which is not installed",
            "install skopeo (apt and dnf have it), or name an OCI image layout with --base",
        )
    return found


def _fetch(name: str, platform: str, kept: Path, scratch: Path) -> None:
    arch, variant = architecture(platform)
    command = [_skopeo(), "--override-os", "linux", "--override-arch", arch]
    command += ["--override-variant", variant] if variant else []
    command += ["copy", "--quiet", "--retry-times", str(_ATTEMPTS), "--dest-shared-blob-dir"]
    try:
        process.run([*command, kept, name, f"oci:{scratch}:base"])
    except ProcessError as error:
        raise PackError(f"skopeo cannot fetch {redact(name)}", redact(error.output)) from error


def _extract(path: Path, folder: Path) -> None:
    """Extract only the files that are part of a layout."""
    with tarfile.open(path) as archive:
        for member in archive:
            named = _IN_A_TAR.fullmatch(member.name)
            source = archive.extractfile(member) if named and member.isreg() else None
            if named and source:
                target = folder / named[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)


def _blob(blobs: tuple[Path, ...], digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256" or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError(f"its digest is {digest!r}")
    places = [folder / algorithm / value for folder in blobs]
    return next((one for one in places if one.is_file()), places[0])


def _content(blobs: tuple[Path, ...], described: Mapping[str, str]) -> Any:
    """Return the JSON of a blob; one that has another digest could name itself, without an end."""
    content = _blob(blobs, described["digest"]).read_bytes()
    if f"sha256:{sha256(content).hexdigest()}" != described["digest"]:
        raise ValueError(f"{described['digest']} has another digest")
    return parse_json(content)


def _read(folder: Path, blobs: tuple[Path, ...], name: str, tag: str, platform: str) -> Base:
    index = parse_json((folder / "index.json").read_bytes())
    described = _choose(index["manifests"], tag, platform)
    manifest = _content(blobs, described)
    while "manifests" in manifest:  # an index of images for several platforms
        described = _choose(manifest["manifests"], "", platform)
        manifest = _content(blobs, described)
    config = _content(blobs, manifest["config"])
    if config["architecture"] != architecture(platform)[0] or config["os"] != "linux":
        raise PackError(
            f"the base {name} is for {config['os']}/{config['architecture']}",
            f"the environment is for {platform}",
        )
    layers = tuple(
        Layer("", one["digest"], one["size"], diff_id, _TYPES.get(*2 * (one["mediaType"],)))
        for one, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
    )
    labels = {"org.opencontainers.image.base.digest": described["digest"]}
    if not is_here(name):
        labels["org.opencontainers.image.base.name"] = name.partition("://")[2] or name
    return Base(config, layers, labels, blobs)


def _choose(manifests: list[dict[str, Any]], tag: str, platform: str) -> dict[str, Any]:
    """The manifest for a tag and a platform, or the only one."""
    key = "org.opencontainers.image.ref.name"
    named = [one for one in manifests if not tag or one.get("annotations", {}).get(key) == tag]
    arch, variant = architecture(platform)
    fitting = [
        one
        for one in named
        if one.get("platform", {}).get("architecture", arch) == arch
        and one.get("platform", {}).get("variant", variant) in (variant, "")
    ]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        what = f"image {tag}" if tag and not named else f"image for {platform}"
        raise ValueError(f"it has no {what}")
    raise ValueError("it has several images: name one, as LAYOUT:TAG")
