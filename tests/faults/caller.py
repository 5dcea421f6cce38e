"""Caller: calls a store, and records every call and answer in the history."""

from collections import deque
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from event_store_async import (
    ANY,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    Closed,
    ConcurrentModification,
    Deleted,
    ErasureOutcomeUnknown,
    EventStore,
    NewEvent,
    Persisted,
    RecordedEvent,
    RequestRefused,
    StoreClosed,
    StoreOverloaded,
    StoreUnavailable,
    StreamClosed,
    StreamError,
    StreamTruncated,
    Truncated,
)
from event_store_async.versions import ExpectedVersion

from ..history.operations import Append, Erase, Erasing, Expected, Placed, Read, Version
from ..history.recorder import Recorder
from .events import check_payload

_EXPECTED: dict[str, ExpectedVersion] = {"any": ANY, "exists": STREAM_EXISTS}
_NOTHING_STORED = (StoreUnavailable, StoreOverloaded, RequestRefused, StoreClosed)


class EventIds:
    """A source of ids for bare payloads, so that their ids are known before the call."""

    def __init__(self) -> None:
        self._ids: deque[UUID] = deque()

    def give(self, events: Iterable[NewEvent]) -> list[Any]:
        """Return the events' payloads, and hand out the events' ids next."""
        self._ids = deque(event.event_id for event in events)
        return [event.payload for event in events]

    def take(self) -> UUID:
        """Return the next id; for `Settings.new_event_id`."""
        return self._ids.popleft()


class Caller:
    """
    Calls a store, and records each call and its answer.

    Args:
        store: The store.
        recorder: Writes the history.
        read_timeout: The store's time limit for one page of a read, in seconds.
        ids: The store's source of ids, needed to append bare payloads.
    """

    def __init__(
        self,
        store: EventStore,
        recorder: Recorder,
        read_timeout: float,
        ids: EventIds | None = None,
    ) -> None:
        self._ids = ids or EventIds()
        self._store = store
        self._recorder = recorder
        # A read may need one page and, once, the same page again at the serial level.
        self._read_within = 2 * read_timeout

    async def append(
        self,
        stream: str,
        events: list[NewEvent],
        expected: Expected,
        within: float,
        *,
        bare: bool = False,
    ) -> Append:
        """Append, as bare payloads if asked to; a cancellation is recorded too."""
        recorder = self._recorder
        ids = tuple(str(event.event_id) for event in events)
        call = recorder.begin(Append(recorder.span(within), stream, expected, ids))
        wanted = _EXPECTED[expected] if isinstance(expected, str) else expected
        # The store takes the ids before it first awaits anything, so no other call can take them.
        given = self._ids.give(events) if bare else events
        try:
            result = await self._store.try_persist_events(
                UUID(stream), given, wanted, timeout=within
            )
        except AppendOutcomeUnknown as error:
            return recorder.end(call, "unknown", why=_words(error))
        except StreamClosed:
            return recorder.end(call, "closed")
        except _NOTHING_STORED as error:
            return recorder.end(call, "refused", why=_words(error))
        except Exception as error:  # noqa: BLE001 - the run looks for any error
            return recorder.end(call, "error", why=repr(error))
        except BaseException:
            recorder.end(call, "cancelled")
            raise
        match result:
            case Persisted():
                return recorder.end(
                    call,
                    "stored",
                    placed=_placed(result.events),
                    version=result.version,
                    earlier=result.stored_earlier,
                )
            case ConcurrentModification():
                return recorder.end(call, "conflict", version=result.actual_version)

    async def read(
        self,
        stream: str,
        first: int | None = None,
        count: int | None = None,
        *,
        backward: bool = False,
        serial: bool = False,
        final: bool = False,
    ) -> Read:
        """Read, in one page if possible."""
        recorder = self._recorder
        span = recorder.span(self._read_within)
        call = recorder.begin(Read(span, stream, first, count, backward, serial, final))
        events: list[RecordedEvent] = []
        try:
            async for event in self._store.read_events(
                UUID(stream),
                first,
                count,
                backward=backward,
                page_size=5000,
                serial=serial,
            ):
                check_payload(event)
                events.append(event)
        except StoreUnavailable as error:
            return recorder.end(call, "failed", why=_words(error))
        except StreamTruncated as error:
            return recorder.end(call, "truncated", why=_words(error))
        except StreamError as error:
            return recorder.end(call, "hole", why=repr(error))
        except Exception as error:  # noqa: BLE001 - as above
            return recorder.end(call, "error", why=repr(error))
        except BaseException:
            recorder.end(call, "cancelled")
            raise
        return recorder.end(call, "events", placed=_placed(events))

    async def erase(self, stream: str, what: Erasing, before: int, within: float) -> Erase:
        """Erase events below a version; all of them, if the stream is deleted or closed."""
        recorder = self._recorder
        call = recorder.begin(Erase(recorder.span(within), stream, what, before))
        try:
            result = await self._erase(UUID(stream), what, before, within)
        except ErasureOutcomeUnknown as error:
            return recorder.end(call, "unknown", why=_words(error))
        except _NOTHING_STORED as error:
            return recorder.end(call, "refused", why=_words(error))
        except Exception as error:  # noqa: BLE001 - as above
            return recorder.end(call, "error", why=repr(error))
        except BaseException:
            recorder.end(call, "cancelled")
            raise
        match result:
            case Truncated(_, kept, version):
                return recorder.end(call, "erased", kept=kept, version=version)
            case Deleted(_, version) | Closed(_, version):
                return recorder.end(call, "erased", kept=version + 1, version=version)
            case ConcurrentModification():
                return recorder.end(call, "conflict", version=result.actual_version)

    async def _erase(
        self, stream: UUID, what: Erasing, before: int, within: float
    ) -> Truncated | Deleted | Closed | ConcurrentModification:
        store = self._store
        match what:
            case "truncate":
                return await store.truncate_stream(stream, before=before, timeout=within)
            case "delete":
                return await store.delete_stream(stream, before - 1, timeout=within)
            case "close":
                return await store.close_stream(stream, timeout=within)

    async def version(self, stream: str) -> Version:
        """Query the stream's version."""
        recorder = self._recorder
        call = recorder.begin(Version(recorder.span(self._read_within), stream))
        try:
            version = await self._store.current_version(UUID(stream))
        except StoreUnavailable as error:
            return recorder.end(call, "failed", why=_words(error))
        except Exception as error:  # noqa: BLE001 - as above
            return recorder.end(call, "error", why=repr(error))
        except BaseException:
            recorder.end(call, "cancelled")
            raise
        return recorder.end(call, "version", version=version)


def _placed(events: "tuple[RecordedEvent, ...] | list[RecordedEvent]") -> Placed:
    return tuple((event.version, str(event.event_id)) for event in events)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
