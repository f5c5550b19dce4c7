"""The command line of python_package_analyze."""

from pypackage.cli.options import Command, Group, Option

_ARGUMENTS = (
    Option(
        "paths",
        "Python files, notebooks, folders; - is stdin; the last is the file to write, "
        "where - is stdout",
        "SOURCE... OUT",
        more={"nargs": "*"},
    ),
)
_SOURCES = (
    Option(
        "-m --module",
        "a module, as python -m takes it, or a console script; repeatable",
        "NAME",
        repeated=True,
    ),
    Option("--path", "look for local modules here too; repeatable", "FOLDER", repeated=True),
    Option(
        "--function",
        "only what this function needs, or Class.method, outer.inner",
        "NAME",
        more={"default": None},
    ),
    Option("--toplevel", "leave out what functions import when they run"),
    Option(
        "--keep-going",
        "skip named sources that cannot be read or parsed, as files in folders are skipped",
    ),
    Option("--strict", "fail if a file in a folder cannot be read or parsed"),
    Option(
        "--python",
        "the target: a version such as 3.12, which need not be installed, or an "
        "interpreter (default: the python3 on PATH)",
        "PYTHON",
        more={"default": None},
    ),
)
_PACKAGES = (
    Option(
        "--declared",
        "take the versions of what is imported from this pyproject.toml, requirements.txt, "
        "environment.yml, setup.cfg, setup.py or Pipfile; repeatable",
        "FILE",
        repeated=True,
    ),
    Option(
        "--pkg-mapping",
        "the package that a module comes from; repeatable",
        "IMPORT=NAME",
        repeated=True,
    ),
    Option("--extra-pkg", "a package that no import shows; repeatable", "PKG", repeated=True),
    Option(
        "--pin",
        "how closely to require the installed versions (default: exact)",
        "{exact,minor,none}",
        more={"choices": ("exact", "minor", "none"), "default": "exact"},
        exclusive="pin",
    ),
    Option(
        "--no-pin",
        "the same as --pin none",
        more={"action": "store_const", "const": "none", "dest": "pin", "default": "exact"},
        exclusive="pin",
    ),
)
_FORMATS = ("json", "requirements.txt", "environment.yml")
_OUTPUT = (
    Option(
        "--format",
        "the format of OUT (default: json)",
        "FORMAT",
        more={"choices": _FORMATS, "default": "json", "metavar": f"{{{','.join(_FORMATS)}}}"},
    ),
    Option(
        "--explain",
        "list each module on stdout, with every place and reason; replaces the result if OUT is -",
    ),
    Option("--json", "what --explain lists, as JSON"),
    Option(
        "--graph",
        "draw on stdout which file imports what; replaces the result if OUT is -",
        "{mermaid,dot}",
        more={"choices": ("mermaid", "dot"), "default": None},
    ),
)

COMMAND = Command(
    name="python_package_analyze",
    usage="%(prog)s [options] SOURCE... OUT",
    description="""\
Find the modules that Python programs import and the packages that provide them, and write
what the programs need as JSON, from which python_package_create makes an environment.
The sources are never imported or run.""",
    examples="""\
%(prog)s script.py requirements.json
%(prog)s project/ notes.ipynb requirements.json
%(prog)s --python 3.12 --function Model.fit script.py requirements.json
%(prog)s --explain script.py -
%(prog)s --format environment.yml script.py environment.yml
%(prog)s -m mypackage.tool requirements.json
python -c 'import m, inspect; print(inspect.getsource(m.f))' | %(prog)s - -""",
    exit_status="""\
0 success, 1 invalid command, 2 a path cannot be read or written,
3 a source cannot be parsed, or what it declares is not valid""",
    groups=(
        Group("arguments", _ARGUMENTS),
        Group("what is analyzed", _SOURCES),
        Group("packages", _PACKAGES),
        Group("output", _OUTPUT),
    ),
)
