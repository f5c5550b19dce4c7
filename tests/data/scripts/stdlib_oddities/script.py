import antigravity, this, idlelib, turtledemo, ensurepip, __main__, __future__, venv, zipapp
import setuptools, pkg_resources, pip, wheel
