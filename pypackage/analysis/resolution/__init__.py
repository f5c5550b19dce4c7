"""From modules to packages: what is installed, the table of names, pins."""
