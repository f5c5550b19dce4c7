"""The small packages of the test channel, each with one feature of packages on conda-forge."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support.packages import PLACEHOLDER, Entry, Package, script, text


def packages() -> list[Package]:
    """The packages that can be made without an interpreter, except `old_packages`."""
    return [
        GREETING,
        SHARED_DATA,
        PREFIX_TEXT,
        PREFIX_MODULE,
        prefix_binary(),
        HOOK_POSIX,
        HOOK_BASH,
        POST_LINK,
        POST_LINK_FAILS,
        POST_LINK_ALTERS,
        POST_LINK_ACTIVATED,
        VARIABLES,
        SHEBANGS,
        *SHARING,
        MANY_FILES,
        *VERSIONS,
        *EXCLUDING,
        *UNSOLVABLE,
    ]


def old_packages() -> list[Package]:
    """The packages in the older format, `.tar.bz2`."""
    return [
        Package(
            "old-form",
            files={
                "site-packages/old_form.py": text("VALUE = 'old'\n"),
                "site-packages/old_form-link.py": Entry(link="old_form.py"),
            },
            depends=("python >=3.10",),
            noarch="python",
        )
    ]


# A module, two commands, and a dist-info like those that Python installers write.
GREETING = Package(
    "greeting",
    "1.2",
    build="pyhd8ed1ab_0",
    files={
        "site-packages/greeting/__init__.py": text("__version__ = '1.2'\n"),
        "site-packages/greeting/cli.py": text(
            """\
import sys


def main():
    print("hello,", *(sys.argv[1:] or ["world"]))


def loud():
    print("HELLO", sys.prefix)
"""
        ),
        "site-packages/greeting-1.2.dist-info/METADATA": text(
            "Metadata-Version: 2.1\nName: greeting\nVersion: 1.2\n"
        ),
        "site-packages/greeting-1.2.dist-info/INSTALLER": text("conda\n"),
        "site-packages/greeting-1.2.dist-info/RECORD": text(
            "greeting/__init__.py,,\n"
            "greeting/cli.py,,\n"
            "greeting-1.2.dist-info/METADATA,,\n"
            "greeting-1.2.dist-info/INSTALLER,,\n"
            "greeting-1.2.dist-info/RECORD,,\n"
        ),
    },
    depends=("python >=3.10", "shared-data"),
    noarch="python",
    entry_points=("greet = greeting.cli:main", "greet-loud = greeting.cli:loud"),
)

SHARED_DATA = Package(
    "shared-data",
    files={"share/shared-data/table.csv": text("a,b\n1,2\n")},
    noarch="generic",
)

# A configuration file with the prefix, and a script whose first line has it.
PREFIX_TEXT = Package(
    "prefix-text",
    files={
        "etc/prefix-text.conf": text(f"root={PLACEHOLDER}\nlib={PLACEHOLDER}/lib\n", prefix="text"),
        "bin/prefix-text": script(
            f"#!{PLACEHOLDER}/bin/python\nimport sys\nprint(sys.prefix)\n", prefix="text"
        ),
    },
    depends=("python >=3.10",),
)


# A module that contains the prefix: precompiled byte code would be wrong in any other place.
PREFIX_MODULE = Package(
    "prefix-module",
    files={"site-packages/prefix_module.py": text(f"WHERE = '{PLACEHOLDER}'\n", prefix="text")},
    depends=("python >=3.10",),
    noarch="python",
)


def prefix_binary() -> Package:
    """A program (if there is a compiler) and a data file, binaries that contain the prefix."""
    data = b"\x7fDATA\0root=" + PLACEHOLDER.encode() + b"/share\0end\0"
    files = {"lib/prefix-binary.dat": Entry(data, prefix="binary")}
    program = _compile(_WHERE.replace("PREFIX", PLACEHOLDER))
    if program:
        files["bin/where-am-i"] = Entry(program, executable=True, prefix="binary")
    return Package("prefix-binary", files=files, depends=("__glibc >=2.17,<3.0.a0",))


# volatile, so that the compiler cannot rely on the current length of the text.
_WHERE = """\
#include <stdio.h>
static const char *volatile where = "PREFIX/share";
int main(void) { puts(where); return 0; }
"""


def compiler() -> str:
    """This machine's C compiler, or an empty string."""
    return shutil.which("gcc") or shutil.which("cc") or ""


def _compile(source: str) -> bytes:
    """The program compiled from a C source; empty if there is no compiler."""
    if not compiler():
        return b""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program"
        command = [compiler(), "-x", "c", "-O0", "-s", "-o", str(program), "-"]
        subprocess.run(command, input=source.encode(), check=True, capture_output=True)
        return program.read_bytes()


HOOK_POSIX = Package(
    "hook-posix",
    activate={"hook-posix.sh": 'export HOOK_POSIX="on in $CONDA_PREFIX"\n'},
    deactivate={"hook-posix.sh": "unset HOOK_POSIX\n"},
    noarch="generic",
)

# In a POSIX sh, the parenthesis is a syntax error.
HOOK_BASH = Package(
    "hook-bash",
    activate={
        "hook-bash.sh": 'parts=(on in "$CONDA_PREFIX")\n'
        'if [[ -n "${parts[0]}" ]]; then export HOOK_BASH="${parts[*]}"; fi\n'
    },
    deactivate={"hook-bash.sh": "unset HOOK_BASH\n"},
    noarch="generic",
)

POST_LINK = Package(
    "post-link",
    post_link="#!/bin/sh\n"
    'mkdir -p "$PREFIX/etc"\n'
    'echo "$PKG_NAME $PKG_VERSION linked in $PREFIX" > "$PREFIX/etc/post-link.txt"\n',
)

POST_LINK_FAILS = Package(
    "post-link-fails", post_link="#!/bin/sh\necho tried; echo no luck >&2\nexit 3\n"
)

# Its script changes one of its own files, creates a link, and leaves a message.
POST_LINK_ALTERS = Package(
    "post-link-alters",
    files={"etc/alters.conf": text("own=1\n")},
    depends=("post-link",),
    post_link='echo "$PREFIX" >> "$PREFIX/etc/alters.conf"\n'
    'cat "$PREFIX/etc/post-link.txt" > /dev/null && ln -s "$PREFIX/etc" "$PREFIX/etc-link"\n'
    'echo "see etc/alters.conf" > "$PREFIX/.messages.txt"\n',
)

# Variables that conda sets for a package without a script, and a hook that depends on them.
VARIABLES = Package(
    "variables",
    files={"etc/conda/env_vars.d/variables.json": text('{"OF_PACKAGE": "it\'s 1", "BOTH": "1"}\n')},
    activate={"variables.sh": 'export HOOK_SAW="$OF_PACKAGE"\n'},
    noarch="generic",
)

# Its script needs variables that other packages set on activation.
POST_LINK_ACTIVATED = Package(
    "post-link-activated",
    depends=("hook-posix", "variables"),
    post_link='echo "$HOOK_POSIX, $OF_PACKAGE" > "$PREFIX/etc/activated.txt"\n'
    'env > "$PREFIX/etc/environment.txt"\n',
)

# Scripts for an interpreter in the same package, with and without an option.
SHEBANGS = Package(
    "shebangs",
    files={
        "bin/own-sh": script('#!/bin/sh\nexec /bin/sh "$@"\n'),
        "bin/with-option": script(
            f"#!{PLACEHOLDER}/bin/own-sh -e\necho begun\nfalse\necho lost\n", prefix="text"
        ),
        "bin/without-option": script(f"#!{PLACEHOLDER}/bin/own-sh\necho done\n", prefix="text"),
    },
)

# Two packages with a file in common.
SHARING = [
    Package(f"sharing-{n}", files={"share/common": text(f"{n}\n")}, noarch="generic") for n in "ab"
]

MANY_FILES = Package(
    "many-files",
    build="pyhd8ed1ab_0",
    files={
        "site-packages/many_files/__init__.py": text(""),
        **{
            f"site-packages/many_files/part{n:03}.py": text(f"NUMBER = {n}\n" * 20)
            for n in range(250)
        },
    },
    depends=("python >=3.10",),
    noarch="python",
)


def _version(version: str, build_number: int = 0) -> Package:
    """One version of `many-versions`, with a file that says which it is."""
    return Package(
        "many-versions",
        version,
        build=f"h0123456_{build_number}",
        build_number=build_number,
        files={"share/many-versions": text(f"{version} {build_number}\n")},
        noarch="generic",
    )


VERSIONS = [
    _version("1.0"),
    _version("1.5"),
    _version("2.0"),
    _version("2.0", build_number=1),
]

EXCLUDING = [
    Package("either-left", depends=("many-versions 1.*",), noarch="generic"),
    Package("either-right", depends=("many-versions >=2,<3",), noarch="generic"),
]

UNSOLVABLE = [
    Package("needs-cuda", depends=("__cuda >=11",), noarch="generic"),
    Package("needs-new-glibc", depends=("__glibc >=99",)),
    Package("needs-unknown", depends=("no-such-package >=1",), noarch="generic"),
]
