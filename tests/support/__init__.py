"""Helpers for tests, by what a test needs.

| a test needs | use |
| --- | --- |
| the executables, with their own home and folder | the fixture `tools`, from `tools` |
| requirements files, or a check that a failure left no files | `creating` |
| conda packages | the fixture `channel`, from `channels`: interpreters (`pythons`), packages |
| | installed here (`installed`), and small ones of all kinds, listed in `catalogue` |
| another conda package | `packages` writes one; `elf` finds the libraries a program needs |
| PyPI packages, an index | `wheels` |
| a server that misbehaves, or with HTTPS | the fixture `web_server`, from `http`; `tls` |
| a machine without Python | the fixture `bare_worker`, from `worker`; other systems: `roots` |
| CPython's source | `cpython`: the real one, and one that builds instantly |
| conda, mamba or micromamba | `stand_in` |
| what a function tells its reporter | `Heard`, from `heard` |
| a program that may be missing | `needs`: skips, and the last line says what to install |
| something slow, made once for all processes | `once` |
| to be independent of the site's settings | nothing: `clean` hides them from all tests |

An environment without Python (`no_python` in `creating`) takes a quarter less time, and much less
if the package cache is empty. Use one for a test that is not about Python.
"""
