"""`RawCodec`, for applications that encode payloads themselves."""

from typing import Final


class RawCodec:
    """Stores payloads as they are; they must be ``bytes``."""

    content_type: Final = "application/octet-stream"

    def encode(self, payload: object) -> bytes:
        """
        Return the bytes unchanged.

        Raises:
            TypeError: the payload is not ``bytes``.
        """
        if not isinstance(payload, bytes):
            raise TypeError(f"RawCodec stores bytes, not {type(payload).__name__}")
        return bytes(payload)

    def decode(self, data: bytes) -> bytes:
        """Return the bytes unchanged."""
        return data
