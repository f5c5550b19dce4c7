"""What tests are made of, by what a test needs.

| a test needs | there is |
| --- | --- |
| the executables, with a home and a folder of its own | the fixture `tools`, of `tools` |
| requirements, and what must not be left | `creating` |
| packages of conda | the fixture `channel`, of `channels`: interpreters (`pythons`) and what is |
| | installed here (`installed`), and small ones in all shapes, listed in `catalogue` |
| a package of conda that is not there | `packages` writes one; `elf` what a program needs |
| packages of PyPI, an index | `wheels` |
| a server that misbehaves, or with HTTPS | the fixture `web_server`, of `http`; `tls` |
| a machine without Python | the fixture `bare_worker`, of `worker`; other systems: `roots` |
| CPython's source | `cpython`: the real one, and one that is built at once |
| a conda, mamba or micromamba | `stand_in` |
| a program that may not be here | `needs`: skips, and the last line says what to install |
| what takes long, once for all processes | `once` |
| not to see the site's settings | nothing: `clean` hides them from all tests |

An environment without Python (`no_python` of `creating`) takes a quarter less, and where the
package cache is empty much less: enough for a test that is not about Python.
"""
