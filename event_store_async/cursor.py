"""Cursors: places in the list of a table's streams, as texts that are checked when they return."""

import binascii
from base64 import b64decode, b64encode
from hashlib import blake2b
from struct import Struct
from typing import Final
from uuid import UUID

from .errors import InvalidArgument
from .excerpt import excerpt
from .ring import RING, ScanPosition

_FORMAT: Final = Struct(">B4sq16s")
"""The version of the format, the mark of the table, the token, and the stream's id."""

_VERSION: Final = 1
_CHECK: Final = 4
_LENGTH: Final = (_FORMAT.size + _CHECK) * 4 // 3
_ALTERNATIVES: Final = b"-_"
_HINT: Final = "pass the cursor of a StreamHead unchanged, or None for the beginning"


class Cursors:
    """
    Writes and reads the cursors of one table.

    A cursor holds a checksum, and a mark of its table. Both are against mistakes. Neither is
    secret: whoever may list the streams may begin anywhere.

    Args:
        table: What the streams belong to: ``keyspace.table``, or a name of a store in memory.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        self._mark = blake2b(table.encode(), digest_size=4).digest()

    def text(self, position: ScanPosition) -> str:
        """Return the cursor of a place."""
        body = _FORMAT.pack(_VERSION, self._mark, position.token, position.stream_id.bytes)
        return b64encode(body + _checksum(body), _ALTERNATIVES).decode()

    def position(self, cursor: object) -> ScanPosition:
        """
        Return the place of a cursor.

        Raises:
            InvalidArgument: it is not a cursor, or one of another table.
        """
        if not isinstance(cursor, str):
            raise InvalidArgument(
                f"a cursor must be a str, not {type(cursor).__name__}", hint=_HINT
            )
        data = _decoded(cursor)
        body, check = data[:-_CHECK], data[-_CHECK:]
        if len(cursor) != _LENGTH or check != _checksum(body):
            raise InvalidArgument(f"{excerpt(cursor)} is not a cursor", hint=_HINT)
        version, mark, token, stream_id = _FORMAT.unpack(body)
        if version != _VERSION:
            raise InvalidArgument(f"the cursor {cursor!r} has a later format", hint=_HINT)
        if mark != self._mark:
            raise InvalidArgument(f"the cursor {cursor!r} is not one of {self._table}", hint=_HINT)
        if token not in RING:
            raise InvalidArgument(f"{cursor!r} is not a cursor", hint=_HINT)
        return ScanPosition(token, UUID(bytes=stream_id))


def _decoded(cursor: str) -> bytes:
    try:
        return b64decode(cursor, _ALTERNATIVES, validate=True)
    except (binascii.Error, ValueError):  # ValueError: a character outside ASCII
        return b""


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK).digest()
