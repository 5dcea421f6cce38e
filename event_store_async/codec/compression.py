"""Compression of payloads and archives with zstd."""

import sys
from typing import TYPE_CHECKING, Any, Final

from ..extras import install_hint

if TYPE_CHECKING:
    from backports import zstd
elif sys.version_info >= (3, 14):
    from compression import zstd
else:
    try:
        from backports import zstd
    except ImportError:
        zstd: Any = None

__all__ = [
    "HINT",
    "SUFFIX",
    "ZstdError",
    "available",
    "compressed",
    "decompressed",
    "zstd",
]

ZstdError: Final[type[Exception]] = LookupError if zstd is None else zstd.ZstdError
"""Raised for bytes that are not zstd data."""

SUFFIX: Final = "+zstd"
"""Added to the content type of a compressed payload (RFC 8878, section 7.2)."""

_LEVEL: Final = 3

HINT: Final = install_hint("zstd")


def available() -> bool:
    """Return whether zstd is installed. Python has it from 3.14 on; before, a package does."""
    return zstd is not None


def compressed(data: bytes) -> bytes | None:
    """Return the bytes compressed, or None if that does not make them fewer."""
    smaller = zstd.compress(data, _LEVEL)
    return smaller if len(smaller) < len(data) else None


def decompressed(data: bytes) -> bytes:
    """
    Return the bytes that were compressed.

    Raises:
        LookupError: zstd is not installed.
        zstd.ZstdError: they are not a zstd frame.
    """
    if not available():
        raise LookupError(f"it is compressed, and zstd is not installed ({HINT})")
    return zstd.decompress(data)
