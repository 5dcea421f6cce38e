"""
Private. Codecs: they encode payloads as bytes and decode them.

    port           `Codec`, the port
    json           the default codec
    raw            for applications that encode payloads themselves
    refused        the part of a value that cannot be encoded
    registry       finds the codec of a stored payload
    compression    zstd, for large payloads and for archives

A store encodes with one codec and can decode with several. The content type stored with a payload
says which one, and whether the payload is compressed.
"""

from .json import JsonCodec, json_values
from .port import Codec
from .raw import RawCodec
from .registry import Codecs

__all__ = ["Codec", "Codecs", "JsonCodec", "RawCodec", "json_values"]
