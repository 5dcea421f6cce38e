"""Proof: whether a stored snapshot fits its stream."""

from typing import Any, Final, TypeVar
from uuid import UUID

from ..events import RecordedEvent
from ..ports import EventReader
from ..snapshot import StoredSnapshot
from .reducer import Reducer

_A = TypeVar("_A")

_GONE: Final = "events after it are no longer there"


class Disproved(Exception):
    """A snapshot does not fit its stream; its text says why."""


class Proof:
    """
    Compares a snapshot with the stream, while the events from its version on are read.

    The event at its version must be the one that it names. Nothing shows whether the aggregate is
    what the events before it amount to; but one that the reducer cannot go on from is not.

    Args:
        snapshot: The snapshot.
        reader: Reads the stream.
        stream_id: The stream.

    Attributes:
        is_complete: Whether the stream has been seen to contain the snapshot.
    """

    def __init__(
        self, snapshot: StoredSnapshot[Any], reader: EventReader[Any], stream_id: UUID
    ) -> None:
        self._snapshot = snapshot
        self._reader = reader
        self._stream_id = stream_id
        self._head: int | None = None
        self.is_complete = False

    def takes(self, event: RecordedEvent[Any]) -> bool:
        """
        Compare the first event that was read; return whether it is the one of the snapshot.

        Raises:
            Disproved: another event is at its version, or the next events are missing.
        """
        snapshot = self._snapshot
        self.is_complete = True
        if event.version == snapshot.version + 1:
            return False  # the event itself is no longer there, but the next one is
        if event.version != snapshot.version:
            raise Disproved(_GONE)
        named = snapshot.recent[-1] if snapshot.recent else None
        if event.timestamp != snapshot.timestamp or (
            named is not None and event.event_id is not None and event.event_id != named
        ):
            raise Disproved("another event is at its version")
        return True

    def handled(self, reducer: Reducer[_A, Any], aggregate: _A, event: RecordedEvent[Any]) -> _A:
        """
        Return the aggregate after an event.

        Raises:
            Disproved: the reducer fails. Without the snapshot, it may not.
        """
        try:
            return reducer.handle(aggregate, event.payload)
        except Exception as error:
            raise Disproved(f"the reducer cannot go on from it: {type(error).__name__}") from error

    async def asks_again(self) -> bool:
        """
        Find out what it means that no event was read, and tell whether to read once more.

        The event may have been in the middle of its commit; a look at the head completes that. Or
        it is no longer there, as all events of the stream.

        Raises:
            Disproved: the snapshot is above the head, or the events after it are missing.
        """
        if self._head is None:
            self._head = await check_head(self._reader, self._stream_id, self._snapshot.version)
            return True
        if self._head > self._snapshot.version:
            raise Disproved(_GONE)
        return False


async def check_head(reader: EventReader[Any], stream_id: UUID, version: int) -> int:
    """
    Return the version of a stream, for a snapshot at which no event was read.

    At the serial level: the event may be in the middle of its commit.

    Raises:
        Disproved: the snapshot is above it.
    """
    head = await reader.current_version(stream_id, serial=True)
    if head < version:
        raise Disproved(f"it is above the head, {head}")
    return head
