"""From modules to packages: the installed index, the table of names, pins."""
