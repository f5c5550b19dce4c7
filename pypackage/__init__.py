"""Get a Python program onto machines that have nothing."""
