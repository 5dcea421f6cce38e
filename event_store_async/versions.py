"""Expected versions: the state that a stream must be in for an append to be stored."""

from enum import Enum
from typing import Final, Literal, TypeAlias

MAX_VERSION: Final = 2**31 - 1
"""The highest version that a stream can have: ``version`` is an ``int`` in CQL."""


class StreamState(Enum):
    """
    The state that a stream must be in, if not an exact version.

    Use its members by the names `ANY` and `STREAM_EXISTS`; the class is for type annotations.
    """

    ANY = "any"
    STREAM_EXISTS = "stream-exists"

    def __repr__(self) -> str:
        return self.name


ANY: Final = StreamState.ANY
"""Append at the end of the stream, whatever its version. Never conflicts."""

STREAM_EXISTS: Final = StreamState.STREAM_EXISTS
"""Append at the end of the stream, but only if it has an event already."""

NO_STREAM: Final = 0
"""Append the first events of a new stream. It equals version 0."""

ExpectedVersion: TypeAlias = int | Literal[StreamState.ANY, StreamState.STREAM_EXISTS]
"""`ANY`, `STREAM_EXISTS`, `NO_STREAM`, or the exact version of the stream: an int from 0 up."""
