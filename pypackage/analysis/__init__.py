"""From sources to imports."""
