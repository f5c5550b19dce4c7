"""The host channel: a conda channel of what is installed on this machine."""
