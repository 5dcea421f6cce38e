"""What a page of the feed fetches, and in what order it gives it back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import RecordedEvent
from event_store_async.cassandra.feed.entry import Link
from event_store_async.cassandra.feed.fetcher import Fetcher, Wanted
from event_store_async.feeds import Position

FEED_ID = uuid4()
ONE, TWO = uuid4(), uuid4()


@dataclass
class Streams:
    """Streams that are long enough, and the ranges that were read of them."""

    ranges: list[tuple[UUID, int, int]] = field(default_factory=list)

    async def some(
        self, stream_id: UUID, first: int, count: int
    ) -> tuple[list[RecordedEvent[Any]], int]:
        self.ranges.append((stream_id, first, count))
        events = [
            RecordedEvent(stream_id, version, version, datetime.now(UTC), uuid4(), None, None)
            for version in range(first, first + count)
        ]
        return events, 10 * count


@pytest.mark.parametrize(
    ("places", "ranges"),
    [
        ([(ONE, 1), (ONE, 2), (TWO, 5), (ONE, 3)], [(ONE, 1, 3), (TWO, 5, 1)]),
        ([(ONE, 1), (ONE, 17)], [(ONE, 1, 17)]),
        ([(ONE, 1), (ONE, 18)], [(ONE, 1, 1), (ONE, 18, 1)]),
        # A log that is wrong: an event twice, and events that go back.
        ([(ONE, 1), (ONE, 1)], [(ONE, 1, 1), (ONE, 1, 1)]),
        ([(ONE, 2), (ONE, 3), (ONE, 1), (ONE, 2)], [(ONE, 2, 2), (ONE, 1, 2)]),
    ],
)
async def test_events_come_in_the_order_of_the_log_whatever_it_is(
    places: Sequence[tuple[UUID, int]], ranges: list[tuple[UUID, int, int]]
) -> None:
    streams: Any = Streams()
    wanted = [
        Wanted(Link(stream_id, version, 1), version, Position(FEED_ID, 1, at + 1, at + 1))
        for at, (stream_id, version) in enumerate(places)
    ]

    events = await Fetcher(streams, 1_000_000).fetch(wanted)

    assert [(event.stream_id, event.version) for event in events] == list(places)
    assert [event.position.ordinal for event in events] == list(range(1, len(places) + 1))
    assert sorted(streams.ranges) == sorted(ranges)
