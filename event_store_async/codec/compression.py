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
    "as_stored",
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


def as_stored(
    encoded: bytes, content_type: str, above: int | None, limit: int
) -> tuple[bytes, str]:
    """
    Return what is stored of an encoded payload, and its content type.

    Args:
        encoded: The payload, encoded.
        content_type: That of its codec.
        above: The size from which on it is compressed, in bytes, exclusive; None for never.
        limit: The size up to which it is: what decompresses to more bytes is refused when read.
    """
    if above is not None and above < len(encoded) <= limit:
        smaller = compressed(encoded)
        if smaller is not None:
            return smaller, content_type + SUFFIX
    return encoded, content_type


def decompressed(data: bytes, limit: int) -> bytes:
    """
    Return the bytes that were compressed.

    Args:
        data: A zstd frame.
        limit: How many bytes it may decompress to: a few bytes can stand for gigabytes.

    Raises:
        LookupError: zstd is not installed.
        ValueError: there are more bytes than *limit*, or the frame is not all of the data.
        zstd.ZstdError: they are not a zstd frame.
    """
    if not available():
        raise LookupError(f"it is compressed, and zstd is not installed ({HINT})")
    frame = zstd.ZstdDecompressor()
    found = bytearray()
    while not frame.eof:
        part = frame.decompress(data, max_length=limit + 1 - len(found))
        data = b""
        found += part
        if len(found) > limit:
            raise ValueError(
                f"it decompresses to more than {limit:,} bytes (Settings.max_payload_bytes)"
            )
        if not part and frame.needs_input and not frame.eof:
            raise ValueError("its zstd frame ends in the middle")
    if frame.unused_data:
        raise ValueError("more data follows its zstd frame")
    return bytes(found)
