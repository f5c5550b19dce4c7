"""OS package formats: deb and rpm."""

FORMATS = ("deb", "rpm")

HOOKS = (
    "before-install",
    "after-install",
    "before-remove",
    "after-remove",
    "before-upgrade",
    "after-upgrade",
)
"""The events at which the user's own scripts are run."""
