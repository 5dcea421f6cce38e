"""Expected versions: what an append demands of its stream before it may be stored."""

from enum import Enum
from typing import Final, Literal, TypeAlias

from .errors import InvalidExpectedVersion

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

_NONE_HINT = (
    "say ANY for no expectation or NO_STREAM for a new stream: None meant either, "
    "in one or the other of this library's ancestors"
)


def check_expected_version(expected_version: object, new_events: int) -> None:
    """
    Refuse what cannot be an expected version for an append of *new_events* events.

    Raises:
        InvalidExpectedVersion: for None, a bool, any other type, a negative version, or one
            from which the append would end above `MAX_VERSION`.
    """
    if isinstance(expected_version, StreamState):
        return
    if expected_version is None:
        raise InvalidExpectedVersion(expected_version, "None is ambiguous", hint=_NONE_HINT)
    if isinstance(expected_version, bool) or not isinstance(expected_version, int):
        raise InvalidExpectedVersion(
            expected_version,
            f"a {type(expected_version).__name__} is no version",
            hint="pass ANY, NO_STREAM, STREAM_EXISTS or an int",
        )
    if expected_version < 0:
        raise InvalidExpectedVersion(
            expected_version,
            "versions start at 0, the version of a stream without events",
            hint="pass NO_STREAM for a new stream",
        )
    if expected_version + new_events > MAX_VERSION:
        raise InvalidExpectedVersion(expected_version, f"no version is above {MAX_VERSION}")
