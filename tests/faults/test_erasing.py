"""Erasures and appends whose answers are lost: one true outcome, or an honest "unknown"."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import pytest

from event_store_async import (
    ANY,
    AppendOutcomeUnknown,
    Closed,
    ConcurrentModification,
    Deleted,
    ErasureOutcomeUnknown,
    EventStore,
    NewEvent,
    StoreUnavailable,
    StreamClosed,
    Truncated,
)

from ..fixtures.faulty import (
    Behaviour,
    FaultySession,
    Send,
    commit_unavailable,
    let_pass,
    lose_answer,
    lose_request,
    refuse_connection,
)
from ..fixtures.stores import read_all
from ..fixtures.time import PassingTime, UntilItsDeadline

Meanwhile = Callable[[], Coroutine[Any, Any, object]]


def then(behaviour: Behaviour, meanwhile: Meanwhile) -> Behaviour:
    """Return a fault, after which something else happens before the request is repeated."""

    async def both(send: Send) -> object:
        try:
            return await behaviour(send)
        finally:
            # In a task of its own: a request is not always sent by one.
            await asyncio.ensure_future(meanwhile())

    return both


async def versions(store: EventStore, stream_id: UUID) -> list[int]:
    return [event.version for event in await read_all(store, stream_id)]


@pytest.fixture
async def ten(store: EventStore, stream_id: UUID) -> UUID:
    await store.persist_events(stream_id, range(10))
    return stream_id


@pytest.mark.parametrize(
    "faults", [[lose_answer], [lose_request], [commit_unavailable, lose_request, lose_answer]]
)
async def test_a_truncation_is_settled_by_repeating_it(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    faults: list[Behaviour],
) -> None:
    faulty.batches.extend(faults)

    assert await faulty_store.truncate_stream(ten, before=4) == Truncated(ten, 4, 10)

    assert faulty.sent == len(faults) + 1
    assert await versions(store, ten) == list(range(4, 11))


@pytest.mark.parametrize("fault", [lose_answer, lose_request])
async def test_deletion_and_closing_are_settled_by_repeating_them(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID, fault: Behaviour
) -> None:
    faulty.batches.append(fault)
    assert await faulty_store.delete_stream(ten) == Deleted(ten, 10)
    assert await versions(store, ten) == []
    faulty.batches.append(fault)
    assert await faulty_store.close_stream(ten) == Closed(ten, 10)
    with pytest.raises(StreamClosed):
        await store.persist_events(ten, ["k"])


async def test_a_deletion_whose_answer_is_lost_spares_what_is_appended_after_it(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    faulty.batches.append(then(lose_answer, lambda: store.persist_events(ten, ["k"])))

    assert await faulty_store.delete_stream(ten) == Deleted(ten, 10)

    assert await versions(store, ten) == [11]


async def test_a_deletion_that_never_arrived_takes_what_is_appended_before_the_next_attempt(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    faulty.batches.append(then(lose_request, lambda: store.persist_events(ten, ["k"])))

    assert await faulty_store.delete_stream(ten) == Deleted(ten, 11)

    assert await versions(store, ten) == []


async def test_a_deletion_at_an_exact_version_conflicts_with_a_faster_append(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    faulty.batches.append(then(lose_request, lambda: store.persist_events(ten, ["k"])))

    result = await faulty_store.delete_stream(ten, 10)

    assert result == ConcurrentModification(ten, 10, 11)
    assert await versions(store, ten) == list(range(1, 12))


async def test_truncations_do_not_undo_each_other(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    async def further() -> object:
        return await store.truncate_stream(ten, before=8)

    faulty.batches.append(then(lose_request, further))
    assert await faulty_store.truncate_stream(ten, before=4) == Truncated(ten, 8, 10)
    assert await versions(store, ten) == [8, 9, 10]
    assert await faulty_store.truncate_stream(ten, before=9) == Truncated(ten, 9, 10)


async def test_an_append_does_not_disturb_a_truncation(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    faulty.batches.append(then(lose_request, lambda: store.persist_events(ten, ["k"])))

    assert await faulty_store.truncate_stream(ten, before=4) == Truncated(ten, 4, 10)

    assert faulty.sent == 2, "it was repeated, not planned again"
    assert await versions(store, ten) == list(range(4, 12))


@pytest.mark.parametrize("fault", [lose_answer, lose_request])
async def test_an_erasure_without_an_answer_is_unknown_and_can_be_repeated(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    fault: Behaviour,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(fault, passing_time)

    with pytest.raises(ErasureOutcomeUnknown) as raised:
        await faulty_store.truncate_stream(ten, before=4)

    assert (raised.value.stream_id, raised.value.before) == (ten, 4)
    assert await store.truncate_stream(ten, before=4) == Truncated(ten, 4, 10)


async def test_an_erasure_that_was_not_sent_is_certain(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    passing_time: PassingTime,
) -> None:
    faulty.always = UntilItsDeadline(refuse_connection, passing_time)

    with pytest.raises(StoreUnavailable):
        await faulty_store.close_stream(ten)

    assert await versions(store, ten) == list(range(1, 11))


# Appends whose events are erased before their outcome is known


@pytest.mark.parametrize("events", [["k"], [NewEvent("k")]], ids=["without id", "with id"])
@pytest.mark.parametrize("expected", [ANY, 10])
async def test_an_append_that_was_stored_and_erased_is_not_stored_again(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    events: list[object],
    expected: object,
) -> None:
    async def erase() -> None:
        await store.persist_events(ten, ["l"])
        await store.truncate_stream(ten, before=12)

    await faulty_store.current_version(ten)
    faulty.batches.append(then(lose_answer, erase))

    with pytest.raises(AppendOutcomeUnknown) as raised:
        await faulty_store.persist_events(ten, events, expected)  # type: ignore[arg-type]

    assert isinstance(raised.value.__cause__, ConcurrentModification)
    assert await versions(store, ten) == [12]


async def test_an_append_that_was_not_stored_is_a_conflict_although_others_were_erased(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, ten: UUID
) -> None:
    async def erase() -> None:
        await store.persist_events(ten, ["l", "m"])
        await store.truncate_stream(ten, before=5)

    faulty.batches.append(then(lose_request, erase))

    result = await faulty_store.try_persist_events(ten, ["k"], 10)

    assert result == ConcurrentModification(ten, 10, 12)


@pytest.mark.parametrize("expected", [ANY, 10])
async def test_an_append_that_may_have_been_stored_before_the_stream_was_closed(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    expected: object,
) -> None:
    faulty.batches.append(then(lose_answer, lambda: store.close_stream(ten)))

    with pytest.raises(AppendOutcomeUnknown) as raised:
        await faulty_store.persist_events(ten, ["k"], expected)  # type: ignore[arg-type]

    assert isinstance(raised.value.__cause__, StreamClosed)
    with pytest.raises(StreamClosed):
        await faulty_store.persist_events(ten, ["k"], expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["truncate", "close"])
async def test_an_erasure_that_cannot_be_looked_at_again_is_unknown(
    faulty_store: EventStore,
    faulty: FaultySession,
    ten: UUID,
    passing_time: PassingTime,
    kind: str,
) -> None:
    faulty.batches.append(lose_answer)
    # The first look is answered; the one after the lost answer is not, before time is up.
    faulty.reads.append(let_pass)
    faulty.reads.extend([UntilItsDeadline(lose_request, passing_time)] * 3)

    with pytest.raises(ErasureOutcomeUnknown):
        if kind == "truncate":
            await faulty_store.truncate_stream(ten, before=5)
        else:
            await faulty_store.close_stream(ten)

    faulty.reads.clear()
    assert await versions(faulty_store, ten) == ([5, 6, 7, 8, 9, 10] if kind == "truncate" else [])
