"""Packages from PyPI, with uv."""
