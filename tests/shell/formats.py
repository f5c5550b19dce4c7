"""The same small environments in the other formats that archives come in."""

from __future__ import annotations

import io
import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tests.shell.environments import END, MANIFEST, SCRIPT, Environment, tar_entry, to_json
from tests.support.needs import need

ENDINGS = ["tar", "tar.zst", "zip", "squashfs", "sh"]  # and two "old.", with the lists alone


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
    if ending in ("zip", "squashfs"):
        identity, entries = _digested(entries, ending, path)
    changed = {**entries, **(changes or {})}
    entries = {name: data for name, data in changed.items() if data is not None}
    if ending == "tar":
        path.write_bytes(_tar(entries))
    elif ending == "tar.zst":
        path.write_bytes(_frame(identity) + _zstd(_tar(entries)))
    elif ending in ("zip", "old.zip"):
        path.write_bytes(_zip(entries))
    else:
        image = _squashfs(entries, path, in_front=ending == "squashfs")
        path.write_bytes(image if ending == "squashfs" else image + _line(identity))
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
    comment = _line(identity)
    return b"P*M\x18" + len(comment).to_bytes(4, "little") + comment


def _zstd(data: bytes) -> bytes:
    return subprocess.run(
        [need("zstd"), "-q", "-1"], input=data, stdout=subprocess.PIPE, check=True
    ).stdout


def _line(identity: str) -> bytes:
    return f"\npypackage-archive 1 {identity}\n".encode()


def _tar(entries: Mapping[str, bytes | Path]) -> bytes:
    return b"".join(tar_entry(name, data) for name, data in entries.items()) + END


def _digested(
    entries: dict[str, bytes | Path], kind: str, path: Path
) -> tuple[str, dict[str, bytes | Path]]:
    """The id and the entries of a file whose manifest has a digest of the file itself."""
    text = entries[MANIFEST]
    assert isinstance(text, bytes)
    identity, text = _with_digest(text, kind, "0" * 64)
    if kind == "zip":
        whole = _zip({**entries, MANIFEST: text})
        # All but the manifest and its checksums.
        digested = whole[:14] + whole[18:66] + whole[66 + len(text) : -88] + whole[-84:]
    else:
        whole = _squashfs({**entries, MANIFEST: text}, path, in_front=True)
        assert whole[96 : 96 + len(text)] == text
        digested = whole[:96] + whole[96 + len(text) :]
    identity, text = _with_digest(text, kind, sha256(digested).hexdigest())
    return identity, {**entries, MANIFEST: text}


def _with_digest(text: bytes, kind: str, digest: str) -> tuple[str, bytes]:
    content = {**json.loads(text), "environment_id": "", kind: digest}
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


def _squashfs(entries: Mapping[str, bytes | Path], path: Path, *, in_front: bool) -> bytes:
    """An image; its manifest is the first thing in it, as it is, or anywhere."""
    folder = path.parent / f"{path.name}.folder"
    folder.mkdir()
    subprocess.run(["tar", "xf", "-", "-C", folder], input=_tar(entries), check=True)
    command = [need("mksquashfs"), str(folder), str(path), "-quiet", "-noappend", "-no-progress"]
    if in_front:
        Path(f"{path}.order").write_text(f"{MANIFEST} 1\n")
        command += ["-sort", f"{path}.order", "-mkfs-time", "0", "-all-time", "0"]
        command += ["-action", f"uncompressed@pathname({MANIFEST})"]
        command += ["-action", f"no-fragments@pathname({MANIFEST})"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder)
    return path.read_bytes()
