"""The stages of `analyze` and `create`, in the order they run."""
