"""The lock in other tools' forms, and bills of materials: valid, and the same packages again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.pylock import Pylock

from pypackage.archive import sbom
from pypackage.requirements.formats import document
from tests.support import wheels
from tests.support.channels import Channel
from tests.support.http import Server, serve
from tests.support.needs import missing
from tests.support.tools import Tools


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An index with `said`, of PyPI alone, and with conda's `greeting`."""
    folder = tmp_path_factory.mktemp("index")
    wheels.wheel(folder, "said", "2.0", requires=["greeting>=1"])
    wheels.wheel(folder, "greeting", "1.2")
    wheels.index(folder)
    with serve(folder) as server:
        yield server


@pytest.fixture
def env(index: Server) -> dict[str, str | None]:
    return {"PIP_INDEX_URL": f"{index.url}/simple", "UV_DEFAULT_INDEX": f"{index.url}/simple"}


def asked(tools: Tools, channel: Channel, *names: object, **more: object) -> Path:
    path = tools.cwd / "r.json"
    conda = {"channels": [channel.http_url], "dependencies": names}
    path.write_text(json.dumps({"python": channel.python.version, "conda": conda, **more}))
    return path


def create(tools: Tools, *args: str | Path, **more: Any) -> str:
    done = tools.create(*args, **more)
    assert done.returncode == 0, done.stderr
    return done.stderr


def locked(archive: Path) -> list[tuple[str, str]]:
    """The URLs and digests of all that is in an archive."""
    with tarfile.open(archive) as tar:
        file = tar.extractfile("etc/pypackage/environment.lock")
        assert file is not None
        top = document.of_yaml(file.read(), "").value
    return sorted((one.get("conda") or one["pypi"], one["sha256"]) for one in top["packages"])


def test_explicit__of_conda_and_pypi__gives_the_same_packages_again(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    said = create(
        tools,
        *("--lock", "l.txt", asked(tools, channel, "greeting", {"pip": ["said"]})),
        *("./one.tar",),
        env=env,
    )
    assert "l.txt: conda overlooks the packages of PyPI: said" in said
    lines = (tools.cwd / "l.txt").read_text().splitlines()
    assert "@EXPLICIT" in lines
    urls = [line for line in lines if line.startswith("http")]
    assert all(re.fullmatch(r"http\S+\.(conda|tar\.bz2)#sha256:[0-9a-f]{64}", url) for url in urls)
    names = [url.rpartition("/")[2].rsplit("-", 2)[0] for url in urls]
    assert names.index("python") < names.index("greeting")  # which depends on it
    create(tools, "l.txt", "./two.tar", env=env)
    assert locked(tools.cwd / "two.tar") == locked(tools.cwd / "one.tar")
    # As conda writes it unless it is asked for digests.
    (tools.cwd / "bare.txt").write_text("\n".join(line.partition("#sha256")[0] for line in lines))
    create(tools, "bare.txt", "./three.tar", env=env)
    assert locked(tools.cwd / "three.tar") == locked(tools.cwd / "one.tar")


def test_pylock_toml__of_a_named_environment__is_valid_and_gives_the_same_distributions(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    needs = asked(tools, channel, {"pip": ["said"]}, "shared-data", local=["own.py"])
    (tools.cwd / "own.py").write_text("X = 1\n")
    said = create(tools, "--no-verify", "--lock", "pylock.toml", needs, "mine", env=env)
    assert "pylock.toml: it cannot hold what is no package of PyPI: " in said
    assert "pylock.toml: it cannot hold own code: own.py" in said
    assert (tools.cwd / "mine.lock").read_text().startswith("version: ")
    text = (tools.cwd / "pylock.toml").read_text()
    lock = Pylock.from_dict(document.of_toml(text, "").value)
    lock.validate()
    assert [(one.name, str(one.version)) for one in lock.packages] == [
        ("greeting", "1.2"),
        ("said", "2.0"),
    ]
    assert str(lock.requires_python) == f"=={channel.python.major_minor}.*"
    create(tools, "--no-verify", "-c", channel.http_url, "pylock.toml", "./two.tar", env=env)
    again = [url.rpartition("/")[2] for url, _ in locked(tools.cwd / "two.tar")]
    assert {"said-2.0-py3-none-any.whl", "greeting-1.2-py3-none-any.whl"} <= {*again}


def test_pylock_toml__is_what_uv_takes(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    create(tools, *("--lock", "pylock.toml", asked(tools, channel, "greeting")), "./t.tar", env=env)
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        missing("uv is not installed here (PyPI: uv)")
    command: list[str | Path] = [
        uv,
        "pip",
        "install",
        "--dry-run",
        "--target",
        "t",
        "-r",
        "pylock.toml",
    ]
    done = subprocess.run(command, cwd=tools.cwd, capture_output=True, text=True, check=False)
    assert "greeting==1.2" in done.stderr, done.stderr


def test_lock__by_a_name_that_no_tool_would_take__exits_1(tools: Tools) -> None:
    (tools.cwd / "r.txt").write_text("six\n")
    done = tools.create("--lock", "my.toml", "r.txt", "./t.tar")
    assert (done.returncode, "pylock.NAME.toml" in done.stderr) == (1, True)


def test_sbom__is_valid_names_all_packages_and_is_the_same_each_time(
    tools: Tools, channel: Channel, env: dict[str, str | None]
) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    needs = asked(tools, channel, "greeting", {"pip": ["said"]})
    for name in ("a.json", "b.json"):
        create(tools, "--no-verify", "--sbom", name, needs, "./t.tar", env=env)
    text = (tools.cwd / "a.json").read_text()
    assert (tools.cwd / "b.json").read_text() == text
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    components = {one["name"]: one for one in found["components"]}
    assert components["said"]["purl"] == "pkg:pypi/said@2.0"
    assert components["greeting"]["purl"].startswith("pkg:conda/greeting@1.2?build=pyhd8ed1ab_0&")
    assert {one["alg"] for one in components["greeting"]["hashes"]} == {"SHA-256", "MD5"}
    needed = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    assert components["greeting"]["bom-ref"] in needed["pkg:pypi/said@2.0"]
    assert components["python"]["bom-ref"] in needed[components["greeting"]["bom-ref"]]
    assert len(needed["environment"]) == len(components)


@pytest.mark.parametrize(
    ("name", "purl"),
    [("Said", "pkg:pypi/said@2.0"), ("other", "pkg:conda/other@2.0?build=0&subdir=noarch")],
)
def test_sbom__package_made_on_this_machine__is_that_of_its_only_distribution(
    name: str, purl: str, tmp_path: Path
) -> None:
    record = {"name": name, "version": "2.0", "build": "0", "subdir": "noarch", "depends": []}
    files = ["site-packages/said/__init__.py", "site-packages/said-2.0.dist-info/METADATA"]
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / f"{name}-2.0-0.json").write_text(
        json.dumps(
            {
                **record,
                "link": None,
                "files": files,
                "url": f"file:///host/noarch/{name}-2.0-0.conda",
            }
        )
    )
    [component] = json.loads(sbom.render(tmp_path, "mine"))["components"]
    assert (component["purl"], component.get("externalReferences")) == (purl, None)
