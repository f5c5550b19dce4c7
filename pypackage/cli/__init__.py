"""The command lines of the executables."""
