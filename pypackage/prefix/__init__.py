"""Filling a prefix besides its packages: own code, data, variables, post-link scripts."""
