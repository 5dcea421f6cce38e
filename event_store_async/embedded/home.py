"""The user's home folder, for default places."""

from pathlib import Path

from .errors import EmbeddedError


def home_folder(variable: str) -> Path:
    """
    Return the user's home folder.

    Args:
        variable: The environment variable that can be set instead, for the hint.

    Raises:
        EmbeddedError: there is none.
    """
    try:
        return Path.home()
    except RuntimeError:
        raise EmbeddedError("the user has no home folder", f"set HOME or {variable}") from None
