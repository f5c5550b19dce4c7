"""What is asked for, and the files that say so."""
