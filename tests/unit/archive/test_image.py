"""Container images: what the OCI image specification wants of a layout, and what layers hold."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from pypackage.archive import report
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.image import layers
from pypackage.archive.image.model import Image, check
from pypackage.archive.image.write import check_all, write
from pypackage.archive.manifest import Package
from pypackage.core.errors import InputPathError, PackageError, PackError, UsageError
from pypackage.core.progress import SILENT

IMAGE = Image(
    "hello", "1.0", labels={"org.example.team": "blue"}, maintainer="Jane <j@example.org>"
)


def package(name: str, version: str = "1.0") -> Package:
    return Package(name, version, "0", "linux-64" if name == "python" else "noarch", "", "", ())


def contents(**versions: str) -> Contents:
    """An environment of python and some packages, each with a file that tells its version."""
    packages = [package("python", "3.11.7"), *(package(n, v) for n, v in versions.items())]
    entries = [
        Entry("bin/python3", None, b"python", package="python"),
        Entry("lib/python3.11/site-packages/mine.py", None, b"x = 1\n", mode=0o644),
        Entry("etc/pypackage/environment.lock", None, repr(versions).encode(), mode=0o644),
    ]
    for one in packages:
        record = f"conda-meta/{one.name}-{one.version}-{one.build}.json"
        entries.append(Entry(record, None, one.version.encode(), mode=0o644))
        text = Entry(f"share/{one.name}.txt", None, one.version.encode() * 9, package=one.name)
        entries.append(text)
    return Contents(tuple(entries), (), tuple(packages))


def made(given: Contents, output: Path, image: Image = IMAGE) -> Path:
    write(given, image, output, SILENT, Compression(workers=2))
    return output


def blob(layout: Path, digest: str) -> bytes:
    content = (layout / "blobs" / digest.replace(":", "/")).read_bytes()
    assert f"sha256:{sha256(content).hexdigest()}" == digest
    return content


def manifest(layout: Path) -> dict[str, Any]:
    index = json.loads((layout / "index.json").read_text())
    (described,) = index["manifests"]
    content = blob(layout, described["digest"])
    assert len(content) == described["size"]
    found: dict[str, Any] = json.loads(content)
    return found


def config(layout: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(blob(layout, manifest(layout)["config"]["digest"]))
    return found


def titles(layout: Path) -> dict[str, str]:
    key = "org.opencontainers.image.title"
    return {one["annotations"][key]: one["digest"] for one in manifest(layout)["layers"]}


def names(layout: Path, digest: str) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob(layout, digest)))) as archive:
        return archive.getnames()


def test_layout__its_descriptors__fit_the_blobs_and_no_other_is_there(tmp_path: Path) -> None:
    layout = made(contents(numpy="2.0"), tmp_path / "image")
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    described, configured = manifest(layout), config(layout)
    assert described["schemaVersion"] == 2
    assert described["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert described["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    diff_ids = []
    for one in described["layers"]:
        content = blob(layout, one["digest"])
        assert len(content) == one["size"]
        assert one["mediaType"] == "application/vnd.oci.image.layer.v1.tar+gzip"
        diff_ids.append(f"sha256:{sha256(gzip.decompress(content)).hexdigest()}")
    assert configured["rootfs"] == {"type": "layers", "diff_ids": diff_ids}
    assert len(configured["history"]) == len(diff_ids)
    named = {one["digest"] for one in [described["config"], *described["layers"]]}
    index = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]
    there = {f"sha256:{path.name}" for path in (layout / "blobs/sha256").iterdir()}
    assert there == {*named, index}
    assert {path.name for path in layout.iterdir()} == {"blobs", "index.json", "oci-layout"}


def test_config__of_an_image__starts_python_as_an_ordinary_user(tmp_path: Path) -> None:
    configured = config(made(contents(), tmp_path / "image"))
    assert (configured["architecture"], configured["os"]) == ("amd64", "linux")
    assert configured["config"]["User"] == "1000:1000"
    assert configured["config"]["Cmd"] == ["python3"]
    assert configured["config"]["Env"][0].startswith("PATH=/opt/hello/bin:/usr/local/sbin")
    assert configured["config"]["Labels"] == {
        "org.opencontainers.image.title": "hello",
        "org.opencontainers.image.version": "1.0",
        "org.opencontainers.image.authors": "Jane <j@example.org>",
        "org.example.team": "blue",
    }


@pytest.mark.parametrize("active", [False, True])
def test_entry_point__of_a_command__is_started_activated_where_it_has_to_be(
    tmp_path: Path, active: bool
) -> None:
    given = contents()
    if active:
        given = given.plus(Entry("etc/conda/activate.d/a.sh", None, b"export A=1\n"))
    image = replace(IMAGE, commands=("python3",))
    found = config(made(given, tmp_path / "image", image))["config"]
    start = ["/opt/hello/bin/python_package_run", "-e", "/opt/hello", "--"] if active else []
    assert found["Entrypoint"] == [*start, "/opt/hello/bin/python3"]
    assert "Cmd" not in found


def test_layers__of_two_images__differ_in_the_package_that_does_and_the_records(
    tmp_path: Path,
) -> None:
    one = titles(made(contents(numpy="2.0", six="1.0"), tmp_path / "one"))
    two = titles(made(contents(numpy="2.1", six="1.0"), tmp_path / "two"))
    assert set(one) == {"python 3.11.7", "numpy 2.0", "six 1.0", "mine", "files", "records"}
    assert set(two.values()) - set(one.values()) == {two["numpy 2.1"], two["records"]}


def test_layer__of_a_package__has_its_files_its_record_and_the_folders_above(
    tmp_path: Path,
) -> None:
    layout = made(contents(numpy="2.0"), tmp_path / "image")
    assert names(layout, titles(layout)["numpy 2.0"]) == [
        *("opt", "opt/hello", "opt/hello/conda-meta", "opt/hello/conda-meta/numpy-2.0-0.json"),
        *("opt/hello/share", "opt/hello/share/numpy.txt"),
    ]
    with tarfile.open(
        fileobj=io.BytesIO(gzip.decompress(blob(layout, titles(layout)["numpy 2.0"])))
    ) as archive:
        assert {(one.uid, one.gid, one.mtime) for one in archive} == {(0, 0, 315_532_800)}


def test_layers__of_more_packages_than_there_may_be__put_the_smallest_together(
    tmp_path: Path,
) -> None:
    many = {f"p{number:03}": "1.0" * (1 + number) for number in range(100)}
    found = list(titles(made(contents(**many), tmp_path / "image")))
    assert len(found) == layers.MOST + 1
    assert found[-3:] == ["24 small packages", "files", "records"]
    assert f"p099 {many['p099']}" in found


@pytest.mark.parametrize("name", ["image", "image.oci.tar"])
def test_write__twice__gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    for folder, mask in (("a", 0o077), ("b", 0o022)):
        (tmp_path / folder).mkdir()
        former = os.umask(mask)
        made(contents(numpy="2.0"), tmp_path / folder / name)
        os.umask(former)
    one, two = tmp_path / "a" / name, tmp_path / "b" / name
    if one.is_file():
        assert one.read_bytes() == two.read_bytes()
    else:
        assert manifest(one) == manifest(two)
        assert (one / "index.json").read_bytes() == (two / "index.json").read_bytes()


def test_tar__of_a_layout__is_one_that_old_dockers_load(tmp_path: Path) -> None:
    made(contents(), tmp_path / "hello.oci.tar")
    with tarfile.open(tmp_path / "hello.oci.tar") as archive:
        archive.extractall(tmp_path / "out")
    (described,) = json.loads((tmp_path / "out/manifest.json").read_text())
    assert described["RepoTags"] == ["hello:1.0"]
    wanted = [
        f"blobs/{one['digest'].replace(':', '/')}" for one in manifest(tmp_path / "out")["layers"]
    ]
    assert described["Layers"] == wanted
    assert (tmp_path / "out" / described["Config"]).is_file()


def base_layout(folder: Path) -> Path:
    below = Image("below", "7", user="root", labels={"from": "below", "both": "below"})
    return made(contents(libc="1"), folder, replace(below, install_root="/usr"))


@pytest.mark.parametrize("form", ["base", "base:7", "base.oci.tar"])
def test_base__of_a_layout__is_below_and_its_settings_go_on(tmp_path: Path, form: str) -> None:
    base_layout(tmp_path / form.partition(":")[0])
    image = replace(IMAGE, base=str(tmp_path / form), labels={"both": "above"})
    check_all(image, tmp_path / "image")
    above = made(contents(), tmp_path / "image", image)
    number = len(manifest(above)["layers"])
    assert config(above)["rootfs"]["diff_ids"][: number - 3][0].startswith("sha256:")
    assert len(config(above)["rootfs"]["diff_ids"]) == number == len(config(above)["history"])
    settings = config(above)["config"]
    assert settings["Env"] == [
        "PATH=/opt/hello/bin:/usr/below/bin:"
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    ]
    assert settings["Labels"]["from"] == "below"
    assert settings["Labels"]["both"] == "above"
    assert settings["Labels"]["org.opencontainers.image.base.digest"].startswith("sha256:")
    for one in manifest(above)["layers"]:
        blob(above, one["digest"])


@pytest.mark.parametrize(
    ("path", "content", "needed", "message"),
    [
        ("lib/x86_64-linux-gnu/libc.so.6", "2.31", "2.28", ""),
        (
            "lib/x86_64-linux-gnu/libc-2.17.so",
            "2.17",
            "2.28",
            "needs glibc 2.28, and the base .* 2.17",
        ),
        ("lib/libc.so.6", "2.4", "2.28", "and the base .* has 2.4"),
        ("lib/ld-musl-x86_64.so.1", "", "", "has musl, and the environment needs glibc"),
        ("lib/other", "", "2.28", ""),
    ],
)
def test_base__with_a_c_library__has_to_be_new_enough(
    tmp_path: Path, path: str, content: str, needed: str, message: str
) -> None:
    text = f"GNU C Library (Debian GLIBC {content}-1) stable release version {content}.\n"
    below = contents().plus(Entry(path, None, text.encode(), mode=0o644))
    base = made(below, tmp_path / "base", Image("usr", install_root=""))
    given, image = replace(contents(), glibc=needed), replace(IMAGE, base=str(base))
    if message:
        with pytest.raises(PackError, match=message):
            made(given, tmp_path / "image", image)
    else:
        made(given, tmp_path / "image", image)


def test_base__with_a_layer_that_was_changed__is_refused_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    base = base_layout(tmp_path / "base")
    place = base / "blobs" / manifest(base)["layers"][0]["digest"].replace(":", "/")
    place.write_bytes(place.read_bytes()[:-1] + b"?")
    with pytest.raises(PackError, match="a layer of the base is damaged"):
        made(contents(), tmp_path / "image", replace(IMAGE, base=str(base)))
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


@pytest.mark.timeout(30)
def test_base__whose_manifest_was_changed__is_refused(tmp_path: Path) -> None:
    base = base_layout(tmp_path / "base")
    digest = json.loads((base / "index.json").read_text())["manifests"][0]["digest"]
    text = json.dumps({"manifests": [{"digest": digest}]})  # an index that names itself
    (base / "blobs" / digest.replace(":", "/")).write_text(text)
    with pytest.raises(PackError, match=f"is not an OCI image: {digest} has another digest"):
        made(contents(), tmp_path / "image", replace(IMAGE, base=str(base)))


def test_base__with_several_images_and_no_tag__has_to_be_named(tmp_path: Path) -> None:
    base = base_layout(tmp_path / "base")
    index = json.loads((base / "index.json").read_text())
    (base / "index.json").write_text(json.dumps({"manifests": index["manifests"] * 2}))
    with pytest.raises(PackError, match="it has several images: name one, as LAYOUT:TAG"):
        made(contents(), tmp_path / "image", replace(IMAGE, base=str(base)))


def test_base__file_that_is_no_tar__is_refused(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("no tar")
    with pytest.raises(PackError, match="is not an OCI image: "):
        made(contents(), tmp_path / "image", replace(IMAGE, base=str(tmp_path / "base")))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"app": "Hello"}, UsageError, "registries do not accept an image named 'Hello'"),
        ({"version": "1.0+2"}, UsageError, "registries do not accept the tag '1.0+2'"),
        ({"user": "me you"}, UsageError, "--user: 'me you'"),
        ({"install_root": "opt"}, UsageError, "--install-root: 'opt'"),
        ({"labels": {"a b": "c"}}, UsageError, "--label: 'a b'"),
        ({"base": "debian:12"}, UsageError, "--base: there is no layout debian:12"),
        ({"base": "./nowhere"}, InputPathError, "nowhere is not an OCI image layout"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_image__that_cannot_be__is_refused_before_the_work(
    tmp_path: Path, changes: dict[str, Any], error: type[PackageError], message: str
) -> None:
    with pytest.raises(error) as caught:
        check_all(replace(IMAGE, **changes), tmp_path / "image")
    assert message in caught.value.message


def test_base__in_a_registry_without_skopeo__says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackError, match="skopeo, which is not installed"):
        check_all(replace(IMAGE, base="docker://debian:12"), tmp_path / "image")


@pytest.mark.parametrize("name", ["image", "image.oci.tar"])
def test_report__of_an_image__has_its_bytes(tmp_path: Path, name: str) -> None:
    made(contents(), tmp_path / name)
    costs = report.of(contents(), [], tmp_path / name, compressed=True)
    whole = sum(p.stat().st_size for p in (tmp_path, *tmp_path.rglob("*")) if p.is_file())
    assert abs(costs.packed - whole) < 10  # each package's is rounded


def test_folder__of_the_users_own__is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").touch()
    with pytest.raises(PackError, match="is not an OCI image layout"):
        check_all(IMAGE, tmp_path / "mine")
    layout = made(contents(), tmp_path / "image")
    check_all(IMAGE, layout)


def test_command__that_is_not_there__is_an_error(tmp_path: Path) -> None:
    check(replace(IMAGE, commands=("nonesuch",)))
    with pytest.raises(PackError, match="no program 'nonesuch'"):
        made(contents(), tmp_path / "image", replace(IMAGE, commands=("nonesuch",)))
