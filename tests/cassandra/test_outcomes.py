"""Outcomes of an append that meets faults; the contract holds the others (docs/appending.md)."""

from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStore,
    NewEvent,
    RequestRefused,
    StoreUnavailable,
)

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import payloads, read_all
from ..fixtures.time import PassingTime, UntilItsDeadline

pytestmark = pytest.mark.with_feed

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


# With a feed, an append that expects more than is committed is not sent at all (W2).
@pytest.mark.without_feed
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
    faulty_store: EventStore,
    store: EventStore,
    faulty: FaultySession,
    stream_id: UUID,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(faults.lose_request, passing_time)
    faulty.batches.append(faults.lose_answer)
    event_id = uuid4()

    with pytest.raises(AppendOutcomeUnknown) as caught:
        await faulty_store.persist_events(
            stream_id, [NewEvent("a", event_id=event_id), "b"], NO_STREAM
        )

    error = caught.value
    assert (error.stream_id, error.expected_version) == (stream_id, NO_STREAM)
    assert error.event_ids[0] == event_id
    settled = await store.persist_events(stream_id, error.events, error.expected_version)
    assert (settled.version, settled.stored_earlier) == (2, True)
    assert payloads(await read_all(store, stream_id)) == ["a", "b"]


async def test_an_unknown_append_that_was_not_stored_is_stored_by_calling_again(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, passing_time: PassingTime
) -> None:
    faulty.always = UntilItsDeadline(faults.lose_request, passing_time)
    with pytest.raises(AppendOutcomeUnknown) as caught:
        await faulty_store.persist_events(stream_id, ["a"], ANY)
    faulty.always = None

    settled = await faulty_store.persist_events(stream_id, caught.value.events, ANY)

    assert (settled.version, settled.stored_earlier) == (1, False)


@pytest.mark.parametrize("fault", [faults.refuse_connection, faults.unavailable])
async def test_unavailable_is_said_only_where_nothing_can_be_stored(
    faulty_store: EventStore,
    faulty: FaultySession,
    stream_id: UUID,
    fault: faults.Behaviour,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(fault, passing_time)

    with pytest.raises(StoreUnavailable):
        await faulty_store.persist_events(stream_id, ["a"])

    faulty.always = None
    assert await faulty_store.current_version(stream_id) == 0


async def test_one_doubtful_attempt_makes_the_outcome_unknown(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, passing_time: PassingTime
) -> None:
    faulty.always = UntilItsDeadline(faults.refuse_connection, passing_time)
    faulty.batches.append(faults.lose_request)

    with pytest.raises(AppendOutcomeUnknown):
        await faulty_store.persist_events(stream_id, ["a"])


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
