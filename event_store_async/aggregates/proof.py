"""Proof: whether a stored snapshot fits its stream."""

from typing import Any, TypeVar
from uuid import UUID

from ..events import RecordedEvent
from ..ports import EventReader
from ..snapshot import StoredSnapshot
from .reducer import Reducer

_A = TypeVar("_A")


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
            raise Disproved("events after it are no longer there")
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

    async def of_the_head(self) -> None:
        """
        Compare the version of the stream, since there is no event at that of the snapshot.

        At the serial level: the event may be in the middle of its commit.

        Raises:
            Disproved: the snapshot is above it.
        """
        head = await self._reader.current_version(self._stream_id, serial=True)
        if head < self._snapshot.version:
            raise Disproved(f"it is above the head, {head}")
