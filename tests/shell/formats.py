"""The same small environments in the other formats that archives come in."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tests.shell.environments import END, MANIFEST, SCRIPT, Environment, tar_entry, to_json
from tests.support.needs import need

ENDINGS = ["tar", "tar.zst", "zip", "squashfs", "sh"]  # and "old.zip", with the lists alone


def pack(
    environment: Environment, path: Path, changes: Mapping[str, bytes | Path | None] | None = None
) -> tuple[Path, str]:
    """Write an archive in the format that its ending tells.

    Args:
        environment: What goes into it.
        path: Where to.
        changes: What is to be in it in place of what the manifest says; None for nothing.

    Returns:
        The archive and the environment's id.
    """
    ending = path.name.partition(".")[2]
    if ending == "sh":
        path.write_bytes(_self_extracting(environment))
        path.chmod(0o755)
        return path, environment.id
    identity, entries = environment.plain()
    if ending == "zip":
        identity, entries = _digested(entries)
    changed = {**entries, **(changes or {})}
    entries = {name: data for name, data in changed.items() if data is not None}
    tar = b"".join(tar_entry(name, data) for name, data in entries.items()) + END
    if ending == "tar":
        path.write_bytes(tar)
    elif ending == "tar.zst":
        path.write_bytes(_frame(identity) + _zstd(tar))
    elif ending in ("zip", "old.zip"):
        path.write_bytes(_zip(entries))
    else:
        _squashfs(tar, path)
        with path.open("ab") as stream:
            stream.write(f"\npypackage-archive 1 {identity}\n".encode())
    return path, identity


def _self_extracting(environment: Environment) -> bytes:
    payload = b"".join(environment.members())
    script = SCRIPT.read_text().splitlines()
    assert script[-1] == 'main "$@"; }'
    script[-1] = 'main -e "$0" "$@"; }'
    script.insert(1, " " * 100)
    offset = len("\n".join(script).encode()) + 1
    script[1] = f"# python_package_run payload {offset} {environment.id}".ljust(100)
    assert len(script[1]) == 100 or offset > 10**6
    text = "\n".join(script).encode() + b"\n"
    return text.replace(b"payload %d " % offset, b"payload %d " % len(text)) + payload


def _frame(identity: str) -> bytes:
    comment = f"\npypackage-archive 1 {identity}\n".encode()
    return b"P*M\x18" + len(comment).to_bytes(4, "little") + comment


def _zstd(data: bytes) -> bytes:
    return subprocess.run(
        [need("zstd"), "-q", "-1"], input=data, stdout=subprocess.PIPE, check=True
    ).stdout


def _digested(entries: dict[str, bytes | Path]) -> tuple[str, dict[str, bytes | Path]]:
    """The id and the entries of a zip file whose manifest has a digest of the file itself."""
    text = entries[MANIFEST]
    assert isinstance(text, bytes)
    identity, text = _with_digest(text, "0" * 64)
    whole = _zip({**entries, MANIFEST: text})
    # All but the manifest and its checksums.
    digested = whole[:14] + whole[18:66] + whole[66 + len(text) : -88] + whole[-84:]
    identity, text = _with_digest(text, sha256(digested).hexdigest())
    return identity, {**entries, MANIFEST: text}


def _with_digest(text: bytes, digest: str) -> tuple[str, bytes]:
    content = {**json.loads(text), "environment_id": "", "zip": digest}
    content["environment_id"] = sha256(to_json(content)).hexdigest()
    return content["environment_id"], to_json(content)


def _zip(entries: dict[str, bytes | Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (name, content) in enumerate(entries.items()):
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.extra = bytes.fromhex("5554050001") + bytes(4)  # times, as the writer has them
            mode = 0o755 if name.startswith("bin/") else 0o644
            info.external_attr = (stat.S_IFREG | mode) << 16
            data = content
            if isinstance(content, Path):
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                data = str(content).encode()
            assert isinstance(data, bytes)
            # The manifest is read from the file as it is, and busybox wants links so.
            stored = number == 0 or isinstance(content, Path)
            archive.writestr(info, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
        archive.filelist.append(archive.filelist.pop(0))
    return buffer.getvalue()


def _squashfs(tar: bytes, path: Path) -> None:
    folder = path.parent / f"{path.name}.folder"
    folder.mkdir()
    subprocess.run(["tar", "xf", "-", "-C", folder], input=tar, check=True)
    command = [need("mksquashfs"), str(folder), str(path), "-quiet", "-noappend", "-no-progress"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
