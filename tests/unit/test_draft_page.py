"""What is found for a page of the feed: put in any order, decoded when it is handed out."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from event_store_async import BrokenEvent, FeedEvent, RecordedEvent, StreamHole, UndecodableEvent
from event_store_async.cassandra.driver.port import Row
from event_store_async.cassandra.feed.draft_page import DraftPage
from event_store_async.cassandra.feed.entry import Link
from event_store_async.cassandra.feed.wanted import Run, Wanted, runs_of
from event_store_async.cassandra.read.rows import RowDecoder
from event_store_async.feeds import Position

FEED, A, B = (UUID(int=number) for number in (1, 2, 3))
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class Counted:
    """A codec that counts its calls, and cannot decode what begins with a question mark."""

    content_type = "counted"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, _payload: Any) -> bytes:
        raise NotImplementedError

    def decode(self, data: bytes) -> Any:
        self.calls += 1
        if data.startswith(b"?"):
            raise KeyError(data)
        return data


def row(stream_id: UUID, version: int, data: bytes = b"") -> Row:
    return version, data or b"%d" % version, 1_000, None, "t", "counted", None, str(stream_id), None


def rows(stream_id: UUID, first: int, last: int) -> list[Row]:
    return [row(stream_id, version) for version in range(first, last + 1)]


def wanted(*parts: tuple[UUID, int, int]) -> list[Wanted]:
    """Return all events of links, each of a stream, from a version on, so many."""
    found: list[Wanted] = []
    place = 0
    for stream_id, first, events in parts:
        link = Link(stream_id, first, events, ("t",) * events, "letters")
        found.append(
            Wanted(link, first, events, (FEED, 1, place + 1 - first, place + 1 - first), place)
        )
        place += events
    return found


def draft(*parts: tuple[UUID, int, int]) -> tuple[DraftPage, list[Run], Counted]:
    codec = Counted()
    given = wanted(*parts)
    return DraftPage(given, 1_000_000, RowDecoder(codec)), runs_of(given), codec


def shown(page: DraftPage) -> list[list[Any]]:
    """Return what each portion holds: the versions, with a minus sign if the event is broken."""
    events, _ = page.finished()
    portions = list(events.portions())
    items = [item for portion in portions for item in portion]
    assert len(events) == len(items)
    places = [item.position.index for item in items]
    assert places == sorted(set(places))
    return [
        [-item.version if isinstance(item, BrokenEvent) else item.version for item in portion]
        for portion in portions
    ]


def test_nothing_is_decoded_before_it_is_handed_out_and_everything_once() -> None:
    page, (run,), codec = draft((A, 1, 1000))
    page.put(run, rows(A, 1, 1000))
    events, count = page.finished()
    portions = events.portions()

    assert (len(events), count, codec.calls) == (1000, 1000, 0)
    assert len(next(portions)) == codec.calls == 100
    assert sum(map(len, portions)) == 900
    assert codec.calls == 1000


def test_a_portion_is_bounded_however_long_the_links_are() -> None:
    page, runs, _ = draft((A, 1, 99), (B, 1, 750), (A, 100, 1))
    for run in runs:
        page.put(run, rows(run.stream_id, run.first, run.last))

    sizes = [len(portion) for portion in shown(page)]

    assert sum(sizes) == 850
    assert max(sizes) < 200


def test_runs_are_put_in_any_order_and_in_parts() -> None:
    page, (of_a, of_b), _ = draft((A, 1, 2), (B, 7, 3), (A, 3, 2))
    page.put(of_b, rows(B, 9, 9))
    page.put(of_a, rows(A, 1, 4))
    page.put(of_b, rows(B, 7, 8))

    assert shown(page) == [[1, 2, 7, 8, 9, 3, 4]]


def test_what_is_gone_takes_no_place() -> None:
    page, (of_a, of_b), codec = draft((A, 1, 4), (B, 1, 2), (A, 5, 1))
    page.leave_out(of_a, 1, 4)
    page.put(of_a, rows(A, 4, 5))
    page.put(of_b, rows(B, 1, 2))

    assert shown(page) == [[4, 1, 2, 5]]
    assert codec.calls == 4


def test_a_page_ends_before_the_first_event_that_is_not_fetched() -> None:
    page, (of_a, of_b), _ = draft((A, 1, 2), (B, 1, 2), (A, 3, 1))
    page.put(of_a, rows(A, 1, 3))
    page.put(of_b, rows(B, 2, 2))
    _, count = page.finished()

    assert count == 2
    assert shown(page) == [[1, 2]]


def test_events_that_are_made_already_stand_beside_rows() -> None:
    page, (of_a, of_b), _ = draft((A, 1, 3), (B, 1, 3))
    page.put(of_a, [row(A, 1), row(A, 2, b"?"), row(A, 3)])
    page.put_event(of_b, RecordedEvent(B, 1, "found", MOMENT, None))
    page.put_broken(of_b, 2, StreamHole(B, 2))
    page.leave_out(of_b, 3, 4)

    assert shown(page) == [[1, -2, 3, 1, -2]]
    items = [item for portion in page.finished()[0].portions() for item in portion]
    undecodable, found, hole = items[1], items[3], items[4]
    assert isinstance(undecodable, BrokenEvent)
    assert isinstance(undecodable.error, UndecodableEvent)
    assert isinstance(undecodable.error.__cause__, KeyError)
    assert (undecodable.type, undecodable.category) == ("t", "letters")
    assert undecodable.position == Position(FEED, 1, 2, 2)
    assert isinstance(found, FeedEvent)
    assert (found.payload, found.category) == ("found", "letters")
    assert isinstance(hole, BrokenEvent)
    assert isinstance(hole.error, StreamHole)


@pytest.mark.parametrize("broken", [1, 100, 101, 250])
def test_only_the_portion_with_a_broken_event_is_decoded_again(broken: int) -> None:
    page, (run,), codec = draft((A, 1, 250))
    found = rows(A, 1, 250)
    found[broken - 1] = row(A, broken, b"?")
    page.put(run, found)

    (versions,) = [[version for portion in shown(page) for version in portion]]

    assert versions == [-it if it == broken else it for it in range(1, 251)]
    assert codec.calls <= 250 + 102
