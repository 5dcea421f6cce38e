"""The registry: finds the codec of a content type."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .compression import SUFFIX, decompressed
from .json import JsonCodec, json_values
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

    def decode_all(self, content_type: str | None, payloads: Sequence[bytes]) -> Iterable[Any]:
        """
        Return the payloads that were encoded as these bytes, all of one content type.

        Raises:
            LookupError: as for `decoder`.
            Exception: whatever the codec raises, also while the result is iterated over.
        """
        if type(self._codecs.get(content_type)) is JsonCodec:
            return json_values(payloads)
        return map(self.decoder(content_type), payloads)

    def decoder(self, content_type: str | None) -> Callable[[bytes], Any]:
        """
        Return the function that decodes payloads of a content type.

        Raises:
            LookupError: no codec has it, or it is compressed and zstd is not installed.
        """
        codec = self._codecs.get(content_type)
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
