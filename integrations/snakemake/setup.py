"""A distribution of its own: Snakemake finds plugins by the names of distributions."""

from setuptools import setup

setup(
    name="snakemake-software-deployment-plugin-packed",
    version="0.1.0",
    description="Snakemake rules in environments that python_package_create has packed",
    license="BSD-3-Clause",
    packages=["snakemake_software_deployment_plugin_packed"],
    python_requires=">=3.11",  # as the interface
    install_requires=[
        "python-package-tools>=0.1",
        "snakemake-interface-common>=1.23",
        "snakemake-interface-software-deployment-plugins>=0.21,<0.22",
    ],
)
