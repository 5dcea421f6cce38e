"""The registry: finds the codec of a content type."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .compression import SUFFIX, decompressed
from .json import JsonCodec, json_decoder
from .port import Codec
from .raw import RawCodec


class Codecs:
    """
    The codecs of one store.

    Args:
        default: Encodes payloads, and decodes those without a content type.
        others: More codecs for decoding. JSON and raw bytes are always among them.
        limit: How many bytes a compressed payload may decompress to.
    """

    def __init__(
        self, default: Codec, others: Iterable[Codec] = (), *, limit: int = 64 * 1024 * 1024
    ) -> None:
        self._limit = limit
        known: list[Codec] = [JsonCodec(), RawCodec(), *others, default]
        self._codecs: dict[str | None, Codec] = {codec.content_type: codec for codec in known}
        self._codecs[None] = default

    def decoder(
        self, content_type: str | None, payloads: Sequence[bytes | None] | None = None
    ) -> Callable[[bytes], Any]:
        """
        Return the function that decodes payloads of a content type.

        Args:
            content_type: The content type.
            payloads: All that it will decode, if they are known: then it may be a faster one. Those
                that are None are no payloads.

        Raises:
            LookupError: no codec has it, or it is compressed and zstd is not installed.
        """
        codec = self._codecs.get(content_type)
        if type(codec) is JsonCodec and payloads is not None:
            return json_decoder(payloads)
        if codec is not None:
            return codec.decode
        if content_type is not None and content_type.endswith(SUFFIX):
            # One level only: compressed data that is compressed again is an attack or a mistake.
            inner = self._codecs.get(content_type.removesuffix(SUFFIX))
            if inner is not None:
                decode, limit = inner.decode, self._limit
                return lambda data: decode(decompressed(data, limit))
        raise LookupError("no codec of this store has this content type")

    def decode(self, content_type: str | None, data: bytes) -> Any:
        """
        Return the payload that was encoded as these bytes.

        Raises:
            LookupError: as for `decoder`.
            Exception: whatever the codec raises.
        """
        return self.decoder(content_type)(data)
