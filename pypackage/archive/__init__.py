"""From a prefix to an archive."""
