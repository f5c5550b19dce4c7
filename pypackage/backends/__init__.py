"""Where packages come from: conda channels, PyPI, this machine, CPython's source."""
