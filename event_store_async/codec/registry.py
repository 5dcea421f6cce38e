"""The registry: which codec decodes what was stored under a content type."""

from collections.abc import Callable, Iterable
from typing import Any

from .compression import SUFFIX, decompressed
from .json import JsonCodec
from .port import Codec
from .raw import RawCodec


class Codecs:
    """
    The codecs of one store.

    Args:
        default: The codec that the store writes with; it decodes what names none, too.
        others: Codecs that may be met besides it, JSON's and the raw one's.
    """

    def __init__(self, default: Codec, others: Iterable[Codec] = ()) -> None:
        known: list[Codec] = [JsonCodec(), RawCodec(), *others, default]
        self._codecs: dict[str | None, Codec] = {codec.content_type: codec for codec in known}
        self._codecs[None] = default

    def decoder(self, content_type: str | None) -> Callable[[bytes], Any]:
        """
        Return what makes payloads of the bytes stored under a content type.

        Raises:
            LookupError: no codec here is for it, or it is compressed and there is no zstd here.
        """
        codec = self._codecs.get(content_type)
        if codec is not None:
            return codec.decode
        if content_type is not None and content_type.endswith(SUFFIX):
            decode = self.decoder(content_type.removesuffix(SUFFIX))
            return lambda data: decode(decompressed(data))
        raise LookupError("no codec here is for that content type")

    def decode(self, content_type: str | None, data: bytes) -> Any:
        """
        Return the payload that the bytes stand for.

        Raises:
            LookupError: as `decoder`.
            Exception: whatever the codec raises.
        """
        return self.decoder(content_type)(data)
