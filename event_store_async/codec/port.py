"""The codec port: what a store asks of whoever encodes its payloads."""

from typing import Any, Protocol


class Codec(Protocol):
    """
    Turns payloads into bytes and back.

    `encode` and `decode` run on the event loop, once for each event: they must be pure, quick
    and free of I/O.
    """

    @property
    def content_type(self) -> str:
        """The name written beside each payload, by which a reader finds the codec again."""

    def encode(self, payload: Any) -> bytes:
        """
        Return the payload as bytes that `decode` understands.

        Whatever is raised refuses the append, before anything is sent.
        """

    def decode(self, data: bytes) -> Any:
        """
        Return the payload that the bytes stand for.

        Whatever is raised reaches the reader as the cause of an `UndecodableEvent`.
        """
