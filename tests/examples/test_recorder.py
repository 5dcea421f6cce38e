"""The demo's recorders: what they do after a conflict, and if an answer is lost."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    AppendResult,
    EventStore,
    NewEvent,
)
from examples.flights.events import events_of
from examples.flights.logbook import Logbook
from examples.flights.recorder import Recorder, Tally
from tests.fixtures.stores import read_all

from .flights import flight

ONE = events_of(flight())
OTHER = events_of(flight(flight="1546"))


async def test_after_a_conflict_a_recorder_decides_again(
    store: EventStore, stream_id: UUID
) -> None:
    recorder = Recorder("late", store, Tally())
    logbook = Logbook(stream_id)
    await store.persist_events(stream_id, OTHER)

    await recorder.record(logbook, ONE)

    stored = await read_all(store, stream_id)
    assert [event.event_id for event in stored] == [event.event_id for event in OTHER + ONE]
    assert stored[-1].metadata == {"by": "late"}
    assert recorder.tally == Tally(appends=1, events=3, conflicts=1)
    assert logbook.version == 6


async def test_events_recorded_by_another_are_not_recorded_again(
    store: EventStore, stream_id: UUID
) -> None:
    logbook = Logbook(stream_id)
    await Recorder("first", store, Tally()).record(Logbook(stream_id), ONE)

    await Recorder("second", store, Tally()).record(logbook, ONE)

    stored = await read_all(store, stream_id)
    assert [event.metadata for event in stored] == [{"by": "first"}] * 3
    assert logbook.version == 3


async def test_an_append_without_an_answer_is_repeated_and_stored_once(
    store: EventStore, stream_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = store.try_persist_events
    calls = 0

    async def lose_the_first_answer(
        stream_id: UUID, events: Sequence[NewEvent], expected_version: int
    ) -> AppendResult:
        nonlocal calls
        calls += 1
        result = await append(stream_id, events, expected_version)
        if calls == 1:
            raise AppendOutcomeUnknown(stream_id, expected_version, tuple(events))
        return result

    monkeypatch.setattr(store, "try_persist_events", lose_the_first_answer)
    recorder = Recorder("unlucky", store, Tally())

    await recorder.record(Logbook(stream_id), ONE)

    assert calls == 2
    assert len(await read_all(store, stream_id)) == 3
    assert recorder.tally == Tally(appends=1, events=3)
