"""Cursors: texts that come back as the place they were made of, or are refused."""

from uuid import UUID, uuid4

import pytest

from event_store_async import InvalidArgument, MemoryEventStore
from event_store_async.cursor import Cursors
from event_store_async.ring import LARGEST, SMALLEST, ScanPosition


@pytest.mark.parametrize("token", [SMALLEST + 1, -1, 0, 1, LARGEST])
@pytest.mark.parametrize("stream_id", [UUID(int=0), UUID(int=2**128 - 1), uuid4()], ids=str)
def test_a_cursor_is_the_place_that_it_was_made_of(token: int, stream_id: UUID) -> None:
    cursors, place = Cursors("bank.events"), ScanPosition(token, stream_id)

    assert cursors.position(cursors.text(place)) == place
    assert Cursors("bank.events").position(cursors.text(place)) == place


def test_a_cursor_is_always_the_same_text() -> None:
    """Clients may have kept those of an earlier release."""
    place = ScanPosition(1234567890123456789, UUID("0102030405060708090a0b0c0d0e0f10"))

    assert Cursors("bank.events").text(place) == "AWqpnDYRIhD0femBFQECAwQFBgcICQoLDA0ODxC4YiNn"


@pytest.mark.parametrize("other", ["bank.events2", "test.events", "Bank.events"])
def test_a_cursor_of_another_table_is_refused_by_name(other: str) -> None:
    cursor = Cursors(other).text(ScanPosition(1, uuid4()))

    with pytest.raises(InvalidArgument, match=r"is not one of bank\.events") as caught:
        Cursors("bank.events").position(cursor)

    assert caught.value.hint is not None


def test_no_place_is_at_the_beginning_of_the_ring() -> None:
    cursors = Cursors("bank.events")

    with pytest.raises(InvalidArgument, match="is not a cursor"):
        cursors.position(cursors.text(ScanPosition(SMALLEST, uuid4())))


def test_what_is_refused_is_shown_in_part() -> None:
    with pytest.raises(InvalidArgument) as caught:
        Cursors("bank.events").position("x" * 10**6)

    assert len(str(caught.value)) < 300


async def test_a_cursor_of_another_store_in_memory_is_refused(stream_id: UUID) -> None:
    one, other = MemoryEventStore(), MemoryEventStore()
    for store in (one, other):
        await store.persist_events(stream_id, ["a"])
    (head,) = [head async for head in one.streams()]

    with pytest.raises(InvalidArgument, match="is not one of the store in memory"):
        other.streams(head.cursor)
    assert [head async for head in one.reopened().streams(head.cursor)] == []
