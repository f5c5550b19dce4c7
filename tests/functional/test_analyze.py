from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "data" / "scripts"
TOOL = ROOT / "bin" / "python_package_analyze"
VERSION = sys.version.split()[0]


def analyze(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", tool: Path = TOOL
) -> subprocess.CompletedProcess[str]:
    """Run the executable with the interpreter of the tests as the python3 on PATH."""
    done = subprocess.run(
        [tool, *arguments], cwd=cwd, input=stdin, capture_output=True, env=environment(), timeout=60
    )
    text = (done.stdout.decode(), done.stderr.decode())
    return subprocess.CompletedProcess(done.args, done.returncode, *text)


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text("import os, matplotlib\n")
    return path


def test_analyze__seed_example__seed_result_and_nothing_else(tmp_path: Path) -> None:
    done = analyze(SCRIPTS / "seed" / "script.py", "dependencies.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert os.listdir(tmp_path) == ["dependencies.json"]
    content = (tmp_path / "dependencies.json").read_text()
    result = json.loads(content)
    assert (result["modules"], result["python"]) == (["matplotlib"], VERSION)
    assert "optional" not in result
    assert "local" not in result
    assert content.endswith("}\n")


def test_analyze__same_input__same_bytes(script: Path) -> None:
    for name in "abcdefgh":
        script.with_name("script.py").write_text(f"import {name}\n{script.read_text()}")
    one, other = (analyze(script, "-").stdout for _ in range(2))
    assert one == other
    assert one.index('"modules"') < one.index('"python"')


def test_analyze__parsl_command_line__stdin_and_option_last(script: Path, tmp_path: Path) -> None:
    source = b"    @python_app\n    def f(x):\n        import pandas\n        return x\n"
    out = tmp_path / "X.yaml"
    extra = ("--extra-pkg", "dill", "--extra-pkg", "lxml>=5")
    done = analyze(script, "-", out, "--python", "3.9", *extra, stdin=source, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    result = json.loads(out.read_text())
    assert (result["python"], result["modules"]) == ("3.9", ["matplotlib", "pandas"])
    packages = " ".join(map(str, result["conda"]["dependencies"]))
    assert all(name in packages for name in ("matplotlib", "pandas", "dill", "lxml"))


def test_analyze__program_of_an_installed_package__needs_that_package(tmp_path: Path) -> None:
    program = tmp_path / "site-packages" / "parsl" / "workqueue" / "exec_parsl_function.py"
    program.parent.mkdir(parents=True)
    program.write_text("from parsl.errors import Error\nimport parsl.other\n")
    (program.parents[1] / "other.py").write_text("import something_else\n")
    for folder in program.parents[:2]:
        (folder / "__init__.py").write_text("")
    result = json.loads(analyze("--python", "3.11", program, "-").stdout)
    assert result["modules"] == ["parsl"]
    assert "local" not in result


def test_analyze__alias_by_a_link_from_elsewhere__works(script: Path, tmp_path: Path) -> None:
    alias = tmp_path / "poncho_package_analyze"
    alias.symlink_to(TOOL)
    assert json.loads(analyze(script, "-", cwd=tmp_path, tool=alias).stdout)["modules"]
    assert analyze(tool=alias).stderr.startswith("poncho_package_analyze: error: ")


def test_analyze__python_not_installed__its_standard_library(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import tomllib, distutils, asyncio\n")

    def modules(version: str) -> list[str]:
        done = analyze("--python", version, tmp_path / "s.py", "-")
        result = json.loads(done.stdout)
        assert result["python"] == version
        found: list[str] = result["modules"]
        return found

    assert modules("3.7") == ["tomllib"]
    assert modules("3.11") == []
    assert modules("3.13.1") == ["distutils"]
    assert modules("2.7") == ["asyncio", "tomllib"]


def test_analyze__python_by_executable__its_full_version(script: Path) -> None:
    for name in (sys.executable, "python3"):
        assert json.loads(analyze("--python", name, script, "-").stdout)["python"] == VERSION


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: SOURCE, OUT"),
        (["script.py"], "the following arguments are required: OUT"),
        (["--nonsense", "script.py", "-"], "unrecognized arguments: --nonsense"),
        (["-q", "-v", "script.py", "-"], "argument -v/--verbose: not allowed with"),
        (["-", "-", "-"], "only one SOURCE can be - (stdin)"),
        (["script.py", "script.py"], "script.py is a source and would be overwritten"),
        (["script.py", "other.py"], "other.py is a source and would be overwritten"),
        (["-m", "script"], "the following arguments are required: OUT"),
        (["--function", "missing", "script.py", "-"], "script.py has no function 'missing'"),
        (["--function", "", "script.py", "-"], "--function: the name is empty"),
        (["--pkg-mapping", "cv2", "script.py", "-"], "--pkg-mapping cv2: expected IMPORT=NAME"),
        (["--pkg-mapping", "a b=c", "script.py", "-"], "--pkg-mapping a b=c: expected IMPORT=NAME"),
        (["--pkg-mapping", "a=c d;", "script.py", "-"], "--pkg-mapping a=c d;: not a requirement"),
        (["--extra-pkg", "a b!", "script.py", "-"], "package 'a b!': not a requirement"),
        (["--no-pin", "--pin", "minor", "script.py", "-"], "argument --pin: not allowed with"),
    ],
)
def test_analyze__invalid_command__exit_1(script: Path, arguments: list[str], message: str) -> None:
    script.with_name("other.py").write_text("import numpy\n")
    done = analyze(*arguments, cwd=script.parent)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"python_package_analyze: error: {message}")
    assert script.with_name("other.py").read_text() == "import numpy\n"
    assert len(os.listdir(script.parent)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.py", "out"], "cannot read none.py: No such file or directory"),
        (["/dev/zero", "out"], "cannot read /dev/zero: File too large"),
        (["script.py/x", "out"], "cannot read script.py/x: Not a directory"),
        (["-m", "no_such_module_at_all", "out"], "no module or console script"),
        (["--path", "none", "script.py", "out"], "--path none: no such folder"),
        (["--declared", "none.txt", "script.py", "out"], "cannot read none.txt"),
        (["script.py", "none/out"], "cannot write none/out: the folder "),
        (["script.py", "."], "cannot write .: it names a folder"),
        (["script.py", "out/"], "cannot write out/: it names a folder"),
        (["script.py", "script.py/out"], "cannot write script.py/out: the folder "),
        (["--python", "no-such", "script.py", "out"], "no Python interpreter 'no-such'"),
        (["--python", "/bin/true", "script.py", "out"], "/bin/true is not a Python 3 interpreter"),
    ],
)
def test_analyze__invalid_path__exit_2(script: Path, arguments: list[str], message: str) -> None:
    done = analyze("-q", *arguments, cwd=script.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"python_package_analyze: error: {message}")
    assert os.listdir(script.parent) == ["script.py"]


@pytest.mark.parametrize("forbidden", ["script.py", "."])
def test_analyze__unreadable_source__exit_2(script: Path, forbidden: str) -> None:
    path = script.parent / forbidden
    path.chmod(0)
    done = subprocess.run(
        [*AS_ANYBODY, TOOL, path, "-"], cwd="/", capture_output=True, text=True, env=environment()
    )
    path.chmod(0o700)
    assert done.returncode == 2
    assert "Permission denied" in done.stderr


AS_ANYBODY = (
    ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)
"""Takes from root that it may read everything."""


def test_analyze__broken_source__exit_3_and_former_output_untouched(script: Path) -> None:
    out = script.with_name("out.json")
    out.write_text("before")
    script.write_text("x = 1\ndef f(:\n")
    done = analyze(script, out)
    assert (done.returncode, done.stdout) == (3, "")
    advice = "correct the source at this place"
    said = f"python_package_analyze: error: {script}:2:7: invalid syntax\n  {advice}\n"
    assert done.stderr == said
    assert out.read_text() == "before"
    done = analyze("-", "-", stdin=b"\0")
    assert done.returncode == 3
    assert done.stderr == f"python_package_analyze: error: <stdin>:1:1: a null byte\n  {advice}\n"
    script.with_name("other.py").touch()
    done = analyze(script, script.with_name("other.py"), out)
    assert done.stderr.startswith(f"{said}  --keep-going leaves out ")


def test_analyze__existing_output__keeps_its_mode(script: Path) -> None:
    out = script.with_name("out.json")
    out.touch(0o600)
    assert analyze(script, out).returncode == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text())["modules"] == ["matplotlib"]


def test_analyze__broken_tail__its_imports_with_a_warning(script: Path) -> None:
    script.write_text("import a\nimport (\n")
    done = analyze("--python", "3.11", script, "-")
    assert json.loads(done.stdout)["modules"] == ["a"]
    assert f"warning: {script}:2:8: invalid syntax; its imports are found" in done.stderr


def test_analyze__local_module__listed_and_followed(script: Path) -> None:
    script.write_text("import helper\n")
    script.with_name("helper.py").write_text("import zq_pandas\n")
    (script.parent / "below").mkdir()
    for out, place in (("r.json", "helper.py"), ("below/r.json", "../helper.py")):
        analyze("-q", script, script.parent / out)
        result = json.loads((script.parent / out).read_text())
        assert (result["modules"], result["local"]) == (["zq_pandas"], [place])


def test_analyze__folder__all_that_is_in_it(script: Path) -> None:
    (script.parent / "sub").mkdir()
    (script.parent / "sub" / "more.py").write_text("import zq_more\n")
    result = json.loads(analyze("-q", script.parent, "-").stdout)
    assert result["modules"] == ["matplotlib", "zq_more"]


def test_analyze__keep_going__broken_sources_are_told_and_left_out(script: Path) -> None:
    bad = script.with_name("bad.py")
    bad.write_bytes(b"\0")
    done = analyze(script, bad, "-")
    assert (done.returncode, done.stdout) == (3, "")
    done = analyze("--keep-going", script, bad, "-")
    assert json.loads(done.stdout)["modules"] == ["matplotlib"]
    assert f"warning: {bad}:1:1: a null byte" in done.stderr


def test_analyze__explain__on_stdout_and_the_result_in_its_file(script: Path) -> None:
    script.write_text("import os\ntry:\n    import zq_a\nexcept ImportError:\n    zq_a = 0\n")
    out = script.with_name("out.json")
    done = analyze("--explain", script, out)
    assert done.stdout == (
        "os: standard library, required\n"
        f"  {script}:1:1: os: required\n"
        "zq_a: optional (try/except ImportError)\n"
        f"  {script}:3:5: zq_a: optional (try/except ImportError)\n"
        "    without it: zq_a = 0\n"
    )
    assert json.loads(out.read_text())["optional"] == {"zq_a": "try/except ImportError"}
    assert analyze("--explain", script, "-").stdout == done.stdout


def test_analyze__json__the_result_and_each_import(script: Path) -> None:
    result = json.loads(analyze("-q", "--json", script, "-").stdout)
    assert result["modules"] == ["matplotlib"]
    assert result["imports"][0] == {
        "module": "matplotlib",
        "imported": "matplotlib",
        "file": str(script),
        "line": 1,
        "column": 1,
        "kind": "package",
        "why": "required",
    }


def test_analyze__explain_and_json__say_where_packages_and_versions_are_known_from(
    script: Path,
) -> None:
    declared = script.with_name("requirements.txt")
    declared.write_text("zq-a>=1\n")
    script.write_text("import yaml, zq_a, scipy.stats, scipy.signal\n")
    options = ("-q", "--python", "3.11", "--declared", declared, "--extra-pkg", "rich==13.0")
    told = analyze(*options, "--explain", script, "-").stdout
    assert "yaml: required\n  package pyyaml: by the table of names; any version will do\n" in told
    assert told.count("package scipy: by the table of names") == 1
    assert "  package zq-a>=1: by what is declared; the version is declared\n" in told
    assert told.endswith("package rich==13.0: by --extra-pkg; the version is declared\n")
    packages = json.loads(analyze(*options, "--json", script, "-").stdout)["packages"]
    assert {"module": "yaml", "package": "pyyaml", "source": "table"} in packages


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("mermaid", ['n0["helper.py"] --> n1(["numpy"])', 'n2["main.py"] --> n0', "n2 -.-> n3(["]),
        ("dot", ['"main.py" -> "helper.py";', '"main.py" -> "zq_a" [style=dashed];']),
    ],
)
def test_analyze__graph__files_and_modules_with_what_is_optional_dashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, lines: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("helper.py").write_text("import os, numpy\n")
    Path("main.py").write_text("import helper\ntry: import zq_a\nexcept ImportError: pass\n")
    drawn = analyze("-q", "--graph", form, "main.py", "-").stdout
    for line in lines:
        assert line in drawn
    assert "os" not in drawn.split()
    assert analyze("--graph", form, "--json", "main.py", "-").returncode == 1


@pytest.mark.parametrize("form", ["requirements.txt", "environment.yml"])
def test_analyze__format__names_the_package(script: Path, form: str) -> None:
    script.write_text("import yaml\n")
    done = analyze("-q", "--python", "3.11", "--format", form, script, "-")
    assert done.returncode == 0
    assert "pyyaml" in done.stdout


def test_analyze__large_tree__same_result_cold_and_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tree = tmp_path / "tree"
    tree.mkdir()
    for i in range(450):
        (tree / f"m{i}.py").write_text(f"import m{(i + 1) % 450}, zq_{i % 3}\n")
    first, second = (analyze("-q", "--python", "3.11", tree, "-") for _ in range(2))
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["modules"] == ["zq_0", "zq_1", "zq_2"]
    assert len(json.loads(first.stdout)["local"]) == 450


def test_analyze__local_module_beside_a_link__is_where_python_looks(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "script.py").write_text("import helper\n")
    (tmp_path / "real" / "helper.py").touch()
    (tmp_path / "link.py").symlink_to("real/script.py")
    (local,) = json.loads(analyze("-q", tmp_path / "link.py", "-").stdout)["local"]
    assert Path(local).resolve() == tmp_path.resolve() / "real" / "helper.py"


def test_analyze__optional_elsewhere_required__is_required(tmp_path: Path) -> None:
    guarded = b"try:\n import a, b\nexcept ImportError:\n a = b = None\n"
    (tmp_path / "s.py").write_text("import a\n")
    result = json.loads(analyze("-", tmp_path / "s.py", "-", stdin=guarded).stdout)
    assert result["modules"] == ["a"]
    assert result["optional"] == {"b": "try/except ImportError"}


def test_analyze__verbose__every_import_with_its_place(script: Path) -> None:
    done = analyze("-v", script, "-")
    assert f"{script}:1:1: matplotlib: required\n" in done.stderr
    assert json.loads(done.stdout)["modules"] == ["matplotlib"]


@pytest.mark.parametrize("target", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_analyze__stdout_by_its_path__is_written_to(script: Path, target: str) -> None:
    assert json.loads(analyze(script, target).stdout)["modules"] == ["matplotlib"]
    log = script.with_name("log")
    log.write_text("before\n")
    with log.open("ab") as appended:
        subprocess.run([TOOL, script, target], stdout=appended, env=environment(), check=True)
    assert log.read_text() == "before\n" + analyze(script, "-").stdout


def test_analyze__full_disk__one_clear_line(script: Path) -> None:
    script.write_text("import os\n")
    for command in ('"$0" "$1" - > /dev/full', '"$0" "$1" /dev/full', '"$0" -h > /dev/full'):
        argv: list[str | Path] = ["sh", "-c", command, TOOL, script]
        done = subprocess.run(argv, capture_output=True, text=True, env=environment())
        assert done.returncode == 74
        first, *rest = done.stderr.splitlines()
        assert first.startswith("python_package_analyze: error: ")
        assert first.endswith(": No space left on device")
        assert len(rest) == 1


def test_analyze__closed_streams__no_traceback(script: Path) -> None:
    for command, said in (
        ('"$0" "$1" - >&-', "stdout is closed"),
        ('"$0" - - <&-', "stdin is closed"),
        ('"$0" "$1" - 2>&-', '"matplotlib"'),
        ('"$0" /none - 2>&-', ""),
        ('"$0" "$1" out >&- && cat out', '"matplotlib"'),
        ('"$0" -h >&-', ""),
    ):
        argv: list[str | Path] = ["sh", "-c", command, TOOL, script]
        done = subprocess.run(
            argv, capture_output=True, text=True, env=environment(), cwd=script.parent
        )
        assert said in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ['"$0" "$1" -', '"$0" -h', '"$0" --version'])
def test_analyze__reader_gone__ends_quietly(script: Path, command: str) -> None:
    script.write_text("import os\n")
    reading, writing = os.pipe()
    os.close(reading)
    argv: list[str | Path] = ["sh", "-c", command, TOOL, script]
    done = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, env=environment())
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_analyze__interrupted__one_line_and_130(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    argv: list[str | Path] = [TOOL, "-", tmp_path / "out.json"]
    with subprocess.Popen(argv, stdin=pipe, stderr=pipe, env=environment()) as process:
        waits_for_stdin(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, b"python_package_analyze: error: interrupted\n")
    assert os.listdir(tmp_path) == []


def waits_for_stdin(pid: int) -> None:
    deadline = monotonic() + 20
    while monotonic() < deadline:
        call = Path(f"/proc/{pid}/syscall").read_text().split()
        if call[:2] == ["0", "0x0"] or "pipe" in Path(f"/proc/{pid}/wchan").read_text():
            return
        sleep(0.01)
    raise AssertionError("the tool never read its stdin")


def test_analyze__help__on_stdout_with_examples_and_exit_codes() -> None:
    done = analyze("-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python_package_analyze [options] SOURCE... OUT\n")
    assert "python_package_analyze script.py requirements.json\n" in done.stdout
    assert "exit status:" in done.stdout


def test_analyze__version__on_stdout() -> None:
    done = analyze("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("python_package_analyze ")


def test_analyze__terminal__same_words(script: Path) -> None:
    script.write_text("import random\n")
    script.with_name("random.py").touch()
    leader, follower = pty.openpty()
    subprocess.run([TOOL, script, "-"], stderr=follower, stdout=subprocess.PIPE, env=environment())
    os.close(follower)
    said = os.read(leader, 10_000)
    os.close(leader)
    assert said.startswith(b"python_package_analyze: warning: ")
    assert b"random.py shadows the standard library's random" in said


def test_analyze__one_script__loads_nothing_heavy(script: Path) -> None:
    argv: list[str | Path] = [sys.executable, "-X", "importtime", TOOL, script, "-"]
    env = {name: value for name, value in environment().items() if "COVERAGE" not in name}
    done = subprocess.run(argv, capture_output=True, text=True, env=env, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "pypackage.analysis.imports" in loaded
    heavy = {"importlib.metadata", "multiprocessing", "rich", "yaml", "asyncio", "rattler"}
    assert not heavy & loaded


@pytest.mark.parametrize("count", [10, 210])
def test_analyze__broken_file_in_a_folder_of_any_size__told_and_left_out(
    tmp_path: Path, count: int
) -> None:
    for number in range(count):
        (tmp_path / f"m{number}.py").write_text("import zq_numpy\n")
    (tmp_path / "broken.py").write_text("x = = 3\n")
    (tmp_path / "template.py").write_text(
        "{% if x %}\nimport zq_pandas\n{% endif %}\nfrom {{ a }}\n"
    )
    done = analyze(tmp_path, "-")
    assert json.loads(done.stdout)["modules"] == ["zq_numpy", "zq_pandas"]
    assert "broken.py:1:5: invalid syntax; left out" in done.stderr
    assert "template.py:1" in done.stderr
