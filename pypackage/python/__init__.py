"""Python interpreters and their installed distributions."""
