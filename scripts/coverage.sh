#!/bin/sh
# coverage.sh [ARGUMENT OF PYTEST...]: which lines and branches of pypackage/ the tests reach, those
# of the processes that they start included; without arguments all of tests/run.sh's. After it.
set -eu

cd "$(dirname "$0")/.."
PATH=$PWD/.venv/bin:$PATH
export PATH
scripts/pip_install.sh scripts/coverage.sh pip "coverage>=7.10" # which follows processes by itself
# What tests start is what is installed.
pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall .
if [ $# -eq 0 ]; then
    set -- -m "not root and not slow"
fi
coverage erase
coverage run -m pytest -n auto --maxprocesses 8 --dist worksteal "$@" || status=$?
coverage combine --quiet
coverage report
exit "${status-0}"
