#!/bin/sh
# The whole workflow from a clean clone: analyze examples/rainfall.py, create its environment from
# this machine's own Python, and run it where there is no Python. Everything it makes is in .demo,
# which can be removed at any time (pip also leaves build/ in the clone).
set -eu

clone=$(cd "$(dirname "$0")/.." && pwd)
demo=$clone/.demo

say() { printf '\n== %s\n' "$*" >&2; }

# Install the tools, and the packages that the script uses, in a virtual environment.
install_tools() {
    stamp=$demo/venv/installed-$python
    if [ -e "$stamp" ] && [ -z "$(find "$clone/bin" "$clone/pypackage" "$clone/setup.py" -newer "$stamp")" ]; then
        return
    fi
    say "installing the tools, numpy and pandas into $demo/venv"
    python3 -m venv "$demo/venv"
    "$clone/scripts/pip_install.sh" "$0" "$demo/venv/bin/pip" "$clone" numpy pandas
    : >"$stamp"
}

create_archive() {
    export PATH="$demo/venv/bin:$PATH"
    export XDG_CACHE_HOME="$demo/cache" RATTLER_CACHE_DIR="$demo/cache/rattler"
    cd "$demo"
    say "python_package_analyze rainfall.py rainfall.json"
    python_package_analyze "$clone/examples/rainfall.py" rainfall.json
    say "python_package_create -c host rainfall.json rainfall.tar.gz"
    python_package_create -c host rainfall.json rainfall.tar.gz >&2
}

# Run the script in a worker's folder with the archive and the runner. Its PATH has this machine's
# programs except any Python, and the environment that was packed is moved away meanwhile.
run_on_worker() {
    worker=$demo/worker
    mkdir -p "$worker/bin"
    find /bin/ /usr/bin/ -maxdepth 1 ! -type d ! -name '*python*' ! -name '*pypy*' \
        -exec ln -sf -t "$worker/bin" {} +
    cp "$demo/rainfall.tar.gz" "$demo/venv/bin/python_package_run" "$clone/examples/rainfall.py" "$worker"
    mv "$demo/venv" "$demo/venv.away"
    trap 'mv "$demo/venv.away" "$demo/venv"' EXIT
    say "python_package_run rainfall 'python3 rainfall.py'   (no Python on PATH)"
    cd "$worker"
    env -i PATH="$worker/bin" HOME="$worker" PYTHON_PACKAGE_CACHE="$worker/cache" \
        ./python_package_run rainfall "python3 rainfall.py"
}

python=$(python3 -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
case $python in
    3.[0-9].* | 2.*) echo "$0: Python 3.10 or newer is needed; python3 is $python" >&2 && exit 1 ;;
esac
mkdir -p "$demo"
[ -d "$demo/venv" ] || [ ! -d "$demo/venv.away" ] || mv "$demo/venv.away" "$demo/venv"
install_tools
(create_archive)
run_on_worker
