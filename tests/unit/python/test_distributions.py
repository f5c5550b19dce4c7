from __future__ import annotations

import json
from pathlib import Path

import pytest

from pypackage.core.errors import SolveError
from pypackage.python.distributions import Distribution, providers, scan


def put(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def dist_info(
    site: Path, name: str, files: dict[str, str], *, version: str = "1.0", headers: str = ""
) -> None:
    """Install a distribution as pip would: files, METADATA and RECORD."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{headers}\n\nText.\n"
    inside = {**files, f"{info}/METADATA": metadata}
    put(site, inside)
    put(site, {f"{info}/RECORD": "".join(f"{path},,\n" for path in [*inside, f"{info}/RECORD"])})


def only(distributions: tuple[Distribution, ...]) -> Distribution:
    (one,) = distributions
    return one


def paths(distribution: Distribution) -> list[str]:
    return [file.path for file in distribution.files if "-info/" not in file.path]


def test_scan__dist_info__tells_name_version_requirements_and_license(tmp_path: Path) -> None:
    headers = 'Requires-Dist: numpy>=2\nRequires-Dist: x; extra == "y"\nLicense-Expression: MIT'
    dist_info(tmp_path, "My.Pkg", {"my/__init__.py": ""}, version="2.1", headers=headers)
    found = only(scan([tmp_path]))
    assert (found.name, found.key, found.version) == ("My.Pkg", "my-pkg", "2.1")
    assert found.requires == ("numpy>=2", 'x; extra == "y"')
    assert found.license == "MIT"
    assert found.editable is None


def test_scan__same_name_twice__first_on_the_path_wins(tmp_path: Path) -> None:
    dist_info(tmp_path / "a", "pkg", {"pkg.py": ""}, version="1.0")
    dist_info(tmp_path / "b", "Pkg", {"pkg.py": ""}, version="2.0")
    assert only(scan([tmp_path / "b", tmp_path / "a"])).version == "2.0"


def test_files__extension_module_that_nobody_owns__is_of_those_who_mention_it(
    tmp_path: Path,
) -> None:
    owned, ownerless = "_own.abi3.so", "_backend.cpython-311-x86_64-linux-gnu.so"
    put(tmp_path, {ownerless: "", "apt_pkg.so": "", "_backend_too.so": ""})
    dist_info(tmp_path, "crypt", {"crypt/_rust.abi3.so": "\0_backend\0_own\0", owned: ""})
    dist_info(tmp_path, "plain", {"plain/__init__.py": "from crypt import x\n"})
    dist_info(tmp_path, "other", {"other.py": "from _own import ffi\n"})
    found = {one.name: paths(one) for one in scan([tmp_path])}
    assert found == {
        "crypt": [ownerless, owned, "crypt/_rust.abi3.so"],
        "plain": ["plain/__init__.py"],
        "other": ["other.py"],
    }


def test_scan__leftovers_and_missing_folders__are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, {"~kg-1.0.dist-info/METADATA": "Name: pkg\nVersion: 1.0\n"})
    put(tmp_path, {".dist-info/METADATA": "", "x.zip": ""})
    assert scan([tmp_path, tmp_path / "none", tmp_path / "x.zip"]) == ()


def test_files__scripts_outside_and_byte_code__paths_are_relative(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    files = {"pkg/__init__.py": "", "pkg/__pycache__/x.pyc": "", "../../../bin/run": ""}
    dist_info(site, "pkg", files)
    found = only(scan([site]))
    assert paths(found) == ["../../../bin/run", "pkg/__init__.py"]
    assert found.files[0].source == tmp_path / "bin" / "run"


def test_files__byte_code_without_its_source__is_kept(tmp_path: Path) -> None:
    dist_info(tmp_path, "pkg", {"pkg/a.pyc": "", "pkg/b.py": "", "pkg/b.pyc": ""})
    assert paths(only(scan([tmp_path]))) == ["pkg/a.pyc", "pkg/b.py"]


def test_files__comma_in_a_name__is_read_as_csv(tmp_path: Path) -> None:
    dist_info(tmp_path, "pkg", {"pkg/a.py": ""})
    with open(tmp_path / "pkg-1.0.dist-info" / "RECORD", "a") as record:
        record.write('"pkg/b,c.txt",sha256=x,3\n')
    assert paths(only(scan([tmp_path]))) == ["pkg/a.py", "pkg/b,c.txt"]


def test_modules__packages_modules_and_data__only_importable_names(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "pkg/sub/x.py": "", "one.py": "", "pkg.libs/l.so": ""}
    files |= {"_c.cpython-311-x86_64-linux-gnu.so": "", "share/data.txt": "", "../../bin/s.py": ""}
    dist_info(tmp_path, "pkg", files)
    assert only(scan([tmp_path])).modules == ("_c", "one", "pkg")


def test_providers__namespace_package__dotted_name_tells_the_owner(tmp_path: Path) -> None:
    dist_info(tmp_path, "g-storage", {"google/cloud/storage/__init__.py": ""})
    dist_info(tmp_path, "g-query", {"google/cloud/query/__init__.py": "", "google/q.py": ""})
    found = {name: [d.name for d in owners] for name, owners in providers(scan([tmp_path])).items()}
    assert found == {
        "google": ["g-query", "g-storage"],
        "google.cloud": ["g-query", "g-storage"],
        "google.cloud.query": ["g-query"],
        "google.cloud.storage": ["g-storage"],
        "google.q": ["g-query"],
    }


def test_modules__declared_namespace_with_init__dotted_names_too(tmp_path: Path) -> None:
    dist_info(tmp_path, "z-a", {"z/__init__.py": "", "z/a/__init__.py": ""})
    put(tmp_path, {"z_a-1.0.dist-info/x": "", "z-a-1.0.dist-info/namespace_packages.txt": "z\n"})
    assert scan([tmp_path])[0].modules == ("z", "z.a")


def test_entry_points__several_groups__are_all_read(tmp_path: Path) -> None:
    dist_info(tmp_path, "pkg", {"pkg.py": ""})
    text = "[console_scripts]\nrun = pkg:main\n\n# more\n[Plug.In]\nA=pkg:a.b [x]\n"
    put(tmp_path, {"pkg-1.0.dist-info/entry_points.txt": text})
    assert only(scan([tmp_path])).entry_points == (
        ("console_scripts", "run", "pkg:main"),
        ("Plug.In", "A", "pkg:a.b [x]"),
    )


def test_requires__egg_info_sections__become_markers(tmp_path: Path) -> None:
    egg = "old-1.0.egg-info"
    put(tmp_path, {f"{egg}/PKG-INFO": "Name: old\nVersion: 1.0\n", "old.py": ""})
    put(tmp_path, {f"{egg}/requires.txt": "six\n\n[:os_name=='nt']\nwin\n\n[x]\nextra1\n"})
    put(tmp_path, {f"{egg}/top_level.txt": "old\n"})
    found = only(scan([tmp_path]))
    assert found.requires == ("six", "win ; (os_name=='nt')", 'extra1 ; extra == "x"')
    assert paths(found) == ["old.py"]


def test_files__installed_files_txt__are_relative_to_the_egg_info(tmp_path: Path) -> None:
    egg = "old-1.0.egg-info"
    put(tmp_path, {f"{egg}/PKG-INFO": "Name: old\nVersion: 1.0\n", "old/__init__.py": ""})
    put(tmp_path, {f"{egg}/installed-files.txt": "../old/__init__.py\nPKG-INFO\n"})
    assert paths(only(scan([tmp_path]))) == ["old/__init__.py"]


def test_files__egg_info_file_of_distutils__found_by_name(tmp_path: Path) -> None:
    put(tmp_path, {"Six_X-1.0.egg-info": "Name: Six-X\nVersion: 1.0\n", "six_x.py": ""})
    found = only(scan([tmp_path]))
    assert [file.path for file in found.files] == ["Six_X-1.0.egg-info", "six_x.py"]


def test_files__no_list_and_no_module_of_the_name__is_an_error(tmp_path: Path) -> None:
    put(tmp_path, {"lost-1.0.egg-info": "Name: lost\nVersion: 1.0\n"})
    found = only(scan([tmp_path]))
    assert found.modules == ()
    with pytest.raises(SolveError, match=r"lost 1\.0 .* no list of its files"):
        _ = found.files


def editable(site: Path, project: Path, pointers: dict[str, str]) -> Distribution:
    dist_info(site, "proj", pointers)
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    put(site, {"proj-1.0.dist-info/direct_url.json": json.dumps(origin)})
    return only(scan([site]))


def test_editable__path_to_sources__files_are_the_sources(tmp_path: Path) -> None:
    project = tmp_path / "my proj"
    put(project, {"src/proj/__init__.py": "", "src/proj/d.txt": "", "src/proj/.git/x": ""})
    found = editable(tmp_path / "site", project, {"proj.pth": f"{project}/src\n"})
    assert found.editable == project
    assert paths(found) == ["proj/__init__.py", "proj/d.txt"]
    assert found.modules == ("proj",)
    assert found.files[-1].source == project / "src" / "proj" / "d.txt"


def test_editable__links_that_lead_in_a_circle__are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "src", {"pkg/__init__.py": "", "pkg/sub/a.py": ""})
    for link in ("pkg/loop", "pkg/again", "pkg/sub/up"):
        (tmp_path / "src" / link).symlink_to(tmp_path / "src" / "pkg")
    site = tmp_path / "site"
    dist_info(site, "pkg", {"__editable__.pkg-1.0.pth": f"{tmp_path / 'src'}\n"})
    info = site / "pkg-1.0.dist-info"
    origin = {"url": (tmp_path / "src").as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    assert paths(only(scan([site]))) == ["pkg/__init__.py", "pkg/sub/a.py"]


def test_editable__path_to_project_itself__takes_packages_but_no_tests(tmp_path: Path) -> None:
    put(tmp_path / "p", {"pyproject.toml": "", "proj/__init__.py": "", "noxfile.py": ""})
    put(tmp_path / "p", {"tests/__init__.py": "", "docs/conf.py": ""})
    found = editable(tmp_path / "site", tmp_path / "p", {"_proj.pth": str(tmp_path / "p")})
    assert paths(found) == ["proj/__init__.py"]


def test_editable__finder_with_mapping__is_read_not_run(tmp_path: Path) -> None:
    put(tmp_path / "p", {"lib/proj/__init__.py": "", "lib/proj/a/b.py": "", "lib/single.py": ""})
    lib = tmp_path / "p" / "lib"
    mapping = {"proj": str(lib / "proj"), "single": str(lib / "single")}
    finder = f"raise SystemExit\nMAPPING: dict[str, str] = {mapping!r}\n"
    pointers = {"__editable___proj_finder.py": finder, "__editable__.proj.pth": ""}
    pointers["__editable__.proj.pth"] = "import __editable___proj_finder; x()"
    found = editable(tmp_path / "site", tmp_path / "p", pointers)
    assert paths(found) == ["proj/__init__.py", "proj/a/b.py", "single.py"]


def test_editable__unknown_kind_of_finder__is_an_error_that_names_it(tmp_path: Path) -> None:
    pointers = {"_proj_editable_loader.py": "x = 1", "proj-editable.pth": "import _proj_x"}
    found = editable(tmp_path / "site", tmp_path / "p", pointers)
    assert found.modules == ()
    with pytest.raises(SolveError, match="cannot determine the source files of proj"):
        _ = found.files


def test_editable__setuptools_develop__sources_beside_the_egg_info(tmp_path: Path) -> None:
    put(tmp_path, {"setup.py": "", "old/__init__.py": "", "tests/__init__.py": ""})
    put(tmp_path, {"old.egg-info/PKG-INFO": "Name: old\nVersion: 1.0\n"})
    put(tmp_path, {"old.egg-info/top_level.txt": "old\n"})
    found = only(scan([tmp_path]))
    assert found.editable == tmp_path
    assert paths(found) == ["old/__init__.py"]


@pytest.mark.parametrize(
    "call",
    [
        "install('x', {'proj', 'other'}, '/build', ['ninja'], False)",  # meson-python's
        "def init():\n    f = F('x', {'proj', 'other'}, '/b', ['n'], g({'no'}))",  # its newer one
        "install({'proj.a': '/s/a.py', 'other': '/s/o.py'}, {}, None, False)",  # scikit-build-core
    ],
)
def test_editable__import_hook_of_a_builder__its_modules_are_known_not_run(
    tmp_path: Path, call: str
) -> None:
    pointers = {"_proj_editable_loader.py": f"raise SystemExit\n{call}\n"}
    pointers["proj-editable.pth"] = "import _proj_editable_loader"
    found = editable(tmp_path / "site", tmp_path / "p", pointers)
    assert found.modules == ("other", "proj")
    assert [found.may_have(name) for name in ("proj", "prot")] == [True, False]


def test_may_have__editable_by_path__looks_at_the_sources_for_that_module(tmp_path: Path) -> None:
    put(tmp_path / "p", {"src/proj/__init__.py": "", "src/one.py": ""})
    (tmp_path / "p" / "src" / "_c.cpython-311-x86_64-linux-gnu.so").touch()
    found = editable(tmp_path / "site", tmp_path / "p", {"p.pth": f"\n{tmp_path}/p/src\n"})
    assert [found.may_have(name) for name in ("proj", "one", "_c", "pro", "src")] == [
        *(True, True, True),
        *(False, False),
    ]


@pytest.mark.parametrize(
    ("direct", "reference"),
    [
        ({"url": "file:///a%20b", "dir_info": {}}, "file:///a%20b"),
        (
            {"url": "https://e.org/x.whl", "archive_info": {"hashes": {"sha256": "00"}}},
            "https://e.org/x.whl#sha256=00",
        ),
        (
            {"url": "https://e.org/x.zip", "archive_info": {"hash": "sha256=00"}},
            "https://e.org/x.zip#sha256=00",
        ),
        (
            {"url": "ssh://git@e.org/x", "vcs_info": {"vcs": "git", "commit_id": "12"}},
            "git+ssh://git@e.org/x@12",
        ),
        ({"url": "https://a:b@e.org/x.whl", "archive_info": {}}, "https://e.org/x.whl"),
        ({"url": 3}, ""),
        ({"url": "https://e.org/x.whl", "dir_info": 5}, ""),
        ([], ""),
    ],
)
def test_reference__direct_url__as_pep_508_has_it(
    tmp_path: Path, direct: object, reference: str
) -> None:
    dist_info(tmp_path, "x", {"x.py": ""})
    put(tmp_path, {"x-1.0.dist-info/direct_url.json": json.dumps(direct)})
    assert only(scan([tmp_path])).reference == reference


def test_reference__setuptools_develop__the_projects_folder(tmp_path: Path) -> None:
    put(tmp_path, {"setup.py": "", "src/old/__init__.py": ""})
    put(tmp_path, {"src/old.egg-info/PKG-INFO": "Name: old\nVersion: 1.0\n"})
    assert only(scan([tmp_path / "src"])).reference == tmp_path.as_uri()
