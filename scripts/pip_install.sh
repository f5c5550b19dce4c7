#!/bin/sh
# pip_install.sh CALLER PIP ARGUMENT...: `pip install`, quiet unless it fails. If no package index
# can be reached, it fails within seconds, with one line that says what CALLER needs.
set -eu

caller=$1 pip=$2
shift 2
said=$(mktemp)
trap 'rm -f "$said"' EXIT
trap 'exit 1' HUP INT TERM # in dash, a signal alone does not run the EXIT trap

# This installs into an environment for the tools alone. A site's constraints, which may conflict
# with theirs, and its --user setting are meant for other environments.
export PIP_CONSTRAINT=/dev/null PIP_USER=0 PIP_REQUIRE_HASHES=0
# pip's default of five retries of 15 seconds each takes minutes if packets are dropped.
if PIP_RETRIES=${PIP_RETRIES-1} PIP_TIMEOUT=${PIP_TIMEOUT-8} \
    "$pip" install --quiet --disable-pip-version-check "$@" >"$said" 2>&1; then
    exit 0
fi
broken='Failed to establish a new connection|NewConnectionError|NameResolutionError|ConnectTimeout'
if grep -Eq "$broken|ReadTimeout|ProxyError|Network is unreachable" "$said"; then
    echo "$caller: no package index can be reached: this needs PyPI, or a mirror of it that pip.conf or PIP_INDEX_URL names" >&2
else
    cat "$said" >&2
fi
exit 1
