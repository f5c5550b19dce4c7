from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pypackage.core import package_names
from pypackage.core.package_names import Package

DATA = Path(package_names.TABLE).parent
SCRIPT = "scripts/rebuild_names.py"

# By hand: what a user of the module would install.
HARD = """
attr attrs; bs4 beautifulsoup4; cv2 opencv-python; Crypto pycryptodome; Cryptodome pycryptodomex
dateutil python-dateutil; docx python-docx; dotenv python-dotenv; fitz pymupdf; git gitpython
jose python-jose; jwt pyjwt; Levenshtein levenshtein; magic python-magic; MySQLdb mysqlclient
OpenSSL pyopenssl; PIL pillow; pkg_resources setuptools; psycopg2 psycopg2-binary
serial pyserial; skimage scikit-image; sklearn scikit-learn; slugify python-slugify
umap umap-learn; usb pyusb; websocket websocket-client; wx wxpython; yaml pyyaml; zmq pyzmq
bson pymongo; gridfs pymongo; nacl pynacl; ldap python-ldap; telegram python-telegram-bot
discord discord-py; tables tables; google.protobuf protobuf; google.cloud.storage
google-cloud-storage; google.auth google-auth; googleapiclient google-api-python-client
ruamel.yaml ruamel-yaml; Bio biopython; osgeo gdal; gi pygobject; faiss faiss-cpu; keras keras
snowflake.connector snowflake-connector-python; win32api pywin32; dns dnspython; pywt pywavelets
mpl_toolkits.mplot3d matplotlib; mpl_toolkits.basemap basemap; zope.interface zope-interface
"""


def test_find__hard_names__the_right_package_first() -> None:
    text = HARD.replace(";", " ").split()
    pairs = list(zip(text[::2], text[1::2], strict=True))
    wrong = {
        m: package_names.find(m)
        for m, p in pairs
        if [one.pypi for one in package_names.find(m)][:1] != [p]
    }
    assert len(pairs) > 50
    assert wrong == {}


@pytest.mark.parametrize(
    ("pypi", "conda"),
    [
        ("torch", "pytorch"),
        ("redis", "redis-py"),
        ("tables", "pytables"),
        ("msgpack", "msgpack-python"),
        ("build", "python-build"),
        ("graphviz", "python-graphviz"),
        ("docker", "docker-py"),
        ("blosc", "python-blosc"),
        ("Opencv_Python.headless", "opencv"),
        ("typing_extensions", "typing_extensions"),
        ("numpy", "numpy"),
    ],
)
def test_conda_name__where_conda_means_something_else__its_own_name(pypi: str, conda: str) -> None:
    assert package_names.conda_name(pypi) == conda


def test_pypi_name__of_conda_packages__the_likeliest_one() -> None:
    asked = ("pytorch", "opencv", "matplotlib-base", "ROOT", "nothing-of-the-kind")
    assert [package_names.pypi_name(one) for one in asked] == [
        "torch",
        "opencv-python",
        "matplotlib",
        "",
        "",
    ]


def test_find__submodules_and_attributes__are_of_the_longest_known_part() -> None:
    assert package_names.find("numpy.linalg.norm") == (Package("numpy", "numpy"),)
    assert package_names.find("google.cloud.storage.Client")[0].pypi == "google-cloud-storage"


@pytest.mark.parametrize("module", ["zq_unheard_of", "google", "google.cloud", "utils", "numpyy"])
def test_find__unknown_or_shared_or_the_users_own__nothing(module: str) -> None:
    assert package_names.find(module) == ()


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("openff.toolkit", "openff-toolkit"),
        ("openff.unheard_of", ""),
        ("lsst.daf.butler", ""),
        ("lsst.sphgeom", "lsst-sphgeom"),
        ("ufal.morphodita", "ufal-morphodita"),
        ("opentelemetry.instrumentation.flask", "opentelemetry-instrumentation-flask"),
        ("paste.deploy", "pastedeploy"),
        ("paste.httpserver", "paste"),
        ("natcap.unheard_of", ""),
        ("zest.releaser.release", "zest-releaser"),
    ],
)
def test_find__part_of_a_namespace__that_part_s_package_or_none(module: str, package: str) -> None:
    assert [one.pypi for one in package_names.find(module)][:1] == ([package] if package else [])


def test_find__several_candidates__in_order() -> None:
    assert [one.pypi for one in package_names.find("cv2")][:2] == [
        "opencv-python",
        "opencv-python-headless",
    ]
    assert {one.conda for one in package_names.find("cv2")} == {"opencv"}


def test_find__first_and_last_line_of_the_table__are_found() -> None:
    lines = Path(package_names.TABLE).read_text("utf-8").splitlines()
    for line in (lines[0], lines[-1]):
        assert package_names.find(line.split(" ")[0])


def test_table__as_a_whole__small_sorted_and_of_valid_names() -> None:
    content = Path(package_names.TABLE).read_bytes()
    lines = content.decode().splitlines()
    modules = [line.split(" ")[0] for line in lines]
    assert len(content) < 200_000
    assert modules == sorted(modules)
    assert all(all(p.isidentifier() for p in module.split(".")) for module in modules)
    packages = [package_names.parse(line)[1] for line in lines]
    assert [one for one in packages if one.pypi != package_names.normalize(one.pypi)] == []
    assert [one for one in packages if one.conda != one.conda.lower()] == []


def test_table__every_override__is_in_it_first() -> None:
    text = (DATA / "overrides.txt").read_text("utf-8")
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    parsed = [package_names.parse(" ".join(words)) for words in lines if words]
    expected: dict[str, list[Package]] = {}
    for module, package in parsed:
        expected.setdefault(module, []).append(package)
    table = {module: list(package_names.find(module)) for module in expected}
    assert table == {m: [one for one in found if any(one)] for m, found in expected.items()}


def test_import__without_a_question__loads_no_table_and_nothing_heavy() -> None:
    code = (
        "import sys; from pypackage.core import package_names as names;"
        "print(names._table.cache_info().currsize, {'packaging', 'json'} & set(sys.modules))"
    )
    # Without what .pth files import, such as coverage's.
    argv = [sys.executable, "-S", "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == "0 set()\n"


def test_rebuild__small_map_and_overrides__same_rules_each_time(tmp_path: Path) -> None:
    def entry(module: str, pypi: str, conda: str = "") -> dict[str, str]:
        return {"import_name": module, "pypi_name": pypi, "conda_name": conda or pypi}

    entries = [
        entry("numpy", "claims-numpy"),
        entry("numpy", "numpy"),
        entry("thing", "a-thing"),
        entry("thing", "python-thing"),
        entry("dns.rdtypes", "dnspython"),
        entry("ns.a", "ns-a"),
        entry("ns.b", "x-b", "b"),
        entry("attr", "attr"),
    ]
    root = Path(__file__).parents[3]
    ignored = shutil.ignore_patterns("data", "__pycache__")
    shutil.copytree(root / "pypackage/core", tmp_path / "pypackage/core", ignore=ignored)
    data = tmp_path / "pypackage/core/data"
    data.mkdir()
    (tmp_path / "scripts").mkdir()
    for one in ("pypackage/__init__.py", SCRIPT):
        shutil.copy(root / one, tmp_path / one)
    (data / "overrides.txt").write_text("# why\nattr attrs  # not that one\nutils -\n")
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        content = json.dumps({str(i): one for i, one in enumerate(entries)})
        archive.writestr("conda_pypi/grayskull_pypi_mapping.json", content)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, tmp_path / SCRIPT, wheel], check=True, env=environment)
    assert (data / "names.txt").read_text() == (
        "attr attrs\ndns dnspython\nns.a\nns.b x-b b\nnumpy\n"
        "thing python-thing\nthing a-thing\nutils -\n"
    )
