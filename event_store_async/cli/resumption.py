"""A resumption: finds the events of an input that a stream holds already."""

from collections.abc import AsyncGenerator
from uuid import UUID

from ..errors import UndecodableEvent
from ..events import NewEvent, RecordedEvent
from ..ports import EventReader
from .failures import wrong_usage


class Resumption:
    """
    Looks for events in a stream, in their order.

    Steps are stored in order, so what is stored of an input is its beginning. Input and stream are
    read side by side, once, and events of others in between are passed over.

    Args:
        store: The store.
        stream: The stream.
        after: The version after which to look.

    Attributes:
        version: The last version that was looked at; once an event is not found, the stream's.
    """

    def __init__(self, store: EventReader, stream: UUID, after: int) -> None:
        self.version = after
        self._store = store
        self._stream = stream
        self._events = self._read()

    async def find(self, event: NewEvent, number: int) -> RecordedEvent | None:
        """
        Return the next event of the stream with this event's id; None if there is none.

        Args:
            event: An event of the input.
            number: Its place in the input, from 1.

        Raises:
            CommandFailed: it is stored with other content.
            EventStoreError: see `EventReader.read_events`.
        """
        while (stored := await self._next()) is not None:
            if stored.event_id != event.event_id:
                continue
            if _content(stored) != _content(event):
                raise wrong_usage(
                    f"event {number} is stored already, at version {stored.version}, with other "
                    "content",
                    "the input has changed since it was appended; append what is new as an "
                    "input of its own",
                )
            return stored
        return None

    async def close(self) -> None:
        """End the read."""
        await self._events.aclose()

    async def _next(self) -> RecordedEvent | None:
        while True:
            try:
                event = await anext(self._events, None)
            except UndecodableEvent as error:
                # Not one of ours, which can be decoded. The read has ended: begin another.
                self.version = error.version
                self._events = self._read()
            else:
                self.version = self.version if event is None else event.version
                return event

    def _read(self) -> AsyncGenerator[RecordedEvent, None]:
        return self._store.read_events(self._stream, self.version + 1)


def _content(event: NewEvent | RecordedEvent) -> tuple[object, object, object]:
    return event.payload, event.type, event.metadata
