"""Compression: large payloads by zstd, small ones as they are."""

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

ZstdError: Final[type[Exception]] = LookupError if zstd is None else zstd.ZstdError
"""What is raised for bytes that are no zstd."""

SUFFIX: Final = "+zstd"
"""Stands behind the content type of a payload that is compressed (RFC 8878, section 7.2)."""

_LEVEL: Final = 3

HINT: Final = install_hint("zstd")


def available() -> bool:
    """Tell whether there is a zstd here: Python's own from 3.14 on, before that a package."""
    return zstd is not None


def compressed(data: bytes) -> bytes | None:
    """Return the bytes compressed, or None where that does not make them fewer."""
    smaller = zstd.compress(data, _LEVEL)
    return smaller if len(smaller) < len(data) else None


def decompressed(data: bytes) -> bytes:
    """
    Return the bytes as they were.

    Raises:
        LookupError: there is no zstd here.
        zstd.ZstdError: they are no zstd frame.
    """
    if not available():
        raise LookupError(f"it is compressed, and zstd is not installed ({HINT})")
    return zstd.decompress(data)


def frame_writer(level: int) -> Any:
    """Return what compresses a frame bit by bit; its checksum tells of damage."""
    return zstd.ZstdCompressor(options=_checked(level))


def frame_reader() -> Any:
    """Return what decompresses a frame bit by bit."""
    return zstd.ZstdDecompressor()


def _checked(level: int) -> dict[int, int]:
    parameter = zstd.CompressionParameter
    return {parameter.compression_level: level, parameter.checksum_flag: 1}
