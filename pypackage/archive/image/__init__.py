"""Container images: OCI image layouts with a layer for each package."""

FORMAT = "oci"

USER = "1000:1000"
"""Not root; by number, since clusters cannot tell from a name that it is not root."""
