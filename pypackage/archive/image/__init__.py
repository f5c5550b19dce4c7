"""Container images: OCI image layouts with a layer for each package."""
