"""The table of an append's outcomes, row by row (docs/appending.md)."""

from datetime import UTC, datetime, timedelta
from typing import assert_never
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStore,
    NewEvent,
    Persisted,
    RequestRefused,
    StoreUnavailable,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import payloads, read_all

# Stored


async def test_stored_events_follow_the_expected_version(
    store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["first"])

    result = await store.persist_events(stream_id, ["second", "third"], expected_version=1)

    assert result.version == 3
    assert [event.version for event in result.events] == [2, 3]
    assert not result.stored_earlier


async def test_what_is_returned_is_what_is_read_back(store: EventStore, stream_id: UUID) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    event = NewEvent({"amount": 50}, type="deposited", metadata={"user": "ann"})

    result = await store.persist_events(stream_id, [event, {"amount": 7}])

    first, second = read = await read_all(store, stream_id)
    assert result.events == tuple(read)
    assert (first.stream_id, first.version, first.payload) == (stream_id, 1, {"amount": 50})
    assert (first.event_id, first.type, first.metadata) == (
        event.event_id,
        "deposited",
        {"user": "ann"},
    )
    assert (second.type, second.metadata) == (None, None)
    assert second.event_id is not None
    assert before <= first.timestamp <= datetime.now(UTC)
    assert first.timestamp.tzinfo is UTC
    assert first.timestamp.microsecond % 1000 == 0
    assert first.timestamp == second.timestamp


async def test_both_results_match(store: EventStore, stream_id: UUID) -> None:
    for expected in (NO_STREAM, NO_STREAM):
        match await store.try_persist_events(stream_id, ["event"], expected):
            case Persisted(version=version, events=events):
                assert (version, len(events)) == (1, 1)
            case ConcurrentModification(actual_version=actual):
                assert actual == 1
            case never:
                assert_never(never)
    assert await store.current_version(stream_id) == 1


# The stream is elsewhere


@pytest.mark.parametrize("expected", [NO_STREAM, 1, 3, 70])
async def test_an_exact_version_that_the_stream_is_not_at_conflicts(
    store: EventStore, stream_id: UUID, expected: int
) -> None:
    await store.persist_events(stream_id, ["a", "b"])

    result = await store.try_persist_events(stream_id, ["lost"], expected)

    assert result == ConcurrentModification(stream_id, expected, 2)
    assert payloads(await read_all(store, stream_id)) == ["a", "b"]


async def test_a_version_of_a_stream_that_does_not_exist_conflicts(
    store: EventStore, stream_id: UUID
) -> None:
    result = await store.try_persist_events(stream_id, ["lost"], expected_version=5)

    assert result == ConcurrentModification(stream_id, 5, 0)
    assert await store.current_version(stream_id) == 0


async def test_stream_exists_conflicts_on_a_new_stream_and_holds_on_an_old_one(
    store: EventStore, stream_id: UUID
) -> None:
    refused = await store.try_persist_events(stream_id, ["a"], STREAM_EXISTS)
    await store.persist_events(stream_id, ["a"])
    stored = await store.persist_events(stream_id, ["b"], STREAM_EXISTS)

    assert refused == ConcurrentModification(stream_id, STREAM_EXISTS, 0)
    assert stored.version == 2


async def test_any_appends_wherever_the_stream_is(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    other = EventStore(store._session.raw, keyspace=keyspace)
    await store.persist_events(stream_id, ["a"], ANY)
    await other.persist_events(stream_id, ["b"], ANY)  # the first store's idea is stale now

    result = await store.persist_events(stream_id, ["c"], ANY)

    assert result.version == 3
    await other.close()


# The same events again


@pytest.mark.parametrize("expected", [NO_STREAM, ANY])
async def test_repeating_an_append_is_safe(
    store: EventStore, stream_id: UUID, expected: int
) -> None:
    events = [NewEvent("a"), NewEvent("b")]
    first = await store.persist_events(stream_id, events, expected)
    await store.persist_events(stream_id, ["others come between"])

    again = await store.persist_events(stream_id, events, expected)

    assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)
    assert await store.current_version(stream_id) == 3


async def test_repeating_an_append_to_an_existing_stream_is_safe(
    store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["begin"])
    events = [NewEvent("a")]
    first = await store.persist_events(stream_id, events, STREAM_EXISTS)

    again = await store.persist_events(stream_id, events, STREAM_EXISTS)

    assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)


async def test_a_repetition_with_other_events_behind_the_first_conflicts(
    store: EventStore, stream_id: UUID
) -> None:
    first = NewEvent("a")
    await store.persist_events(stream_id, [first, NewEvent("b")], NO_STREAM)

    result = await store.try_persist_events(stream_id, [first, NewEvent("c")], NO_STREAM)

    assert result == ConcurrentModification(stream_id, NO_STREAM, 2)
    assert await store.current_version(stream_id) == 2


@pytest.mark.parametrize("expected", [ANY, STREAM_EXISTS])
async def test_only_some_of_the_ids_found_conflicts(
    store: EventStore, stream_id: UUID, expected: int
) -> None:
    known = NewEvent("a")
    await store.persist_events(stream_id, [known])

    result = await store.try_persist_events(stream_id, [known, NewEvent("b")], expected)

    assert result == ConcurrentModification(stream_id, expected, 1)


async def test_ids_beyond_the_look_back_are_not_found(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    from event_store_async import Settings

    short = EventStore(store._session.raw, keyspace=keyspace, settings=Settings(look_back=2))
    event = NewEvent("a")
    await short.persist_events(stream_id, [event])
    await short.persist_events(stream_id, ["b", "c"])

    found = await short.persist_events(stream_id, [event])
    await short.persist_events(stream_id, ["d"])
    missed = await short.persist_events(stream_id, [event])

    assert (found.stored_earlier, found.version) == (True, 1)
    assert (missed.stored_earlier, missed.version) == (False, 5)
    await short.close()


# No events at all


async def test_an_empty_append_still_checks_its_expectation(
    store: EventStore, stream_id: UUID
) -> None:
    assert await store.persist_events(stream_id, [], NO_STREAM) == Persisted(stream_id, 0, ())
    assert await store.try_persist_events(stream_id, [], STREAM_EXISTS) == (
        ConcurrentModification(stream_id, STREAM_EXISTS, 0)
    )
    await store.persist_events(stream_id, ["a", "b"])

    assert await store.persist_events(stream_id, []) == Persisted(stream_id, 2, ())
    assert await store.persist_events(stream_id, [], 2) == Persisted(stream_id, 2, ())
    assert await store.persist_events(stream_id, [], STREAM_EXISTS) == Persisted(stream_id, 2, ())
    assert await store.try_persist_events(stream_id, [], 1) == (
        ConcurrentModification(stream_id, 1, 2)
    )


# Faults: settled inside the call


@pytest.mark.parametrize(
    "fault",
    [
        faults.lose_answer,
        faults.lose_request,
        faults.refuse_connection,
        faults.unavailable,
        faults.commit_unavailable,
    ],
)
@pytest.mark.parametrize("expected", [NO_STREAM, ANY])
@pytest.mark.parametrize("identified", [True, False])
async def test_a_fault_is_settled_inside_the_call(
    faulty_store: EventStore,
    faulty: FaultySession,
    stream_id: UUID,
    fault: faults.Behaviour,
    expected: int,
    identified: bool,
) -> None:
    faulty.batches.extend([fault, fault])
    events = [NewEvent("a"), NewEvent("b")] if identified else ["a", "b"]

    result = await faulty_store.persist_events(stream_id, events, expected)

    assert faulty.sent == 3
    assert (result.version, result.stored_earlier) == (2, False)
    assert result.events == tuple(await read_all(faulty_store, stream_id))


async def test_a_lost_answer_is_told_from_a_conflict(
    faulty_store: EventStore, store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    async def overtaken(send: faults.Send) -> None:
        await store.persist_events(stream_id, ["faster"])
        await faults.lose_request(send)

    faulty.batches.append(overtaken)

    result = await faulty_store.try_persist_events(stream_id, ["slower"], NO_STREAM)

    assert result == ConcurrentModification(stream_id, NO_STREAM, 1)
    assert payloads(await read_all(store, stream_id)) == ["faster"]


async def test_any_plans_again_after_a_true_conflict_and_stores_once(
    faulty_store: EventStore, store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    async def overtaken(send: faults.Send) -> None:
        await store.persist_events(stream_id, ["faster"])
        await faults.lose_answer(send)

    faulty.batches.extend([overtaken, faults.lose_answer])

    result = await faulty_store.persist_events(stream_id, ["slower"])

    assert result.version == 2
    assert payloads(await read_all(store, stream_id)) == ["faster", "slower"]


async def test_a_stream_behind_the_expected_version_settles_nothing_after_a_lost_request(
    faulty_store: EventStore, store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    """The lost request may arrive when the stream has come up to its version."""
    late = faults.Gate()

    async def delayed(send: faults.Send) -> None:
        import asyncio

        arriving.append(asyncio.ensure_future(late(send)))
        await faults.lose_request(send)

    arriving: list[object] = []
    faulty.batches.append(delayed)

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await faulty_store.persist_events(stream_id, ["third"], 2, timeout=0.5)

    await store.persist_events(stream_id, ["first", "second"])
    late.opened.set()
    await arriving[0]  # type: ignore[misc]
    settled = await store.persist_events(stream_id, caught.value.events, 2)
    assert (settled.version, settled.stored_earlier) == (3, True)


async def test_the_outcome_is_unknown_when_no_quorum_answers_in_time(
    faulty_store: EventStore, store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.always = faults.lose_request
    faulty.batches.append(faults.lose_answer)
    event_id = uuid4()

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await faulty_store.persist_events(
            stream_id, [NewEvent("a", event_id=event_id), "b"], NO_STREAM, timeout=0.3
        )

    error = caught.value
    assert (error.stream_id, error.expected_version) == (stream_id, NO_STREAM)
    assert error.event_ids[0] == event_id
    settled = await store.persist_events(stream_id, error.events, error.expected_version)
    assert (settled.version, settled.stored_earlier) == (2, True)
    assert payloads(await read_all(store, stream_id)) == ["a", "b"]


async def test_an_unknown_append_that_was_not_stored_is_stored_by_calling_again(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.always = faults.lose_request
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await faulty_store.persist_events(stream_id, ["a"], ANY, timeout=0.3)
    faulty.always = None

    settled = await faulty_store.persist_events(stream_id, caught.value.events, ANY)

    assert (settled.version, settled.stored_earlier) == (1, False)


@pytest.mark.parametrize("fault", [faults.refuse_connection, faults.unavailable])
async def test_unavailable_is_said_only_where_nothing_can_be_stored(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, fault: faults.Behaviour
) -> None:
    faulty.always = fault

    with pytest.raises(StoreUnavailable):
        await faulty_store.persist_events(stream_id, ["a"], timeout=0.3)

    faulty.always = None
    assert await faulty_store.current_version(stream_id) == 0


async def test_one_doubtful_attempt_makes_the_outcome_unknown(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.always = faults.refuse_connection
    faulty.batches.append(faults.lose_request)

    with pytest.raises(AppendOutcomeUnknown):
        await faulty_store.persist_events(stream_id, ["a"], timeout=0.3)


async def test_a_refusal_is_final_and_stores_nothing(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.always = faults.refuse

    with pytest.raises(RequestRefused, match="no"):
        await faulty_store.persist_events(stream_id, ["a"])

    assert faulty.sent == 1


async def test_a_refusal_after_a_doubtful_attempt_leaves_the_outcome_unknown(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.batches.extend([faults.lose_answer, faults.refuse])

    with pytest.raises(AppendOutcomeUnknown):
        await faulty_store.persist_events(stream_id, ["a"])
