"""
Private. How payloads become bytes and come back: `event_store_async` exports the codecs.

A store writes with one codec and can read with several. The stored content type tells which codec
wrote a payload, and whether it is compressed.

    port           the protocol that every codec implements
    json raw       JSON, and bytes as they are
    compression    large payloads compressed by zstd
    registry       finds the codec for a content type
"""

from .json import JsonCodec
from .port import Codec
from .raw import RawCodec
from .registry import Codecs

__all__ = ["Codec", "Codecs", "JsonCodec", "RawCodec"]
