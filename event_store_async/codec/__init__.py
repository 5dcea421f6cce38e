"""
Codecs: how payloads become bytes and come back.

A store writes with one codec and can read with several; `content_type` tells which, and whether the
payload is compressed.
"""

from .json import JsonCodec
from .port import Codec
from .raw import RawCodec
from .registry import Codecs

__all__ = ["Codec", "Codecs", "JsonCodec", "RawCodec"]
