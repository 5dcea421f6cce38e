"""Expected versions: what an append demands of its stream before it may be stored."""

from enum import Enum
from typing import Final, Literal, TypeAlias

MAX_VERSION: Final = 2**31 - 1
"""The highest version that a stream can reach: the table's ``version`` is a CQL ``int``."""


class StreamState(Enum):
    """
    What may be demanded of a stream in place of an exact version.

    Use the module's names `ANY` and `STREAM_EXISTS`; the class is public for type annotations.
    """

    ANY = "any"
    STREAM_EXISTS = "stream-exists"

    def __repr__(self) -> str:
        return self.name


ANY: Final = StreamState.ANY
"""Append wherever the stream ends; conflicts with nobody."""

STREAM_EXISTS: Final = StreamState.STREAM_EXISTS
"""Append wherever the stream ends, but only to a stream that has an event already."""

NO_STREAM: Final = 0
"""Append only as the first events of a new stream. Equal to the version 0."""

ExpectedVersion: TypeAlias = int | Literal[StreamState.ANY, StreamState.STREAM_EXISTS]
"""`ANY`, `STREAM_EXISTS`, `NO_STREAM`, or the exact version (0 and up) the stream must be at."""
