"""`Codec`, the port: how a store encodes and decodes payloads."""

from typing import Any, Protocol


class Codec(Protocol):
    """
    Encodes payloads as bytes and decodes them.

    `encode` and `decode` run on the event loop, once for each event: they must be pure, fast and
    free of I/O.
    """

    @property
    def content_type(self) -> str:
        """The name stored with each payload, by which a reader finds its codec."""

    def encode(self, payload: Any) -> bytes:
        """
        Return the payload as bytes that `decode` understands.

        Any exception refuses the append, before anything is sent, as a `PayloadNotEncodable`.
        """

    def decode(self, data: bytes) -> Any:
        """
        Return the payload that was encoded as these bytes.

        Any exception reaches the reader as the cause of an `UndecodableEvent`.
        """
