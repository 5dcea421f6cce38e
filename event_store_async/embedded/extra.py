"""Says which package is missing when the extra `embedded` is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ExtraMissing


@contextmanager
def from_the_extra() -> Iterator[None]:
    """
    Surround the import of a package that only the extra brings.

    Raises:
        ExtraMissing: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ExtraMissing((error.name or "?").partition(".")[0]) from error
