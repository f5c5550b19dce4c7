#!/bin/sh
# coverage.sh [PYTEST ARGUMENT...]: report which lines and branches of pypackage/ the tests reach,
# also in the processes that they start. Without arguments, run the tests that tests/run.sh runs.
# Needs the .venv that tests/run.sh makes.
set -eu

cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
export PATH
scripts/pip_install.sh scripts/coverage.sh pip "coverage>=7.10" # it measures subprocesses
# The tests run the installed executables.
pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall .
if [ $# -eq 0 ]; then
    set -- -m "not root and not slow"
fi
coverage erase
coverage run -m pytest -n auto --maxprocesses 8 --dist worksteal "$@" || status=$?
coverage combine --quiet
coverage report
exit "${status-0}"
