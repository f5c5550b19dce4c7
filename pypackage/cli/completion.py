"""Shell completion by argcomplete, where it is installed."""

from __future__ import annotations

import argparse


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell that asks for completions, and end; do nothing without argcomplete."""
    try:
        import argcomplete  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return
    argcomplete.autocomplete(parser)
