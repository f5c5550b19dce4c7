"""Interpreters and what is installed for them."""
