"""Archives in other formats than tar.gz: all hold the same tree."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shell import formats
from tests.shell.conftest import NAMING_ITSELF, PLAIN, Runner, once
from tests.shell.environments import MANIFEST, PYTHON, SCRIPT, SHOW, TOOLS, Environment
from tests.shell.test_cache import wait_for
from tests.support.needs import need

EXTRACTING = ["unzip", "unsquashfs", "zstd"]


def with_tools(runner: Runner, *names: str) -> Runner:
    """The same on a machine that has these tools too."""
    tools = runner.folder.parent / "more tools"
    shutil.copytree(runner.tools, tools, symlinks=True)
    for name in names:
        if not (tools / name).exists():
            (tools / name).symlink_to(need(name))
    return Runner(runner.shell, tools, runner.folder, runner.env, runner.before)


@once
@pytest.mark.parametrize("ending", formats.ENDINGS)
def test_format__each__is_known_by_its_content_and_prepared(runner: Runner, ending: str) -> None:
    runner = with_tools(runner, *EXTRACTING)
    archive, identity = formats.pack(NAMING_ITSELF, runner.folder / f"packed.{ending}")
    archive.rename(runner.folder / "env_file")
    output = runner.output("-e", "env_file", "report")
    (place,) = filter(Path.is_dir, map(runner.cache.joinpath, runner.environments()))
    assert output == f"text: {place}/share\n"
    assert (place / "bin" / "run_in_env").is_symlink()
    assert place.name == identity
    done = runner.run("-d", "-e", "env_file", "report")
    assert (done.stdout, "extracting" in done.stderr) == (output, False)


@once
@pytest.mark.parametrize("ending", formats.ENDINGS)
def test_format__by_name__is_found_in_the_current_folder(runner: Runner, ending: str) -> None:
    runner = with_tools(runner, *EXTRACTING)
    formats.pack(NAMING_ITSELF, runner.folder / f"packed.{ending}")
    assert runner.output("packed", "report").endswith("/share\n")


@once
def test_name__of_a_script_that_holds_no_archive__is_not_found(runner: Runner) -> None:
    (runner.folder / "packed.sh").write_text("#!/bin/sh\necho no\n")
    assert runner.run("packed", "report").returncode == 2


@once
@pytest.mark.parametrize("ending", ["tar", "tar.zst", "zip", "squashfs", "sh"])
def test_format__cut_short_or_altered__exits_3_and_leaves_nothing(
    runner: Runner, ending: str
) -> None:
    runner = with_tools(runner, *EXTRACTING)
    archive, _ = formats.pack(Environment(), runner.folder / f"E.{ending}")
    whole = archive.read_bytes()
    altered = bytearray(whole)
    altered[-3000] ^= 1
    for content in (whole[:-2000], bytes(altered)):
        archive.write_bytes(content)
        done = runner.run("-e", archive, "show", "x")
        assert (done.returncode, done.stdout) == (3, "")
        assert all(line.startswith("python_package_run: ") for line in done.stderr.splitlines())
        assert list(runner.cache.iterdir()) == []


ALTERED: dict[str, dict[str, bytes | Path | None]] = {
    "a byte": {"lib/a b.py": b"pass "},
    "a file too few": {"lib/a b.py": None},
    "a file too many": {"lib/c.py": b""},
    "a link": {"lib/link.py": Path("c.py")},
    "a link in place of a file": {"lib/a b.py": Path("/etc/passwd")},
    "a mode": {"lib/tool": None, "bin/tool": b"x"},
    "a folder too many": {"lib/more/x": Path(".")},
}


@once
@pytest.mark.parametrize("change", ALTERED)
@pytest.mark.parametrize("ending", ["tar", "tar.zst", "zip", "old.zip", "squashfs", "old.squashfs"])
def test_format__other_content_under_the_manifest__exits_3_and_leaves_nothing(
    runner: Runner, ending: str, change: str
) -> None:
    runner = with_tools(runner, *EXTRACTING)
    environment = Environment(
        {"lib/a b.py": b"pass\n", "lib/link.py": Path("a b.py"), "lib/\\é": b"x", "lib/tool": b"x"}
    )
    archive, _ = formats.pack(environment, runner.folder / f"E.{ending}", ALTERED[change])
    done = runner.run("-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (3, "")
    assert "it is damaged" in done.stderr
    assert list(runner.cache.iterdir()) == []
    archive.unlink()
    archive, _ = formats.pack(environment, runner.folder / f"E.{ending}")
    assert runner.output("-e", archive, "-u", "place", "show", "x").endswith("x\n")


@once
def test_format__altered_name_with_control_characters__is_told_without_them(runner: Runner) -> None:
    runner = with_tools(runner, *EXTRACTING)
    changes: dict[str, bytes | Path | None] = {"bin/\x1b[2Jevil": b""}
    archive, _ = formats.pack(PLAIN, runner.folder / "E.old.squashfs", changes)
    done = runner.run("-u", "place", "-e", archive, "show")
    assert done.returncode == 3
    assert done.stderr.endswith("it is damaged: bin/?[2Jevil\n")


@once
@pytest.mark.parametrize("name", ["sha256sums/001", "prepared", "manifest.json"])
def test_folder__pipe_in_place_of_a_file__is_not_waited_for(runner: Runner, name: str) -> None:
    archive = PLAIN.pack(runner.folder / "E")
    folder = runner.folder / "folder"
    folder.mkdir()
    subprocess.run(["tar", "xf", archive, "-C", folder], check=True)
    (folder / "etc/pypackage" / name).unlink(missing_ok=True)
    os.mkfifo(folder / "etc/pypackage" / name)
    done = runner.run("-e", folder, "show")
    assert done.returncode == (0 if name == "prepared" else 4), done.stderr
    assert len(done.stderr.splitlines()) == (0 if name == "prepared" else 1)


@once
def test_folder__file_with_a_set_user_id_bit__exits_4(runner: Runner) -> None:
    folder = runner.folder / "folder"
    folder.mkdir()
    archive = PLAIN.pack(runner.folder / "E")
    subprocess.run(["tar", "xf", archive, "-C", folder], check=True)
    (folder / "bin/show").chmod(0o4755)
    done = runner.run("-e", folder, "show")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith("is damaged: bin/show\n")


@once
@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_format__manifest_of_a_targz__exits_3(runner: Runner, ending: str) -> None:
    runner = with_tools(runner, *EXTRACTING)
    text = gzip.decompress(PLAIN.members()[0])[512:].rstrip(b"\n\0")
    archive, _ = formats.pack(PLAIN, runner.folder / f"E.{ending}", {MANIFEST: text, "evil": b""})
    done = runner.run("-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (3, "")


@once
@pytest.mark.parametrize(
    ("ending", "missing"), [("zip", "unzip"), ("squashfs", "unsquashfs"), ("tar.zst", "zstd")]
)
def test_format__what_extracts_it_is_missing__says_what(
    runner: Runner, ending: str, missing: str
) -> None:
    if missing == "unzip" and runner.shell[-1] == "sh":
        pytest.skip("this shell has unzip in itself")
    archive, _ = formats.pack(NAMING_ITSELF, runner.folder / f"E.{ending}")
    done = runner.run("-e", archive, "report")
    assert (done.returncode, done.stdout) == (3, "")
    assert missing in done.stderr
    assert list(runner.cache.iterdir()) == []


def test_zip__only_busybox_there__is_extracted(runner: Runner) -> None:
    formats.pack(NAMING_ITSELF, runner.folder / "E.zip")
    assert with_tools(runner, "busybox").output("E", "report").endswith("/share\n")


# As on a FAT disk, the kernel refuses to make symbolic links (EPERM): a seccomp filter of six
# instructions, with the numbers of symlink and symlinkat.
WITHOUT_LINKS = """
import ctypes, os, struct, sys
first, second = (88, 266) if os.uname().machine == "x86_64" else (36, 36)
rules = [(32, 0, 0, 0), (21, 2, 0, first), (21, 1, 0, second), (6, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *rule) for rule in [*rules, (6, 0, 0, 0x50001)])
buffer = ctypes.create_string_buffer(code)
program = struct.pack("H6xP", len(code) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("ending", ["tar.gz", "tar", "zip", "old.zip"])
def test_disk__has_no_symbolic_links__exits_3_and_leaves_nothing(
    runner: Runner, ending: str
) -> None:
    runner = with_tools(runner, "unzip", "ln")
    archive = runner.folder / f"E.{ending}"
    PLAIN.pack(archive) if ending == "tar.gz" else formats.pack(PLAIN, archive)
    limited = replace(runner, before=(sys.executable, "-c", WITHOUT_LINKS))
    done = limited.run("-e", archive, "show", "x")
    assert (done.returncode, done.stdout) == (3, "")
    assert "has no symbolic links" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(runner.cache.iterdir()) == []


def test_zip__encrypted__is_refused_without_asking_for_a_password(runner: Runner) -> None:
    runner = with_tools(runner, "unzip")
    archive, _ = formats.pack(PLAIN, runner.folder / "E.old.zip")
    with zipfile.ZipFile(archive) as whole:
        entry = whole.getinfo("bin/show")
        start = whole.start_dir
    content = bytearray(archive.read_bytes())
    content[content.index(b"bin/show", start) - 46 + 8] |= 1
    content[entry.header_offset + 6] |= 1
    archive.write_bytes(content)
    terminal = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    limited = replace(runner, before=(sys.executable, "-c", terminal))
    done = limited.run("-e", archive, "show", "x")
    assert done.returncode == 3
    assert done.stdout.strip().endswith(f"{archive} is encrypted: make it without a password")
    assert len(done.stdout.splitlines()) == 1


@once
@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_format__options_in_variables_of_its_programs__are_not_heeded(
    runner: Runner, ending: str
) -> None:
    archive, _ = formats.pack(Environment({"lib/a.py": b"a"}), runner.folder / f"E.{ending}")
    runner = with_tools(runner, "unzip").with_env(TAR_OPTIONS="--exclude=*.py", UNZIP="-x *.py")
    found = runner.output("-e", archive, "sh", "-c", 'cat "$CONDA_PREFIX"/lib/a.py; env')
    assert found.startswith("a")
    assert "TAR_OPTIONS=--exclude=*.py\n" in found


@once
def test_self_extracting__started_by_itself__runs_the_command(runner: Runner) -> None:
    archive, identity = formats.pack(NAMING_ITSELF, runner.folder / "program.sh")
    for arguments in (["report"], ["-d", "--", "report"]):
        done = runner.run(*arguments, script="./program.sh")
        assert done.stdout == f"text: {runner.cache / identity}/share\n"
        assert done.returncode == 0
    assert runner.run("sh", "-c", "exit 7", script=archive).returncode == 7
    archive.write_bytes(archive.read_bytes()[:-10])
    shutil.rmtree(runner.cache)
    assert runner.run("report", script=archive).returncode == 3


@pytest.mark.root
@pytest.mark.parametrize("ending", ["squashfs", "old.squashfs"])
def test_squashfs__nothing_to_rewrite__is_mounted_where_that_is_allowed(
    runner: Runner, ending: str
) -> None:
    runner = with_tools(runner, "mount", "umount")
    archive, _ = formats.pack(PLAIN, runner.folder / f"E.{ending}")
    if subprocess.run(["mount", "-o", "loop,ro", archive, "/mnt"], check=False).returncode:
        pytest.skip("this machine may not mount")
    subprocess.run(["umount", "/mnt"], check=True)
    for _ in range(2):
        prefix = Path(runner.output("-e", archive, "show").strip())
        assert prefix.is_mount()
    subprocess.run(["umount", prefix], check=True)
    assert runner.output("-e", archive, "show").strip() == str(prefix)
    assert runner.output("--cache", "clean") == ""
    assert list(runner.cache.iterdir()) == []


@pytest.mark.root
@pytest.mark.parametrize("machine", ["dash-gnu", "busybox-busybox"], indirect=True)
@pytest.mark.parametrize(
    ("ending", "places"),
    [("squashfs", (0, 50, 95, 96, 200, 1500, -3000, -1)), ("old.squashfs", (0, 32, 64))],
)
def test_squashfs__altered_anywhere__exits_3_and_leaves_nothing_mounted(
    runner: Runner, ending: str, places: Sequence[int]
) -> None:
    runner = with_tools(runner, "squashfuse_ll", "mount", "umount", "unsquashfs")
    archive, _ = formats.pack(PLAIN, runner.folder / f"E.{ending}")
    runner.cache.mkdir()
    whole = archive.read_bytes()
    contents = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    contents.append(whole[:1000] + bytes(7) + whole[1000:])  # nothing is where it is said to be
    if ending == "squashfs":
        contents += [whole[:-1], whole + b"\0"]
    for content in contents:
        archive.write_bytes(content)
        done = runner.run("-e", archive, "show", "x")
        assert (done.returncode, done.stdout) == (3, "")
        assert all(line.startswith("python_package_run: ") for line in done.stderr.splitlines())
        assert list(runner.cache.iterdir()) == []
    archive.write_bytes(whole)
    assert runner.output("-e", archive, "show", "x").endswith("x\n")
    assert runner.output("--cache", "clean") == ""


@pytest.mark.root
@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
@pytest.mark.parametrize(
    "odd",
    [
        "mkfifo $4/etc/pypackage/manifest.json",
        "echo >$4/etc/pypackage/manifest.json && ln -s /bin $4",
    ],
)
def test_squashfs__pipe_or_link_in_its_place__is_not_mounted(runner: Runner, odd: str) -> None:
    # Of the image, mksquashfs would not make such a file in the place of the one it begins with.
    runner = with_tools(runner, "unsquashfs", "mkfifo", "ln")
    mounting = runner.tools / "squashfuse_ll"
    mounting.write_text(f"#!/bin/sh\nmkdir -p $4/etc/pypackage && {odd}; mkdir -p $4/bin\n")
    mounting.chmod(0o755)
    archive, identity = formats.pack(PLAIN, runner.folder / "E.squashfs")
    assert runner.output("-e", archive, "show") == f"{runner.cache / identity}\n"


@pytest.mark.root
@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
def test_squashfs__altered_during_an_attempt_to_mount__is_checked_again(runner: Runner) -> None:
    runner = with_tools(runner, "unsquashfs")
    evil, _ = formats.pack(PLAIN, runner.folder / "evil.squashfs", {"bin/show": b"#!/bin/sh\n"})
    archive, _ = formats.pack(PLAIN, runner.folder / "E.squashfs")
    for name in ("squashfuse_ll", "mount"):  # which cannot mount here, and take their time
        (runner.tools / name).write_text(f"#!/bin/sh\ncp {evil} {archive}\nexit 1\n")
        (runner.tools / name).chmod(0o755)
    done = runner.run("-e", archive, "show", "x")
    assert archive.read_bytes() == evil.read_bytes()
    assert done.returncode == 3
    assert done.stderr.endswith("it is damaged\n")
    assert list(runner.cache.iterdir()) == []


@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
def test_foreign_image__no_program_for_digests__is_needed_only_where_it_has_a_manifest(
    runner: Runner,
) -> None:
    runner = with_tools(runner, "unsquashfs", "mount", "umount", "cksum")
    folder, image = runner.folder / "folder", runner.folder / "image"
    folder.mkdir()
    subprocess.run(["tar", "xf", PLAIN.pack(runner.folder / "E"), "-C", folder], check=True)

    def run(content: bytes) -> tuple[int, str]:
        (folder / "bin/show").write_bytes(content)
        pack = [need("mksquashfs"), str(folder), str(image), "-quiet", "-no-progress", "-noappend"]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
        done = runner.run("-e", image, "show", "x")
        return done.returncode, done.stdout.rpartition("/")[0] + done.stderr

    assert run(SHOW) == (0, str(runner.cache))
    status, said = run(SHOW + b"#")
    assert (status, said.endswith("is damaged: bin/show\n")) == (3, True)
    (runner.tools / "sha256sum").unlink()
    status, said = run(SHOW + b"##")
    assert (status, "needs sha256sum, openssl or shasum" in said) == (3, True)
    shutil.rmtree(folder / "etc")
    assert run(SHOW) == (0, str(runner.cache))


@pytest.mark.root
@pytest.mark.parametrize("machine", ["dash-gnu"], indirect=True)
def test_squashfs__last_user_ends__is_unmounted(runner: Runner) -> None:
    archive, identity = formats.pack(PLAIN, runner.folder / "E.squashfs")
    runner = with_tools(runner, "unsquashfs")
    # The runner's own half a minute is nothing to wait for here.
    quick = runner.tools / "squashfuse_ll"
    quick.write_text(f'#!/bin/sh\nexec {need("squashfuse_ll")} -o timeout=3 "$3" "$4"\n')
    quick.chmod(0o755)
    # What has no file of the image open itself, for longer than that.
    task = ("sh", "-c", 'echo "$CONDA_PREFIX"; sleep 6; exec show')
    tasks = [runner.start("-e", archive, *task) for _ in range(2)]
    victim = runner.start("-e", archive, "sleep", "60")
    said = {process.communicate(timeout=50) for process in tasks}
    if said == {(f"{runner.cache / identity}\n" * 2, "")}:
        pytest.skip("this machine may not mount")
    prefix = runner.cache / f"{identity}.mount"
    assert said == {(f"{prefix}\n" * 2, "")}
    assert prefix.is_mount()
    victim.kill()
    wait_for(lambda: not prefix.is_mount())
    assert runner.output("-e", archive, "show") == f"{prefix}\n"
    wait_for(lambda: not prefix.is_mount())
    assert runner.output("--cache", "clean") == ""
    assert list(runner.cache.iterdir()) == []


@pytest.mark.root
def test_squashfs__beside_the_same_environment_unpacked__each_is_used(runner: Runner) -> None:
    image, identity = formats.pack(PLAIN, runner.folder / "E.old.squashfs")
    archive, same = formats.pack(PLAIN, runner.folder / "E.tar")
    assert identity == same
    mounting = with_tools(runner, "mount", "umount", "unsquashfs")
    mounted = Path(mounting.output("-e", image, "show").strip())
    if not mounted.is_mount():
        pytest.skip("this machine may not mount")
    options = subprocess.run(["findmnt", "-no", "OPTIONS", mounted], capture_output=True, text=True)
    assert {"ro", "nosuid", "nodev"} <= set(options.stdout.strip().split(","))
    unpacked = Path(runner.output("-e", archive, "show").strip())
    assert (unpacked, unpacked.is_mount()) == (runner.cache / identity, False)
    assert mounted.is_mount()
    assert mounting.output("--cache", "list").count("free") == 2
    assert mounting.output("--cache", "clean") == ""
    assert list(runner.cache.iterdir()) == []


@pytest.mark.root
def test_cache__on_a_disk_where_nothing_may_run__exits_4_and_leaves_nothing(
    runner: Runner,
) -> None:
    python = f'#!/bin/sh\nexec {PYTHON} "$@"\n'.encode()
    archive = Environment({"bin/python": python}).pack(runner.folder / "E")
    bare = runner.folder / "bare"  # without Python
    (bare / "bin").mkdir(parents=True)
    shutil.copy(SCRIPT, bare / "bin")
    subprocess.run(["tar", "czf", f"{bare}.tar.gz", "-C", bare, "bin"], check=True)
    runner.cache.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "noexec", "none", str(runner.cache)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("this machine may not mount")
    try:
        for words in (
            [str(archive), "python", "-c", "print(1)"],
            [str(archive), "sh", "-c", "python -c 'print(1)'"],
            [f"{bare}.tar.gz", "python_package_run", "-h"],
        ):
            done = runner.run("-e", *words)
            assert (done.returncode, done.stdout) == (4, "")
            assert "noexec" in done.stderr
            assert runner.environments() == []
        subprocess.run(["mount", "-o", "remount,exec", runner.cache], check=True)
        runner.output("-e", archive, "python", "-c", "")
        subprocess.run(["mount", "-o", "remount,noexec", runner.cache], check=True)
        # The others believe the mode; they have said so when it was unpacked.
        if Path(runner.shell[0]).name in ("dash", "bash", "mksh"):
            done = runner.run("-e", archive, "sh", "-c", "python -c 'print(1)'")
            assert (done.returncode, done.stdout, "noexec" in done.stderr) == (4, "", True)
    finally:
        subprocess.run(["umount", runner.cache], check=True)


@pytest.mark.root
@pytest.mark.parametrize("kind", ["squashfs", "tar"])
def test_foreign_archive__owners_and_set_user_id__are_not_kept(runner: Runner, kind: str) -> None:
    runner = with_tools(runner, "unsquashfs", "chown")
    folder = runner.folder / "folder"
    for name, content in {**TOOLS, "bin/su": b"", "bin/wall": b""}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
            os.chown(path, 1234, 1234)
    (folder / "bin/show").chmod(0o755)
    (folder / "bin/su").chmod(0o4755)
    shutil.copy(folder / "bin/su", folder / "bin/.su")
    (folder / "bin/.su").chmod(0o4755)
    (folder / "bin/wall").chmod(0o2755)
    commands = {
        "tar": ["tar", "cf", "E", "-C", "folder", "."],
        "squashfs": ["mksquashfs", "folder", "E", "-quiet", "-no-progress"],
    }
    subprocess.run(commands[kind], cwd=runner.folder, check=True, stdout=subprocess.DEVNULL)
    prefix = Path(runner.output("-e", "E", "show").strip())
    found = [path.lstat() for path in prefix.rglob("*")]
    assert {(one.st_uid, one.st_gid) for one in found} == {(0, 0)}
    assert not [one for one in found if stat.S_IMODE(one.st_mode) & 0o6000]


@once
@pytest.mark.parametrize("kind", ["squashfs", "tar", "zip"])
def test_foreign_archive__anybody_may_write_to_its_files__is_not_kept(
    runner: Runner, kind: str
) -> None:
    runner = with_tools(runner, *EXTRACTING, "chown")
    folder = runner.folder / "folder"
    subprocess.run(["mkdir", "-p", folder / "bin/.hidden"], check=True)
    (folder / "bin/show").write_bytes(SHOW)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777)
    commands = {
        "tar": ["tar", "cf", "E", "-C", "folder", "."],
        "squashfs": [need("mksquashfs"), "folder", "E", "-quiet", "-no-progress"],
    }
    if kind == "zip":
        with zipfile.ZipFile(runner.folder / "E", "w") as archive:
            archive.write(folder / "bin/show", "bin/show")
    else:
        command = commands[kind]
        subprocess.run(command, cwd=runner.folder, check=True, stdout=subprocess.DEVNULL)
    prefix = Path(runner.output("-u", "place", "-e", "E", "show").strip())
    found = [path.lstat() for path in [prefix, *prefix.rglob("*")]]
    assert not [one for one in found if stat.S_IMODE(one.st_mode) & 0o022]


@pytest.mark.root
def test_squashfs__to_be_rewritten_where_images_are_mounted__is_extracted(runner: Runner) -> None:
    runner = with_tools(runner, "mount", "umount", "unsquashfs")
    archive, _ = formats.pack(NAMING_ITSELF, runner.folder / "E.squashfs")
    done = runner.run("-d", "-e", archive, "sh", "-c", 'echo "$CONDA_PREFIX"')
    assert f"{archive} has files that have to name their place, so it is not mounted" in done.stderr
    prefix = Path(done.stdout.strip())
    assert not prefix.is_mount()
    assert runner.output("-e", archive, "report") == f"text: {prefix}/share\n"
