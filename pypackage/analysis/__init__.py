"""Find what Python programs import, and the packages that provide it."""
