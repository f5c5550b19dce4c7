"""Packages from PyPI, by uv."""
