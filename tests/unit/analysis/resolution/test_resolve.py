from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pypackage.analysis.needs import Implied
from pypackage.analysis.resolution import resolve as resolution
from pypackage.analysis.resolution.model import Resolved
from pypackage.core.errors import UsageError
from pypackage.python import interpreter
from pypackage.python.interpreter import Environment
from pypackage.requirements import formats as declarations
from pypackage.requirements.formats import Declaration, Declarations, merge, parse

if TYPE_CHECKING:
    from pypackage.analysis.resolution.model import Pin


def resolve(*given: Any, **options: Any) -> Resolved:
    """What is asked for, without where it is known from, which has its own tests."""
    return resolution.resolve(*given, **options)._replace(origins=())


class Site:
    """An interpreter whose packages are those that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.prefix = folder
        self.folder = folder / "lib" / "python3.11" / "site-packages"
        self.folder.mkdir(parents=True)
        self.records: dict[str, list[str]] = {}
        self.environment: Environment = interpreter.running_environment()._replace(
            prefix=str(folder), base_prefix=str(folder), sites=(str(self.folder),), version="3.11.7"
        )

    def pip(
        self, name: str, version: str, *files: str, headers: str = "", direct: object = None
    ) -> None:
        """Install a distribution as pip does."""
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        self.put(f"{info}/METADATA", f"Name: {name}\nVersion: {version}\n{headers}\n\n")
        if direct:
            self.put(f"{info}/direct_url.json", json.dumps(direct))
        listed = [*files, f"{info}/METADATA", f"{info}/RECORD"]
        self.put(f"{info}/RECORD", "".join(f"{path},,\n" for path in listed))
        for path in files:
            self.put(path, "")

    def conda(
        self, record: str, *files: str, channel: str = "https://conda.anaconda.org/conda-forge/"
    ) -> None:
        """Write a package's record as conda does; the files are relative to the modules."""
        paths = [f"lib/python3.11/site-packages/{path}" for path in files]
        data = {"channel": f"{channel}linux-64", "subdir": "linux-64", "files": paths}
        (self.prefix / "conda-meta").mkdir(exist_ok=True)
        (self.prefix / "conda-meta" / f"{record}.json").write_text(json.dumps(data))

    def put(self, path: str, content: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(content)

    def resolve(
        self,
        *modules: str,
        declared: Declarations | None = None,
        mapping: dict[str, str] | None = None,
        extra: tuple[str, ...] = (),
        pin: Pin = "exact",
        pip_only: bool = False,
    ) -> Resolved:
        return resolve(
            tops(modules),
            self.environment,
            declared=declared or Declarations(),
            mapping=mapping or {},
            extra=extra,
            pin=pin,
            pip_only=pip_only,
        )


def tops(modules: tuple[str, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for module in modules:
        found.setdefault(module.split(".")[0], set()).add(module)
    return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "prefix")


def script(*requirements: str) -> Declarations:
    return declarations.inline(
        f"# /// script\n# dependencies = {list(requirements)!r}\n# ///\n", "s.py"
    )


def bounds(folder: Path, *lines: str) -> Declarations:
    (folder / "r.txt").write_text("\n".join(lines))
    return declarations.read(str(folder / "r.txt"))


# --- installed by pip --------------------------------------------------------------------


def test_resolve__distutils_where_python_has_none__is_that_of_setuptools(site: Site) -> None:
    site.pip("setuptools", "69.0.3", "setuptools/__init__.py", "_distutils_hack/__init__.py")
    found = site.resolve("distutils.core")
    assert found.pip == ("setuptools==69.0.3",)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        ("exact", ("their-thing==2.4.6",)),
        ("minor", ("their-thing==2.4.*",)),
        ("none", ("their-thing",)),
    ],
)
def test_resolve__installed_by_pip__pinned_as_asked(
    site: Site, pin: Pin, expected: tuple[str, ...]
) -> None:
    site.pip("their-thing", "2.4.6", "thing/__init__.py", "thing/sub.py")
    assert site.resolve("thing.sub.function", pin=pin) == Resolved(pip=expected)


def test_resolve__namespace__each_part_leads_to_its_distribution(site: Site) -> None:
    site.pip("google-cloud-storage", "2.1", "google/cloud/storage/__init__.py")
    site.pip("google-cloud-query", "3.1", "google/cloud/query/__init__.py")
    site.pip("google-auth", "1.2", "google/auth/__init__.py", "google/auth/x.py")
    found = site.resolve("google.cloud", "google.cloud.storage.Client", "google.auth.x")
    assert found == Resolved(pip=("google-auth==1.2", "google-cloud-storage==2.1"))


def test_resolve__namespace_alone__is_told_with_who_shares_it(site: Site) -> None:
    site.pip("g-a", "1", "shared/a/__init__.py")
    site.pip("g-b", "1", "shared/b/__init__.py")
    found = site.resolve("shared")
    assert found.pip == ()
    assert found.warnings == ("shared is shared by g-a, g-b: import what is meant of it",)


def test_resolve__part_of_a_namespace_that_is_missing__is_not_taken_from_its_neighbour(
    site: Site,
) -> None:
    site.pip("g-a", "1", "shared/a/__init__.py")
    found = site.resolve("shared.other")
    assert found.pip == ()
    assert "shared" in found.warnings[0]


def test_resolve__two_put_files_into_one_package__the_one_with_the_submodule(site: Site) -> None:
    site.pip("base", "1", "pkg/__init__.py", "pkg/core.py")
    site.pip("plugin", "2", "pkg/__init__.py", "pkg/extra/x.py")
    assert site.resolve("pkg.extra.x").pip == ("plugin==2",)
    assert site.resolve("pkg.core").pip == ("base==1",)


def test_resolve__several_have_the_module__likeliest_is_taken_and_others_told(site: Site) -> None:
    site.pip("opencv-python-headless", "4.9", "cv2/__init__.py")
    site.pip("opencv-python", "4.9", "cv2/__init__.py")
    found = site.resolve("cv2.imread", "cv2.imwrite")
    assert found.pip == ("opencv-python==4.9",)
    assert found.warnings == (
        "cv2 may be of opencv-python, which is taken, or of opencv-python-headless:"
        " --pkg-mapping cv2=NAME says which",
    )


def test_resolve__editable__its_folder_and_no_version_of_pypi(site: Site, tmp_path: Path) -> None:
    (tmp_path / "src" / "mine").mkdir(parents=True)
    (tmp_path / "src" / "mine" / "__init__.py").write_text("")
    direct = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    site.pip("mine", "1.0", "_mine.pth", direct=direct)
    site.put("_mine.pth", f"{tmp_path}/src\n")
    found = site.resolve("mine")
    assert found.pip == (f"mine @ {tmp_path.as_uri()}",)
    assert found.warnings == (f"mine 1.0 is this machine's own, from {tmp_path.as_uri()}",)


def test_resolve__from_version_control__its_commit_and_no_password(site: Site) -> None:
    vcs = {"vcs": "git", "commit_id": "abc", "requested_revision": "main"}
    direct = {"url": "https://me:secret@example.org/x.git", "vcs_info": vcs, "subdirectory": "py"}
    site.pip("x", "1.0", "x.py", direct=direct)
    assert site.resolve("x") == Resolved(
        pip=("x @ git+https://example.org/x.git@abc#subdirectory=py",)
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.4.6+cu121", "x==2.4.6"),
        ("1.0.dev3+gabc", "x"),
        ("1.5.0.post1", "x==1.5.0.post1"),
        ("2.0rc1", "x==2.0rc1"),
        ("what-ever", "x"),
    ],
)
def test_resolve__version_that_pypi_has_not__no_such_pin_and_a_warning(
    site: Site, version: str, expected: str
) -> None:
    site.pip("x", version, "x.py")
    found = site.resolve("x")
    assert found.pip == (expected,)
    assert bool(found.warnings) is (expected != f"x=={version}")


def test_resolve__module_that_no_package_has__is_told_where_it_is(site: Site) -> None:
    site.put("loose.py", "")
    found = site.resolve("loose")
    assert found.pip == ()
    assert found.warnings == (f"{site.folder}/loose.py belongs to no installed package",)


def test_resolve__what_an_uninstalled_package_left_behind__is_no_module(site: Site) -> None:
    site.put("yaml/__pycache__/x.pyc", "")
    assert site.resolve("yaml").pip == ("pyyaml",)


# --- conda -------------------------------------------------------------------------------


def test_resolve__conda_prefix__package_version_and_channel_of_its_record(site: Site) -> None:
    site.conda("python-3.11.7-h1_0_cpython")
    site.conda(
        "pytorch-2.1.0-py3_0",
        "torch-2.1.0.dist-info/METADATA",
        channel="https://user:word@conda.anaconda.org/t/to-ken/pytorch/",
    )
    site.conda("numpy-1.26.4-py311h_0", "numpy-1.26.4.dist-info/METADATA")
    site.conda("py-opencv-4.9.0-py311h_0", "cv2/__init__.py")
    site.put("cv2/__init__.py", "")
    site.pip("torch", "2.1.0", "torch/__init__.py")
    site.pip("numpy", "1.26.4", "numpy/__init__.py")
    site.pip("later", "1.0", "later.py")
    found = site.resolve("torch", "numpy", "cv2", "later")
    assert found == Resolved(
        channels=("conda-forge", "pytorch"),
        dependencies=("numpy=1.26.4", "py-opencv=4.9.0", "pytorch=2.1.0"),
        pip=("later==1.0",),
    )
    assert site.resolve("torch", "numpy", "later", pip_only=True) == Resolved(
        pip=("later==1.0", "numpy==1.26.4", "torch==2.1.0")
    )


def test_resolve__conda_package_without_metadata_of_pythons__by_name_for_pip(site: Site) -> None:
    site.conda("matplotlib-base-3.9-0", "pylab.py")
    site.put("pylab.py", "")
    assert site.resolve("pylab").dependencies == ("matplotlib-base=3.9",)
    assert site.resolve("pylab", pip_only=True).pip == ("matplotlib",)


def test_resolve__pip_replaced_a_conda_package__it_is_pips(site: Site) -> None:
    site.conda("numpy-1.26.4-py311h_0", "numpy-1.26.4.dist-info/METADATA")
    site.pip("numpy", "2.0.0", "numpy/__init__.py")
    assert site.resolve("numpy") == Resolved(pip=("numpy==2.0.0",))


def test_resolve__several_channels__pythons_first_then_the_most_used(site: Site) -> None:
    site.conda("python-3.11.7-h1_0_cpython", channel="https://example.org/z/")
    for name, channel in (("a1", "a"), ("b1", "b"), ("b2", "b")):
        site.conda(f"{name}-1-0", f"{name}.py", channel=f"https://example.org/{channel}/")
        site.put(f"{name}.py", "")
    found = site.resolve("a1", "b1", "b2")
    assert [one[-1] for one in found.channels] == ["z", "b", "a"]
    assert found.dependencies == ("a1=1", "b1=1", "b2=1")


def test_resolve__private_channel__its_url_without_the_platform(site: Site) -> None:
    site.conda("x-1.2.3-0", "x-1.2.3.dist-info/RECORD", channel="https://mirror.example/conda/")
    site.pip("x", "1.2.3", "x.py")
    found = site.resolve("x", pin="minor")
    assert (found.channels, found.dependencies) == (("https://mirror.example/conda",), ("x=1.2",))


def test_resolve__extras_in_a_conda_prefix__what_they_require_is_added(site: Site) -> None:
    headers = "Requires-Dist: six\nRequires-Dist: pandas>=1 ; extra == 'frame'"
    site.conda("dask-core-1.0-0", "dask-1.0.dist-info/RECORD")
    site.conda("pandas-2.0-0", "pandas-2.0.dist-info/RECORD")
    site.pip("dask", "1.0", "dask/__init__.py", headers=headers)
    site.pip("pandas", "2.0", "pandas/__init__.py")
    found = site.resolve("dask", declared=script("dask[frame]"))
    assert found.dependencies == ("dask-core=1.0", "pandas=2.0")
    assert found.warnings == ()


# --- not installed -----------------------------------------------------------------------


def test_resolve__version_alone__names_of_conda_forge_or_of_pypi() -> None:
    modules = tops(("cv2", "yaml", "torch", "google.cloud.storage"))
    assert resolve(modules, None, python="3.11") == Resolved(
        channels=("conda-forge",),
        dependencies=("google-cloud-storage", "opencv", "pytorch", "pyyaml"),
    )
    modules["cv2"] = {"cv2.imread", "cv2.imwrite"}
    found = resolve(modules, None, python="3.11", pip_only=True)
    assert found.pip == ("google-cloud-storage", "opencv-python", "pyyaml", "torch")
    assert len(found.warnings) == 1  # of the other wheels of OpenCV


def test_resolve__not_installed_beside_pips__is_pips_and_told(site: Site) -> None:
    found = site.resolve("yaml", "torch")
    assert found == Resolved(
        pip=("pyyaml", "torch"), warnings=("not installed here, so not pinned: pyyaml, torch",)
    )


def test_resolve__its_package_is_installed_without_it__not_pinned_to_that(site: Site) -> None:
    site.pip("setuptools", "82.0", "setuptools/__init__.py")
    found = site.resolve("pkg_resources")
    assert found.pip == ("setuptools",)
    assert found.warnings[0] == "setuptools 82.0 is installed, but has no pkg_resources"


def test_resolve__unknown_module__warned_of_once_and_never_guessed(site: Site) -> None:
    for found in (site.resolve("zq.a", "zq.b"), resolve(tops(("zq.a", "zq.b")), None)):
        assert (found.dependencies, found.pip) == ((), ())
        assert found.warnings == (
            "no package is known to have the module zq; --pkg-mapping zq=NAME names it",
        )


def test_resolve__only_conda_has_it__is_condas_or_told() -> None:
    assert resolve(tops(("ROOT",)), None).dependencies == ("root",)
    found = resolve(tops(("ROOT",)), None, pip_only=True)
    assert found.pip == ()
    assert "ROOT" in found.warnings[0]


# --- what the user says ------------------------------------------------------------------


def test_resolve__mapping__goes_before_all_else(site: Site) -> None:
    site.pip("opencv-python", "4.9", "cv2/__init__.py")
    site.pip("their-thing", "2.0", "thing.py")
    mapping = {"cv2": "opencv-python-headless>=4", "zq.part": "Their_Thing"}
    found = site.resolve("cv2", "zq.part.x", mapping=mapping)
    assert found == Resolved(pip=("opencv-python-headless>=4", "their-thing==2.0"))


def test_resolve__extra__pinned_when_installed_else_as_given(site: Site) -> None:
    site.pip("torch", "2.0", "torch/__init__.py")
    found = site.resolve(extra=("pytorch", "lxml>=5", "openpyxl"))
    assert found.pip == ("lxml>=5", "openpyxl", "torch==2.0")
    conda = resolve({}, None, extra=("numpy=1.26", "bioconda::samtools", "torch", "x[a]>=1,<2"))
    assert conda.dependencies == ("bioconda::samtools", "numpy=1.26", "pytorch", "x<2,>=1")


def test_resolve__extra_match_spec_beside_an_installed_version__as_given(site: Site) -> None:
    site.conda("numpy-2.0.0-0", "numpy-2.0.0.dist-info/RECORD")
    site.pip("numpy", "2.0.0", "numpy/__init__.py")
    assert site.resolve("numpy", extra=("numpy=1.26",)).dependencies == ("numpy=1.26",)


def test_resolve__extra_that_is_nothing__error(site: Site) -> None:
    with pytest.raises(UsageError, match=r"'\?!'"):
        site.resolve(extra=("?!",))


# --- declared ----------------------------------------------------------------------------


def test_resolve__script_metadata__decides_and_is_taken_though_not_imported() -> None:
    declared = script("opencv-python-headless==4.9", "rich>=13,<14", "old; python_version<'3'")
    found = resolve(tops(("cv2", "yaml")), None, declared=declared, python="3.11", pip_only=True)
    assert found == Resolved(pip=("opencv-python-headless==4.9", "pyyaml", "rich<14,>=13"))


def test_resolve__declared_file__bounds_what_is_imported_alone(tmp_path: Path) -> None:
    declared = bounds(tmp_path, "numpy>=2,<3", "torch~=2.1", "unused==1")
    found = resolve(tops(("numpy", "torch")), None, declared=declared, python="3.11")
    assert found.dependencies == ("numpy<3,>=2", "pytorch~=2.1")


def test_resolve__installed_in_the_declared_range__is_pinned_with_its_extras(
    site: Site, tmp_path: Path
) -> None:
    site.pip("thing", "2.4.6", "thing.py")
    declared = bounds(tmp_path, "thing[b,a]>=2", "thing<3")
    assert site.resolve("thing", declared=declared).pip == ("thing[a,b]==2.4.6",)
    assert site.resolve("thing", declared=declared, pin="none").pip == ("thing[a,b]<3,>=2",)
    minor = site.resolve("thing", declared=declared, pin="minor")
    assert minor == Resolved(pip=("thing[a,b]<3,==2.4.*,>=2",))


def test_resolve__installed_outside_of_it__declared_wins_and_both_are_told(site: Site) -> None:
    site.pip("their-thing", "2.4.6", "thing.py")
    found = site.resolve("thing", declared=script("their-thing<2"))
    assert found == Resolved(
        pip=("their-thing<2",),
        warnings=("their-thing 2.4.6 is installed, but their-thing<2 is declared (s.py:2)",),
    )


def test_resolve__another_candidate_is_declared__it_is_taken_and_told(site: Site) -> None:
    site.pip("opencv-python", "4.9", "cv2/__init__.py")
    found = site.resolve("cv2", declared=script("opencv-python-headless"))
    assert found.pip == ("opencv-python-headless",)
    assert (
        "cv2 is of opencv-python here, but opencv-python-headless is declared"
        in (found.warnings[0])
    )


def test_resolve__unknown_module_but_declared_by_its_name__is_no_guess() -> None:
    found = resolve(tops(("zq_new",)), None, declared=script("zq-new>=1"), pip_only=True)
    assert found == Resolved(pip=("zq-new>=1",))


def test_resolve__unknown_module_beside_a_declared_package__may_be_of_it() -> None:
    found = resolve(tops(("zq",)), None, declared=script("their-zq"), pip_only=True)
    assert found.pip == ("their-zq",)
    assert ", unless their-zq has it;" in found.warnings[0]


def test_resolve__requires_python_excludes_the_target__is_told(site: Site) -> None:
    source = "# /// script\n# requires-python = '>=3.12'\n# ///\n"
    declared = declarations.inline(source, "s.py")
    assert site.resolve(declared=declared).warnings == (
        "s.py:2: Python >=3.12 is required, the target is 3.11.7",
    )
    assert resolve({}, None, declared=declared, python="3.12") == Resolved()


def test_resolve__direct_reference_is_declared__goes_to_pip() -> None:
    url = "git+https://example.org/a.git@v1"
    found = resolve({}, None, declared=script(f"a @ {url}"), python="3.11")
    assert found == Resolved(pip=(f"a @ {url}",))


def test_resolve__environment_yml__its_specs_and_channels(tmp_path: Path) -> None:
    path = tmp_path / "environment.yml"
    path.write_text("channels: [a, b]\ndependencies:\n- numpy=1.26\n- pytorch 2.*=cuda*\n")
    declared = declarations.read(str(path))
    found = resolve(tops(("numpy", "torch", "yaml")), None, declared=declared)
    assert found == Resolved(
        channels=("a", "b"), dependencies=("numpy=1.26", "pytorch 2.*=cuda*", "pyyaml")
    )


def declares(*texts: str, group: str = "", refused: str = "") -> Declarations:
    """What a pyproject.toml declares; each text its own line of it."""
    found: dict[str, tuple[Declaration, ...]] = {}
    for number, text in enumerate(texts, 1):
        one = Declaration(parse(text), f"p:{number}", group=group, refused=refused)
        found[one.key] = (*found.get(one.key, ()), one)
    return Declarations(found)


def test_resolve__declared_source_is_refused__nothing_of_the_same_name_is_taken() -> None:
    declared = declares("bar", refused="the path ../bar")
    found = resolve(tops(("bar", "yaml")), None, declared=declared, python="3.11")
    assert found.dependencies == ("pyyaml",)
    assert found.pip == ()
    assert "p:1: bar is declared to come from the path ../bar" in found.warnings[0]


def test_resolve__declared_source_is_refused_but_installed__that_is_taken(site: Site) -> None:
    site.pip("bar", "1.0", "bar.py")
    found = site.resolve("bar", declared=declares("bar", refused="the path ../bar"))
    assert found.pip == ("bar==1.0",)
    assert len(found.warnings) == 1


def test_resolve__extras__are_alternatives_to_what_the_project_requires() -> None:
    own, extra = declares("numpy>=1.20"), declares("numpy<1", "torch>=2", group="old")
    other = declares("torch<2", group="new")
    declared = merge([own, extra, other])
    found = resolve(tops(("numpy", "torch")), None, declared=declared, python="3.11")
    assert found.dependencies == ("numpy>=1.20", "pytorch>=2")
    assert [one for one in found.warnings if "declared differently" in one]


def test_resolve__declared_names_near_to_unknown_modules__are_taken_and_told() -> None:
    declared = declares("diffpy.structure>=3", "zq-parsnip-cif", "python-zqsbml", "unused-zq")
    modules = tops(("diffpy.structure.parsers", "zq_parsnip", "zqsbml"))
    found = resolve(modules, None, declared=declared, python="3.11", pip_only=True)
    assert found.pip == ("diffpy-structure>=3", "python-zqsbml", "zq-parsnip-cif")
    assert any("no import is known to need it: unused-zq (p:4)" in one for one in found.warnings)


def test_resolve__two_declared_names_are_as_near__none_is_taken() -> None:
    declared = declares("zq-a", "zq-b")
    found = resolve(tops(("zq",)), None, declared=declared, python="3.11")
    assert found.dependencies == ()
    assert any("no package is known to have the module zq" in one for one in found.warnings)


def test_resolve__origins__say_where_package_and_version_are_known_from(site: Site) -> None:
    site.pip("their-thing", "2.0", "thing.py")
    found = resolution.resolve(
        tops(("thing", "yaml", "zq", "cv2")),
        site.environment,
        declared=declares("zq>=1"),
        mapping={"cv2": "opencv-python-headless"},
    )
    assert {one.module: (one.package, *one[3:]) for one in found.origins} == {
        "thing": ("their-thing==2.0", "installed", "installed"),
        "yaml": ("pyyaml", "table", ""),
        "zq": ("zq>=1", "declared", "declared"),
        "cv2": ("opencv-python-headless", "mapping", ""),
    }


def needs(*modules: str, certain: bool = False) -> tuple[Implied, ...]:
    return (Implied("m.py:1:1", "read_parquet()", modules, certain),)


def test_resolve__implied_need__the_alternative_that_is_installed_is_taken(site: Site) -> None:
    site.pip("fastparquet", "1.0", "fastparquet/__init__.py")
    found = resolve({}, site.environment, implied=needs("pyarrow", "fastparquet"))
    assert found.pip == ("fastparquet==1.0",)
    assert found.warnings == ()


def test_resolve__implied_need_in_doubt__is_told_with_place_and_package(site: Site) -> None:
    found = resolve({}, site.environment, implied=needs("tables", "zq"))
    assert (found.pip, found.dependencies) == ((), ())
    assert found.warnings == (
        "m.py:1:1: read_parquet() needs tables or zq, which nothing imports:"
        " --extra-pkg tables adds it",
    )


def test_resolve__implied_need_without_doubt__is_taken_by_the_table() -> None:
    assert resolve({}, None, implied=needs("tables", certain=True)).dependencies == ("pytables",)


def test_resolve__implied_need_that_is_imported_anyway__is_not_told() -> None:
    found = resolve(tops(("fastparquet",)), None, implied=needs("pyarrow", "fastparquet"))
    assert found.dependencies == ("fastparquet",)
    assert found.warnings == ()


@pytest.mark.parametrize("imported", ["whole.part.Client", "whole.part", "whole.deep"])
def test_resolve__part_that_needs_an_extra__its_package_is_taken_too(
    site: Site, imported: str
) -> None:
    extra = 'Requires-Dist: other-thing>=1; extra == "part"'
    files = ("whole/__init__.py", "whole/part.py", "whole/deep/__init__.py", "whole/deep/x.py")
    site.pip("whole", "2.0", *files, headers=extra)
    site.put("whole/part.py", "from otherthing import *\n")
    site.put("whole/deep/__init__.py", "from . import x\n")
    site.put("whole/deep/x.py", "import otherthing.sub\n")
    site.pip("other-thing", "1.5", "otherthing/__init__.py")
    assert site.resolve(imported).pip == ("other-thing==1.5", "whole==2.0")
    assert site.resolve("whole.Thing").pip == ("whole==2.0",)


def test_resolve__part_imports_an_extra_in_a_function_or_for_tests__it_is_left_out(
    site: Site,
) -> None:
    extra = (
        'Requires-Dist: other-thing; extra == "part"\nRequires-Dist: test-thing; extra == "test"'
    )
    site.pip("whole", "2.0", "whole/__init__.py", "whole/part.py", headers=extra)
    site.put("whole/part.py", "import test_thing\ndef f():\n    import other_thing\n")
    assert site.resolve("whole.part").pip == ("whole==2.0",)
