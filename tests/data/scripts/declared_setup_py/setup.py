import sys
from setuptools import setup

REQUIRED = ["numpy>=1.20", "pyyaml>=5"]
setup(
    install_requires=REQUIRED,
    extras_require={"test": ["pytest>7"]},
)
sys.exit("this was run")
