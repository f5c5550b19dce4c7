"""Pack a prefix into an archive."""
