"""Many builds: the Python API with vdist's names, and builds.yml."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pypackage.core.errors import InputPathError, PackageError, RequirementsError, UsageError
from pypackage.core.progress import SILENT
from pypackage.integrations.vdist import Builder, builds_file, directory, git, git_directory
from pypackage.integrations.vdist.build import Build
from pypackage.integrations.vdist.source import Source, fetch
from pypackage.pipeline import child
from tests.support.tools import Tools

PLAIN: dict[str, Any] = {"app": "shop", "version": "1.0", "profile": "deb"}


def repository(folder: Path) -> Path:
    """A repository of git: `1.0` on master, `2.0` on the branch next."""
    folder.mkdir()
    run = ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", "-C", str(folder)]
    for branch, text in (("master", "1.0"), ("next", "2.0")):
        first = ["init", "-q"] if branch == "master" else ["checkout", "-q"]
        subprocess.run([*run, *first, "-b", branch], check=True)
        (folder / "version.txt").write_text(text)
        subprocess.run([*run, "add", "-A"], check=True)
        subprocess.run([*run, "commit", "-q", "-m", branch], check=True)
    return folder


@pytest.mark.parametrize(
    ("kind", "branch", "version"), [(git, "master", "1.0"), (git_directory, "next", "2.0")]
)
def test_source__of_git__has_the_files_of_the_branch_and_leaves_the_tree_alone(
    tmp_path: Path, kind: Any, branch: str, version: str
) -> None:
    place = repository(tmp_path / "repository")
    (place / "version.txt").write_text("changed")
    fetch(kind(str(place), branch=branch), tmp_path, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"version.txt"}
    assert (tmp_path / "out/version.txt").read_text() == version
    assert (place / "version.txt").read_text() == "changed"


def test_source__a_folder__comes_as_it_is_without_what_tools_left(tmp_path: Path) -> None:
    (tmp_path / "app/.git").mkdir(parents=True)
    (tmp_path / "app/__pycache__").mkdir()
    (tmp_path / "app/manage.py").write_text("print(1)\n")
    fetch(directory("app"), tmp_path, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manage.py"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (git("repository", branch="no-such"), "there is no branch no-such in "),
        (git("https://me:secret@localhost:1/x"), "git cannot clone https://localhost:1/x"),
        (directory("nowhere"), "there is no folder nowhere"),
    ],
)
def test_source__that_cannot_be_had__is_an_error_of_one_line(
    tmp_path: Path, source: Source, message: str
) -> None:
    repository(tmp_path / "repository")
    with pytest.raises(InputPathError) as caught:
        fetch(source, tmp_path, tmp_path / "out")
    assert message in caught.value.message
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"profile": "amiga"}, "there is no profile amiga"),
        ({"version": "1.0-rc 1"}, "dpkg takes no version"),
        ({"profile": "rpm", "version": "1-2"}, "rpm takes no version '1-2'"),
        ({"python_basedir": "/opt/python"}, "say compile_python=False"),
        ({"fpm_args": "--shiny 3"}, "fpm_args: unrecognized arguments: --shiny 3"),
        ({"fpm_args": "-t deb"}, "fpm_args: -t has no counterpart here"),
        ({"fpm_args": "--deb-user www"}, "fpm_args: --deb-user www cannot be: files of a package"),
        ({"fpm_args": "-a all"}, "fpm_args: the architecture cannot be all"),
        ({"fpm_args": "--epoch one"}, "--epoch: 'one' is not a number"),
        ({"provides": ["a b"]}, "--provides: 'a b' is not a package name"),
        ({"version": "1.0-1", "release": "2"}, "the version 1.0-1 has a revision already"),
        ({"profile": "ubuntu-trusty"}, "the system is no longer supported"),
        ({"colour": "red"}, "a build has no 'colour'"),
        ({"scripts": {"at-noon": "x"}}, "scripts: no at-noon"),
        ({"name": "first"}, "there are two builds named first"),
        ({"app": "first"}, "both make first_1.0_"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_add_build__of_what_cannot_be__says_so(
    tmp_path: Path, said: dict[str, Any], message: str
) -> None:
    builder = Builder(base=tmp_path)
    builder.add_build(**{**PLAIN, "app": "first", "name": "first"}, source=directory("."))
    with pytest.raises(UsageError, match=message.replace("(", ".")):
        builder.add_build(**{**PLAIN, **said}, source=directory("."))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "profiles.json:1:2: not valid JSON"),
        ('{"x": {"format": "exe"}}', "x.format: expected one of deb, rpm"),
        (
            '{"x": {"docker_image": "a", "script": "b"}}',
            "Docker images and scripts are not used here",
        ),
        ('{"x": {"format": "deb", "colour": "red"}}', "expected one of format, platform"),
        ('{"x": {"format": "deb", "allow_sdist": 1}}', "x.allow_sdist: expected true or false"),
    ],
)
def test_profiles__that_are_not_valid__are_told_with_their_place(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "profiles.json").write_text(text)
    with pytest.raises(RequirementsError) as caught:
        Builder(profiles_dir=tmp_path)
    assert message in caught.value.message


BUILDS = """\
builds:
  - app: one
    version: "1.0"
    profile: deb
    source: {directory: {path: app}}
"""


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("builds: []", 3, "there are no builds in it"),
        (BUILDS.replace('"1.0"', "1.0"), 3, "version: 1.0 is a number"),
        (BUILDS.replace("app: one", "apt: one"), 3, "a build has no such key"),
        (BUILDS.replace("directory: {path", "folder: {path"), 3, "expected one of git, directory"),
        (BUILDS.replace("profile: deb", "profile: amiga"), 1, "there is no profile amiga"),
        (BUILDS.replace("    profile: deb\n", ""), 3, "profile: missing"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_builds_file__that_is_not_valid__is_told_with_its_place(
    tools: Tools, tmp_path: Path, text: str, status: int, message: str
) -> None:
    (tmp_path / "builds.yml").write_text(text)
    done = tools.create("--builds", "builds.yml")
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "builds.yml:" in done.stderr.splitlines()[0]
    assert message in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("said", "builds"), [("", True), ("    allow_sdist: false\n", False)], ids=["profile", "build"]
)
def test_builds_file__sources_and_what_builds_them__from_profile_and_build(
    tmp_path: Path, said: str, builds: bool
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "buildprofiles").mkdir()
    profile = {"format": "deb", "allow_sdist": True, "build_deps": ["gcc", "libpq-dev"]}
    (tmp_path / "buildprofiles/profiles.json").write_text(json.dumps({"mine": profile}))
    text = BUILDS.replace("profile: deb", "profile: mine\n    build_deps: [gfortran, gcc]")
    (tmp_path / "builds.yml").write_text(f"{text}{said}    pip_args: --no-binary six\n")
    (build,) = builds_file.load(tmp_path / "builds.yml", SILENT)._builds
    (tmp_path / "scratch").mkdir()
    _, variables = build.command(tmp_path / "scratch", tmp_path / "out.deb")
    words = json.loads(variables[child.ARGUMENTS])
    assert ("--allow-sdist" in words) is builds
    asked = [word for word in words if word.startswith("--build-deps")]
    assert asked == ["--build-deps=gcc", "--build-deps=libpq-dev", "--build-deps=gfortran"]
    needs = json.loads((tmp_path / "scratch/environment.json").read_text())
    assert needs["dependencies"][1] == {"pip": ["--no-binary six"]}


@pytest.mark.slow
def test_builds__one_of_two_that_fails__does_not_stop_the_other(
    tools: Tools, tmp_path: Path, channel: Any
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/manage.py").write_text("print(1)\n")
    other = BUILDS.replace("builds:\n", "").replace("one", "two").replace("path: app", "path: none")
    (tmp_path / "builds.yml").write_text(f"{BUILDS}    channels: [{channel.folder}]\n{other}")
    done = tools.create("--builds=builds.yml", "--output", "out", "-v", timeout=300)
    assert done.returncode == 2, done.stderr
    assert [Path(line).name.partition("_")[0] for line in done.stdout.splitlines()] == ["one"]
    assert "two-1.0-deb: there is no folder none" in done.stderr
    assert "[one-1.0-deb] " in done.stderr
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {Path(done.stdout.strip()).name, "one-1.0-deb.log", "two-1.0-deb.log"}
    listed = subprocess.run(
        ["dpkg-deb", "-c", tmp_path / done.stdout.strip()], capture_output=True, text=True
    )
    assert "./opt/one/app/manage.py" in listed.stdout


def test_build__that_is_vdists_most_customized__becomes_options_of_create(tmp_path: Path) -> None:
    project = tmp_path / "projects/myproject"
    (project / "deploy/centos6").mkdir(parents=True)
    (project / "deploy/centos6/postinstall.sh").write_text("echo done\n")
    (project / "deploy/requirements-prod.txt").write_text("six\n")
    (project / "setup.py").write_text("")
    (tmp_path / "deploy/profiles").mkdir(parents=True)
    profiles = {"centos6": {"format": "rpm", "glibc": "2.12"}}
    (tmp_path / "deploy/profiles/profiles.json").write_text(json.dumps(profiles))
    made = Builder(profiles_dir=f"{tmp_path}/deploy/profiles", base=tmp_path)
    made.add_build(
        name="myproject :: centos6 build",
        app="myproject",
        version="1.0",
        source=directory(path=str(project)),
        profile="centos6",
        compile_python=False,
        python_basedir="/opt/yourcompany/python",
        build_deps=["yourcompany-python", "gcc"],
        runtime_deps=["yourcompany-python", "imagemagick", "ffmpeg"],
        fpm_args="--post-install deploy/centos6/postinstall.sh",
        pip_args="--index-url https://pypi.yourcompany.com/simple/",
        requirements_path="deploy/requirements-prod.txt",
    )
    build: Build = made._builds[0]
    (tmp_path / "scratch").mkdir()
    _, variables = build.command(tmp_path / "scratch", tmp_path / "out.rpm")
    words = json.loads(variables[child.ARGUMENTS])
    assert build.log == "myproject-centos6-build.log"
    tree = tmp_path / "scratch/source"
    assert {
        "--channel=host:/opt/yourcompany/python/bin/python3",
        "--build-deps=gcc",
        "--runtime-deps=ffmpeg",
        f"--after-install={tree}/deploy/centos6/postinstall.sh",
        f"--add={tree}",
        "--format=rpm",
    } <= set(words)
    needs = json.loads((tmp_path / "scratch/environment.json").read_text())
    pip = [
        "--index-url https://pypi.yourcompany.com/simple/",
        f"--requirement={tree}/deploy/requirements-prod.txt",
    ]
    assert needs == {"dependencies": ["python", {"pip": pip}]}
    assert build.environment()["CONDA_OVERRIDE_GLIBC"] == "2.12"


COMPILED: dict[str, Any] = {"compile_python": True, "python_version": "3.4.3"}
THERE: dict[str, Any] = {"compile_python": False, "python_version": "3.4.3"}
THERE["python_basedir"] = "/usr"


@pytest.mark.parametrize("has_setup", [True, False], ids=["with setup.py", "without"])
@pytest.mark.parametrize("python", [COMPILED, THERE], ids=["compiled", "there"])
def test_build__of_vdists_four_use_cases__becomes_options_of_create(
    tmp_path: Path, python: dict[str, Any], has_setup: bool
) -> None:
    tree = tmp_path / "scratch/source"
    (tmp_path / "geolocate").mkdir()
    (tmp_path / "geolocate/REQUIREMENTS.txt").write_text("six\n")
    if has_setup:
        (tmp_path / "geolocate/setup.py").write_text("")
    fpm = "--maintainer jane@example.org -a native --url https://example.org/geolocate "
    fpm += '--description "It finds cities.\nOf addresses." --license BSD-3 --category net'
    builder = Builder(base=tmp_path)
    builder.add_build(
        app="geolocate",
        version="1.3.0",
        source=directory("geolocate"),
        profile="deb",
        package_install_root="/opt",
        fpm_args=fpm,
        requirements_path="/REQUIREMENTS.txt",
        **python,
    )
    (tmp_path / "scratch").mkdir()
    _, variables = builder._builds[0].command(tmp_path / "scratch", tmp_path / "out.deb")
    words = json.loads(variables[child.ARGUMENTS])
    assert {
        # Installed into the environment by its setup.py, else put beside it.
        f"--add={tree}" if has_setup else f"--add={tree}:app",
        "--url=https://example.org/geolocate",
        "--section=net",
        "--description=It finds cities.\nOf addresses.",
    } <= set(words)
    # Which Python comes from the channels, and which is here.
    channels = [word for word in words if word.startswith("--channel")]
    assert channels == ([] if python is COMPILED else ["--channel=host:/usr/bin/python3"])
    needs = json.loads((tmp_path / "scratch/environment.json").read_text())
    assert needs["dependencies"] == [
        "python=3.4.3" if python is COMPILED else "python",
        {"pip": [f"--requirement={tree}/REQUIREMENTS.txt"]},
    ]


def test_build__of_a_working_dir__is_that_folder_alone_with_its_requirements(
    tmp_path: Path,
) -> None:
    for folder, needed in ((".", "six"), ("subapp", "iniconfig")):
        (tmp_path / "project" / folder).mkdir()
        (tmp_path / "project" / folder / "requirements.txt").write_text(needed)
    builder = Builder(base=tmp_path)
    for place in ("subapp", "nowhere", "../project"):
        source = directory("project")
        builder.add_build(**{**PLAIN, "app": f"a{len(place)}"}, source=source, working_dir=place)
    tree = tmp_path / "scratch/source"
    (tmp_path / "scratch").mkdir()
    first, missing, outside = builder._builds
    _, variables = first.command(tmp_path / "scratch", tmp_path / "out.deb")
    words = json.loads(variables[child.ARGUMENTS])
    assert [word for word in words if word.startswith("--add")] == [f"--add={tree}/subapp:app"]
    needs = json.loads((tmp_path / "scratch/environment.json").read_text())
    assert needs["dependencies"][1] == {"pip": [f"--requirement={tree}/subapp/requirements.txt"]}
    for build, message in (
        (missing, "the source has no folder nowhere (working_dir)"),
        (outside, "working_dir: ../project is not a path in the source"),
    ):
        shutil.rmtree(tree)
        with pytest.raises(PackageError) as caught:
            build.command(tmp_path / "scratch", tmp_path / "out.deb")
        assert message in caught.value.message


UNDERSTOOD = [
    ("-a native", {}),
    ("--url https://example.org", {"url": "https://example.org"}),
    ("--category net", {"section": "net"}),
    ("--vendor Acme", {"vendor": "Acme"}),
    ("--provides x --provides y", {"provides": ("x", "y")}),
    ("--conflicts x", {"conflicts": ("x",)}),
    ("--replaces x", {"replaces": ("x",)}),
    ("--iteration 2", {"release": "2"}),
    ("--epoch 1", {"epoch": "1"}),
    ("--deb-priority extra", {"priority": "extra"}),
    ("--config-files /etc/x", {"config_files": ("/etc/x",)}),
    ("--directories /var/x", {"directories": ("/var/x",)}),
    ("--prefix /srv", {"install_root": "/srv"}),
    ("--deb-user root --rpm-user x", {}),
    ("--deb-suggests x", {"suggests": ("x",)}),
    ("--deb-no-default-config-files", {}),
    ("--rpm-os linux", {}),
    ("--rpm-dist el7", {}),
    ("-d libgl1 -d 'libssl3 (>= 3)'", {"runtime_deps": ("libgl1", "libssl3 (>= 3)")}),
    ("-m jane@example.org", {"contact": "jane <jane@example.org>"}),
    ("--after-install deploy/p.sh", {"scripts": {"after-install": Path("deploy/p.sh")}}),
    ("--deb-systemd deploy/x.service", {"systemd_unit": Path("deploy/x.service")}),
]


@pytest.mark.parametrize(("text", "fields"), UNDERSTOOD, ids=lambda value: str(value)[:30])
def test_fpm_args__that_vdists_users_have__become_fields(
    tmp_path: Path, text: str, fields: dict[str, Any]
) -> None:
    builder = Builder(base=tmp_path)
    builder.add_build(**PLAIN, source=directory("."), fpm_args=text)
    package = builder._builds[0].package
    assert {name: getattr(package, name) for name in fields} == fields


def test_fpm_args__for_rpm__have_the_distribution_in_the_release_and_patterns_of_the_package(
    tmp_path: Path,
) -> None:
    builder = Builder(base=tmp_path)
    words = "--rpm-dist el7 --iteration 3 --exclude opt/shop/lib/*.a --deb-user www"
    builder.add_build(**{**PLAIN, "profile": "rpm"}, source=directory("."), fpm_args=words)
    build = builder._builds[0]
    assert build.package.release == "3.el7"
    assert build.exclude == ("lib/*.a",)
    assert build.file.startswith("shop-1.0-3.el7.")


def test_build__by_vdists_own_keys__is_called_and_put_as_they_say(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "scratch").mkdir()
    builder = Builder(base=tmp_path)
    builder.add_build(
        **PLAIN,
        source=directory("app"),
        custom_filename="my-shop",
        use_local_pip_conf=False,
        output_folder="dist",
        python_version="3.11",
        package_install_root="/srv",
        allow_sdist=True,
    )
    build = builder._builds[0]
    assert build.file == "my-shop.deb"
    assert build.output_folder == str(tmp_path / "dist")
    assert build.environment({})["PIP_CONFIG_FILE"] == "/dev/null"
    assert build.python == "3.11"
    assert str(build.package.prefix) == "/srv/shop"
    _, variables = build.command(tmp_path / "scratch", tmp_path / "out.deb")
    assert {"--allow-sdist", "--install-root=/srv"} <= set(json.loads(variables[child.ARGUMENTS]))


def test_errors__of_the_builder__are_the_packages_own(tmp_path: Path) -> None:
    with pytest.raises(PackageError):
        Builder(profiles_dir=tmp_path / "nowhere")
