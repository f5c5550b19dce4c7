"""The text of a file that was named."""

from __future__ import annotations

from pypackage.core.errors import InputPathError, RequirementsError


def read_text(path: str, included_at: str = "") -> str:
    """The text of a file.

    Args:
        path: The file.
        included_at: The place that names it, when another file includes it.
    """
    before = f"{included_at}: " if included_at else ""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InputPathError(f"{before}cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        what = f"not a text file in UTF-8 (byte {error.start})"
        raise RequirementsError(f"{before}{path}: {what}") from None
    except ValueError as error:  # a null byte in the name
        raise InputPathError(f"{before}cannot read {path!r}: {error}") from None
