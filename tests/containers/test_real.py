"""Images by other people's tools: umoci unpacks them, skopeo moves them, a registry keeps them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.containers import registry
from tests.containers.registry import Registry
from tests.support.channels import Channel
from tests.support.needs import need
from tests.support.tools import TREE, Tools
from tests.support.worker import WORKERS, Worker

pytestmark = pytest.mark.slow

CONDA = ["greeting", "prefix-text", "prefix-binary", "prefix-module", "many-versions"]


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry.running(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def make(tools: Tools, channel: Channel, tmp_path: Path) -> Any:
    def made(
        name: str,
        *words: str | Path,
        version: str = "1.0",
        more: str = "",
        env: Mapping[str, str | None] | None = None,
    ) -> Path:
        conda = [*CONDA[:-1], f"many-versions={version}", *more.split()]
        needs = {"python": channel.python.version, "modules": ["greeting"]}
        (tmp_path / "needs.json").write_text(
            json.dumps({**needs, "conda": {"dependencies": conda}})
        )
        options = ["--format", "oci", "-c", channel.folder, "--compress-level", "1"]
        done = tools.create(*options, *words, "needs.json", name, timeout=300, env=env)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{name}\n"
        return tmp_path / name

    return made


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def blob(layout: Path, described: Any) -> Any:
    return json.loads((layout / "blobs" / described["digest"].replace(":", "/")).read_bytes())


def manifest(layout: Path) -> Any:
    return blob(layout, json.loads((layout / "index.json").read_text())["manifests"][0])


def base_of(worker: Worker, folder: Path) -> Path:
    """A layout of the worker's root, written without the code under test."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(content: bytes) -> dict[str, Any]:
        digest = sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    left_out = ["--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./var/cache"]
    tar = subprocess.run(
        ["tar", "c", *left_out, "--owner=0", "--group=0", "-C", worker.root, "."],
        check=True,
        capture_output=True,
    ).stdout
    layer = put(tar)
    rootfs = {"type": "layers", "diff_ids": [layer["digest"]]}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    about = {"architecture": machine, "os": "linux", "rootfs": rootfs, "config": {}}
    kind = "application/vnd.oci.image"
    described = put(
        json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": f"{kind}.manifest.v1+json",
                "config": {
                    "mediaType": f"{kind}.config.v1+json",
                    **put(json.dumps(about).encode()),
                },
                "layers": [{"mediaType": f"{kind}.layer.v1.tar", **layer}],
            }
        ).encode()
    )
    index = {
        "schemaVersion": 2,
        "manifests": [{"mediaType": f"{kind}.manifest.v1+json", **described}],
    }
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def start(layout: Path, tag: str, folder: Path, *words: str) -> str:
    """Run a container of an image as its configuration says: unpacked by umoci, by bubblewrap."""
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    said("umoci", "unpack", *rootless, "--image", f"{layout}:{tag}", folder)
    process = json.loads((folder / "config.json").read_text())["process"]
    root, user = folder / "rootfs", process["user"]
    variables = [w for one in process["env"] for w in ("--setenv", *one.split("=", 1))]
    apart = ["--unshare-all", "--die-with-parent", "--clearenv", "--uid", str(user["uid"])]
    mounts = ["--bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    mounts += ["--remount-ro", "/"]
    entry = process["args"][: -1 if process["args"][-1] == "python3" else None]
    command = [*entry, *words] if words else process["args"]
    return said(
        "bwrap", *apart, "--gid", str(user["gid"]), *mounts, *variables, "--chdir", "/", *command
    )


@pytest.mark.parametrize("bare_worker", WORKERS, indirect=True)
def test_image__unpacked_by_umoci_on_a_bare_base__runs_as_an_ordinary_user(
    make: Any, bare_worker: Worker, tmp_path: Path
) -> None:
    need("umoci", "bwrap")
    base = base_of(bare_worker, tmp_path / "base")
    layout = make("hello", "--base", base, "--app-version", "1.0")
    text = (
        "import os, sys, sysconfig, ssl, prefix_module; "
        "print(os.getuid(), sys.prefix, prefix_module.WHERE, "
        "open(sys.prefix + '/etc/prefix-text.conf').read().split()[0])"
    )
    ran = start(layout, "1.0", tmp_path / "bundle", "python3", "-c", text)
    assert ran == "1000 /opt/hello /opt/hello root=/opt/hello\n"
    root = tmp_path / "bundle/rootfs/opt/hello"
    assert list(root.glob("lib/python3*/site-packages/__pycache__/prefix_module.*.pyc"))
    assert {path.lstat().st_uid for path in root.rglob("*")} == {os.geteuid()}
    home = os.fsencode(tmp_path.parent.parent)
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert home not in path.read_bytes(), path


def test_image__of_a_command_with_hooks__starts_it_activated(
    make: Any, bare_worker: Worker, tmp_path: Path
) -> None:
    need("umoci", "bwrap")
    base = base_of(bare_worker, tmp_path / "base")
    words = ["--base", base, "--app", "hi", "--command", "python3"]
    layout = make("some.image", *words, more="hook-posix variables")
    text = "import os; print(os.environ['HOOK_POSIX'], os.environ['OF_PACKAGE'])"
    ran = start(layout, "latest", tmp_path / "bundle", "-c", text)
    assert ran == "on in /opt/hi it's 1\n"


def test_second_image__that_differs_in_a_package__uploads_that_layer_and_the_records(
    make: Any, loopback: Registry, tmp_path: Path
) -> None:
    need("skopeo")
    push = ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]
    first = make("first", "--app", "app", version="1.0")
    said(*push, f"oci:{first}", f"docker://{loopback.address}/app:1")
    before = loopback.uploads()
    assert {one["digest"] for one in manifest(first)["layers"]} <= before
    second = make("second", "--app", "app", version="1.5")
    said(*push, f"oci:{second}", f"docker://{loopback.address}/app:2")
    key = "org.opencontainers.image.title"
    layers = {one["annotations"][key]: one for one in manifest(second)["layers"]}
    wanted = [layers["many-versions 1.5"], layers["records"], manifest(second)["config"]]
    assert loopback.uploads() - before == {one["digest"] for one in wanted}
    assert layers["records"]["size"] < 20_000


def test_base__in_a_registry__is_fetched_once_and_named(
    make: Any,
    loopback: Registry,
    bare_worker: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    need("skopeo", "umoci", "bwrap")
    monkeypatch.setenv("HOME", str(loopback.home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    base = base_of(bare_worker, tmp_path / "base")
    there = f"docker://{loopback.address}/base:1"
    said("skopeo", "--insecure-policy", "copy", "-q", f"oci:{base}", there)
    env = {"HOME": str(loopback.home), "XDG_CONFIG_HOME": None}
    layout = make("hello", "--base", there, env=env)
    about = manifest(layout)["annotations"]
    assert about["org.opencontainers.image.base.name"] == f"{loopback.address}/base:1"
    assert start(layout, "latest", tmp_path / "bundle", "greet") == "hello, world\n"
    layer = f"/v2/base/blobs/{manifest(base)['layers'][0]['digest']}"
    asked = loopback.log.read_text().count(layer)
    assert asked
    assert make("again", "--app", "hello", "--base", there, env=env)
    assert (tmp_path / "again/index.json").read_bytes() == (layout / "index.json").read_bytes()
    assert loopback.log.read_text().count(layer) == asked


def test_image__moved_by_the_commands_of_the_page__has_the_same_digest_everywhere(
    make: Any, loopback: Registry, tmp_path: Path
) -> None:
    need("skopeo", "umoci")
    page = (TREE / "docs/containers.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    run = [line for line in lines if line.startswith(("skopeo ", "umoci "))]
    others = {line.split()[0] for line in lines} - {line.split()[0] for line in run}
    assert others == {
        *("python_package_create", "docker", "podman", "apptainer", "srun"),
        *("ch-convert", "ch-run"),
    }
    archive = make("shop.oci.tar", "--app-version", "1.0")
    copy = ["skopeo", "--insecure-policy", "copy", "-q"]
    said(*copy, f"oci-archive:{archive}", f"oci:{tmp_path}/shop.oci:1.0")
    settings = loopback.home / ".config/containers"
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    environment = {**os.environ, "HOME": str(loopback.home)}
    environment.pop("XDG_CONFIG_HOME", None)
    text = "\n".join(run).replace("registry.example.org", loopback.address)
    done = subprocess.run(
        ["sh", "-e"], input=text, text=True, cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bundle/rootfs/opt/shop/bin/python3").exists()
    there = f"docker://{loopback.address}/team/shop:1.0"
    said(*copy, "--src-tls-verify=false", there, f"oci:{tmp_path}/back:1.0")
    told = json.loads(said("skopeo", "inspect", f"oci-archive:{archive}"))
    for layout in ("shop.oci", "back"):
        (image,) = json.loads((tmp_path / layout / "index.json").read_text())["manifests"]
        assert image["digest"] == told["Digest"]
    assert told["Labels"]["org.opencontainers.image.version"] == "1.0"
    old = json.loads(said("skopeo", "inspect", f"docker-archive:{archive}"))
    assert old["Layers"] != []
    assert old["Labels"] == told["Labels"]


def test_base__that_is_not_there__is_an_error_of_one_line(
    tools: Tools, channel: Channel, loopback: Registry, tmp_path: Path
) -> None:
    need("skopeo")
    (tmp_path / "r.json").write_text(json.dumps({"python": channel.python.version, "modules": []}))
    done = tools.create(
        *("--format", "oci", "-c", channel.folder, "r.json", "image", "--base"),
        f"docker://{loopback.address}/no-such:1",
        env={"HOME": str(loopback.home), "XDG_CONFIG_HOME": None},
    )
    assert done.returncode == 6
    first, *others = done.stderr.split("python_package_create: ")[-1].splitlines()
    assert "skopeo cannot fetch docker://127.0.0.1" in first
    assert "manifest unknown" in "\n".join(others)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "image").exists()
