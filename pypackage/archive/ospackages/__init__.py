"""OS package formats: deb and rpm."""
