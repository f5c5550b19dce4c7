"""Write an OCI image layout: configuration, manifest and index, and a tar file of it."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from pypackage.archive import tar_stream
from pypackage.archive.contents import Entry
from pypackage.archive.image.base import Base
from pypackage.archive.image.layers import Layer
from pypackage.archive.image.model import Image, architecture

_CONFIG = "application/vnd.oci.image.config.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUNNER = "bin/python_package_run"


def config(
    image: Image, base: Base, layers: Sequence[Layer], platform: str, epoch: int, *, active: bool
) -> dict[str, Any]:
    """The configuration of an image.

    Args:
        layers: The layers on top of the base's.
        epoch: The creation time that is recorded.
        active: Whether the environment must be activated, by its runner.
    """
    arch, variant = architecture(platform)
    created = datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    history = [
        {"created": created, "created_by": f"python_package_create: {layer.title}"}
        for layer in layers
    ]
    former = dict(base.config.get("config") or {})
    settings = {**former, **_settings(image, base, former, active=active)}
    return {
        "created": created,
        "architecture": arch,
        "os": "linux",
        **({"variant": variant} if variant else {}),
        **({"author": image.maintainer} if image.maintainer else {}),
        "config": {name: one for name, one in settings.items() if one is not None},
        "rootfs": {
            "type": "layers",
            "diff_ids": [one.diff_id for one in (*base.layers, *layers)],
        },
        "history": [*(base.config.get("history") or []), *history],
    }


def _settings(
    image: Image, base: Base, former: Mapping[str, Any], *, active: bool
) -> dict[str, Any]:
    """What a container runs, as which user, and with which variables."""
    folder = f"{image.prefix}/bin"
    variables = dict(text.partition("=")[::2] for text in former.get("Env") or [])
    variables["PATH"] = f"{folder}:{variables.get('PATH') or _PATH}"
    start = [f"{image.prefix}/{RUNNER}", "-e", str(image.prefix), "--"] if active else []
    program = [f"{folder}/{image.commands[0]}"] if image.commands else []
    inherited = former.get("Labels") or {}
    return {
        "User": image.user,
        "Env": [f"{name}={text}" for name, text in variables.items()],
        "Entrypoint": [*start, *program] or None,
        "Cmd": None if program else ["python3"],
        "Labels": {**inherited, **base.labels, **image.all_labels()},
    }


def write(folder: Path, image: Image, base: Base, layers: Sequence[Layer], about: object) -> None:
    """Write everything in a layout except the blobs of its layers.

    Args:
        folder: The layout's folder, which already contains these blobs.
        layers: The image's layers, without the base's.
        about: The configuration.
    """
    configuration = _blob(folder, about)
    labels = {**base.labels, **image.all_labels()}
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, **configuration},
        "layers": [_described(one) for one in (*base.layers, *layers)],
        "annotations": labels,
    }
    names = {
        "org.opencontainers.image.ref.name": image.tag,
        "io.containerd.image.name": f"docker.io/library/{image.app}:{image.tag}",
    }
    described = {"mediaType": _MANIFEST, **_blob(folder, manifest), "annotations": names}
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": [described]}
    (folder / "index.json").write_bytes(_json(index))
    (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))


def _described(layer: Layer) -> dict[str, Any]:
    title = {"annotations": {"org.opencontainers.image.title": layer.title}} if layer.title else {}
    return {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size, **title}


def _blob(folder: Path, content: object) -> dict[str, Any]:
    data = _json(content)
    digest = sha256(data).hexdigest()
    (folder / "blobs/sha256" / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def pack(folder: Path, image: Image, file: BinaryIO) -> None:
    """Write a layout as one tar file, which old versions of `docker load` accept too.

    Old versions do not support layouts: they look for a `manifest.json` with the blobs' names.
    """
    index = json.loads((folder / "index.json").read_bytes())
    place = _place(index["manifests"][0])
    manifest = json.loads((folder / place).read_bytes())
    for_docker = {
        "Config": _place(manifest["config"]),
        "RepoTags": [f"{image.app}:{image.tag}"],
        "Layers": [_place(one) for one in manifest["layers"]],
    }
    (folder / "manifest.json").write_bytes(_json([for_docker]))
    paths = sorted(path for path in folder.rglob("*"))
    entries = [Entry(path.relative_to(folder).as_posix(), os.fspath(path)) for path in paths]
    for block in tar_stream.stream(entries):
        file.write(block)
    file.write(bytes(2 * tarfile.BLOCKSIZE))


def _place(described: Mapping[str, Any]) -> str:
    return f"blobs/{described['digest'].replace(':', '/')}"
