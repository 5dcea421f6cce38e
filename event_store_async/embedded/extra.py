"""Tells which package is missing if the extra `embedded` is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ExtraMissing


@contextmanager
def from_the_extra() -> Iterator[None]:
    """
    Translate a failed import, in the block, of a package that only the extra installs.

    Raises:
        ExtraMissing: The package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExtraMissing((error.name or "?").partition(".")[0]) from error
