"""The formats of the operating systems' packages: deb and rpm."""
