#!/bin/sh
# Run all checks that need neither root nor a daemon, from a clean clone: set up a virtual
# environment in .venv, then check formatting, lint, types, import directions and shell scripts,
# and run the tests. Arguments are passed on to pytest.
set -eu

cd "$(dirname "$0")/.."
venv=$PWD/.venv

# Use a memory file system if it has 6 GB to spare: on a disk, creating and removing so many files
# takes a third longer.
free=$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $1 == "tmpfs" { print $4 }')
if [ -z "${TMPDIR-}" ] && [ "${free:-0}" -gt 6291456 ]; then
    scratch=$(mktemp -d /dev/shm/pypackage-tests.XXXXXX)
    TMPDIR=$scratch
    export TMPDIR
else
    scratch=$(mktemp -d)
fi
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM # in dash, a signal alone does not run the EXIT trap

# Ignore this site's settings, except how to reach the package index.
mkdir "$scratch/home"
settings=$(python3 tests/support/clean.py "$scratch/home")
eval "$settings"

if [ ! -e "$venv/installed" ] || [ -n "$(find setup.py -newer "$venv/installed")" ]; then
    python3 -m venv "$venv"
    scripts/pip_install.sh tests/run.sh "$venv/bin/pip" ".[dev]"
    : >"$venv/installed"
fi
# The tests run the installed executables: install this tree's, without leaving a build folder.
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-build-isolation --no-deps \
    --force-reinstall .
PATH=$venv/bin:$PATH
export PATH

ruff format --check .
ruff check .
mypy
lint-imports
if command -v shellcheck >/dev/null; then
    shellcheck bin/python_package_run pypackage/archive/share/relocate.sh examples/*.sh examples/*/*.sh scripts/*.sh tests/run.sh .ci/*
else
    echo "tests/run.sh: no shellcheck here: the shell scripts are not checked" >&2
    [ -z "${CI-}" ]
fi
if [ $# -eq 0 ]; then
    set -- -m "not root and not slow"
fi
pytest -n auto --maxprocesses 8 --dist worksteal "$@"
