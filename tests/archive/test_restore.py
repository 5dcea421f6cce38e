"""Restoring: events are stored bit for bit, at their versions, and once."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendTooLarge,
    ConcurrentModification,
    EventStore,
    InvalidEvent,
    RestoreOutcomeUnknown,
    StoreUnavailable,
    StreamInconsistent,
    UndecodableEvent,
)
from event_store_async.maintenance import (
    Depth,
    FindingKind,
    Restored,
    StoredEvent,
    survey_streams,
    verify_streams,
)
from event_store_async.moments import MAX_TIMESTAMP, MIN_TIMESTAMP, to_milliseconds

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline
from ..maintenance.stores import new_store


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store and its keyspace."""
    async with new_store(server) as found:
        yield found


def events(stream_id: UUID, count: int, first: int = 1) -> list[StoredEvent]:
    return [
        StoredEvent(stream_id, version, b'{"n": %d}' % version, version * 7, uuid4())
        for version in range(first, first + count)
    ]


async def test_restoring_again_in_other_parts_stores_nothing_twice(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    storage = made[0].storage
    whole = [*events(stream_id, 5), replace(events(stream_id, 1, 6)[0], event_id=None)]

    assert await storage.restore(whole[:4]) == Restored(stream_id, 4, 4)
    assert await storage.restore(whole[:2]) == Restored(stream_id, 2, 0)
    assert await storage.restore(whole[1:6]) == Restored(stream_id, 6, 2)
    assert await storage.restore(whole[5:]) == Restored(stream_id, 6, 0)

    assert [event async for event in storage.read_stored(stream_id)] == whole
    assert await made[0].current_version(stream_id) == 6
    assert (await made[0].persist_events(stream_id, ["on"], 6)).version == 7


async def test_another_event_at_its_place_is_a_conflict(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    storage = made[0].storage
    whole = events(stream_id, 4)
    await storage.restore(whole)
    for change in (
        {"payload": b'{"n":3}'},
        {"timestamp": 1},
        {"event_id": None},
        {"type": "t"},
        {"content_type": "c"},
        {"metadata": b"{}"},
    ):
        changed = [*whole[:2], replace(whole[2], **change), *events(stream_id, 3, 4)]
        conflict = ConcurrentModification(stream_id, 0, 4)
        assert await storage.restore(changed) == conflict
    late = events(stream_id, 2, 6)
    assert await storage.restore(late) == ConcurrentModification(stream_id, 5, 4)

    assert [event async for event in storage.read_stored(stream_id)] == whole


@pytest.mark.parametrize("identified", [True, False], ids=["ids", "no ids"])
@pytest.mark.parametrize(
    "behaviours",
    [
        [faults.lose_answer],
        [faults.lose_request],
        [faults.lose_answer, faults.lose_request, faults.lose_answer],
        [faults.unavailable, faults.commit_unavailable],
    ],
)
async def test_a_restore_whose_answer_is_lost_is_stored_once(
    made: tuple[EventStore, str],
    stream_id: UUID,
    behaviours: list[faults.Behaviour],
    identified: bool,
) -> None:
    faulty = FaultySession(made[0]._engine.session.raw)
    store = EventStore(faulty, keyspace=made[1], settings=QUICK)
    whole = events(stream_id, 4)
    if not identified:
        whole = [replace(event, event_id=None) for event in whole]
    await store.storage.restore(whole[:2])
    faulty.batches.extend(behaviours)

    done = await store.storage.restore(whole[2:])

    assert isinstance(done, Restored)
    assert done.version == 4
    assert [event async for event in store.storage.read_stored(stream_id)] == whole
    await store.close()


async def test_a_restore_without_an_answer(
    made: tuple[EventStore, str], passing_time: PassingTime
) -> None:
    faulty = FaultySession(made[0]._engine.session.raw)
    store = EventStore(faulty, keyspace=made[1], settings=QUICK)
    first, second = events(uuid4(), 2), events(uuid4(), 2)
    await store.current_version(uuid4())

    faulty.always = UntilItsDeadline(faults.lose_answer, passing_time)
    with pytest.raises(RestoreOutcomeUnknown, match="versions 1 to 2") as caught:
        await store.storage.restore(first)
    faulty.always = UntilItsDeadline(faults.unavailable, passing_time)
    with pytest.raises(StoreUnavailable):
        await store.storage.restore(second)
    faulty.always = None

    assert (caught.value.first, caught.value.last) == (1, 2)
    assert await store.storage.restore(first) == Restored(first[0].stream_id, 2, 0)
    assert await store.storage.restore(second) == Restored(second[0].stream_id, 2, 2)
    await store.close()


async def test_what_cannot_be_restored_is_refused(
    made: tuple[EventStore, str], stream_id: UUID
) -> None:
    store, keyspace = made
    one, two, three = events(stream_id, 3)
    for wrong in (
        [],
        [one, three],
        [one, replace(two, stream_id=uuid4())],
        [replace(one, version=0)],
    ):
        with pytest.raises(InvalidEvent):
            await store.storage.restore(wrong)
    with pytest.raises(InvalidEvent, match="a payload or a timestamp is required"):
        await store.storage.restore([StoredEvent(stream_id, 1, None, None)])
    with pytest.raises(AppendTooLarge):
        await store.storage.restore(events(stream_id, 1001))
    big = replace(one, payload=b"x" * 2**21)
    with pytest.raises(AppendTooLarge):
        await store.storage.restore([big, two])
    assert await store.storage.restore([big]) == Restored(stream_id, 1, 1)
    await run_cql(
        store,
        f"INSERT INTO {keyspace}.events (stream_id, version, event_id) "
        f"VALUES ({stream_id}, 2, {uuid4()})",
    )
    with pytest.raises(StreamInconsistent):
        await store.storage.restore([two])


@pytest.mark.parametrize("timestamp", [-(2**63), MIN_TIMESTAMP - 1, MAX_TIMESTAMP + 1, 2**63 - 1])
async def test_a_timestamp_that_is_no_date_is_refused_and_reported(
    made: tuple[EventStore, str], stream_id: UUID, timestamp: int
) -> None:
    store, keyspace = made
    (event,) = events(stream_id, 1)
    with pytest.raises(InvalidEvent, match="is not in the years 1 to 9999"):
        await store.storage.restore([replace(event, timestamp=timestamp)])
    for fine in (MIN_TIMESTAMP, MAX_TIMESTAMP):
        other = replace(event, stream_id=uuid4(), timestamp=fine)
        await store.storage.restore([other])
        (read,) = [it async for it in store.read_events(other.stream_id)]
        assert to_milliseconds(read.timestamp) == fine

    await store.storage.restore([event])
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET timestamp = {timestamp} "
        f"WHERE stream_id = {stream_id} AND version = 1",
    )
    with pytest.raises(UndecodableEvent):
        [it async for it in store.read_events(stream_id)]
    assert (await verify_streams(store)).findings == {FindingKind.UNDECODABLE: 1}
    for depth in Depth:
        survey = await survey_streams(store, depth=depth, on_stream=lambda _: None)
        assert (survey.streams, survey.oldest) == (3, MIN_TIMESTAMP)
