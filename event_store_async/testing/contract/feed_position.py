"""Positions: where to read on, what they count, and what pages pass by (F3 to F7, F10 to F14)."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    ForeignPosition,
    InvalidArgument,
    NotPublished,
)
from ...events import NewEvent
from ...feeds import Feed, Position, Selection
from ...ports.feeds import FeedStore
from .feed_base import (
    PATIENCE,
    FeedBase,
    appended,
    everything,
    pages,
    places_of,
    published,
    read_feed,
)


class FeedPositions(FeedBase):
    """Positions, pages and selections."""

    @pytest.mark.asyncio
    async def test_f3_reading_begins_behind_the_position(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        await published(store.feed(), await appended(store, streams))
        events = await read_feed(store.feed(), start)

        assert len(events) >= 9
        for index, event in enumerate(events[-9:], len(events) - 9):
            rest = await read_feed(store.feed(), event.position, max_count=len(events) - index)
            assert rest[: len(events) - index - 1] == events[index + 1 :]
            assert (await store.feed().page(event.position)).position >= event.position

    @pytest.mark.asyncio
    async def test_f4_a_position_survives_being_text(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        await published(store.feed(), await appended(store, streams))
        events = await read_feed(store.feed(), start)

        for position in [start, *(event.position for event in events)]:
            assert Position.parse(str(position)) == position
            assert Position.parse(str(position)) <= await store.feed().head()
        again = await read_feed(
            store.feed(), Position.parse(str(events[0].position)), max_count=len(events) - 1
        )
        assert again == events[1:]

    @pytest.mark.asyncio
    async def test_f5_ordinals_have_no_gaps_and_differences_count(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        await published(store.feed(), await appended(store, streams))

        positions = [item.position for item in await everything(store)]

        assert [each.ordinal for each in positions] == list(range(1, len(positions) + 1))
        assert positions[-1] - positions[0] == len(positions) - 1
        assert positions[0] - Position.beginning(positions[0].feed_id) == 1
        assert all(one < other for one, other in pairwise(positions))

    @pytest.mark.asyncio
    async def test_f6_a_page_that_selects_nothing_moves_the_position(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        places = await appended(store, streams, type_="something")
        await published(store.feed(), places)
        nothing = store.feed(types=[f"nothing {uuid4()}"])

        found = await pages(nothing, start, 2)

        assert [page.events for page in found] == [()] * len(found)
        assert found[-1].position - start >= len(places)
        assert await read_feed(nothing, start) == []

    @pytest.mark.asyncio
    @pytest.mark.parametrize("size", [1, 2, 3, 500])
    async def test_f7_a_page_passes_no_event_that_it_should_have_given(
        self, store: FeedStore, streams: list[UUID], size: int
    ) -> None:
        start, type_ = await store.feed().head(), f"wanted {uuid4()}"
        for stream_id in streams:
            await appended(store, [stream_id], type_=type_)
            await published(store.feed(), await appended(store, [stream_id], rounds=1))
        selected = store.feed(types=[type_])
        end = await store.feed().head()
        events = [each for each in await read_feed(store.feed(), start) if each.position <= end]
        position = start

        for page in await pages(selected, start, size):
            assert len(page.events) <= size
            assert position <= page.position <= page.head
            assert [each for each in page.events if each.position <= end] == [
                event
                for event in events
                if position < event.position <= page.position and event.type == type_
            ]
            position = page.position
        assert position >= end
        assert places_of(await read_feed(selected, start)) == places_of(
            event for event in events if event.type == type_
        )

    @pytest.mark.asyncio
    async def test_f7_a_reader_gets_as_many_as_it_asked_for(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        await published(store.feed(), await appended(store, streams))
        events = await read_feed(store.feed(), start)

        for count in range(5):
            assert await read_feed(store.feed(), start, max_count=count) == events[:count]

    @pytest.mark.asyncio
    async def test_f10_a_position_in_another_feed_is_refused(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["a"])
        feed, foreign = store.feed(), Position(uuid4(), 1, 1, 1)

        with pytest.raises(ForeignPosition):
            await anext(feed.read(foreign))
        with pytest.raises(ForeignPosition):
            await anext(feed.follow(foreign))
        with pytest.raises(ForeignPosition):
            await feed.page(foreign)
        with pytest.raises(ForeignPosition):
            await feed.reader.changed(foreign, 0.001)
        assert foreign != await feed.head()
        with pytest.raises(ForeignPosition):
            _ = foreign < await feed.head()

    @pytest.mark.asyncio
    async def test_f12_an_event_is_located_at_its_place_or_behind_it(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        feed, start = store.feed(), await store.feed().head()
        assert await feed.locate(streams[0], 1) is None
        places = await appended(store, streams)
        await published(feed, places)

        at = {(each.stream_id, each.version): each.position for each in await everything(store)}
        for place in places:
            found = await feed.locate(*place)
            assert found is not None
            assert start < at[place] <= found <= await feed.head()
            assert await feed.position_of(*place, timeout=PATIENCE) == found
        assert await feed.locate(streams[0], 1000) is None

    @pytest.mark.asyncio
    async def test_f12_an_event_that_does_not_come_is_not_waited_for_without_end(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        with pytest.raises(NotPublished) as caught:
            await store.feed().position_of(stream_id, 3, timeout=0.01)

        assert (caught.value.stream_id, caught.value.version) == (stream_id, 3)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("slices", [1, 2, 3, 16])
    async def test_f14_slices_partition_the_feed(self, store: FeedStore, slices: int) -> None:
        streams = [uuid4() for _ in range(12)]
        start = await store.feed().head()
        places = await appended(store, streams)
        await published(store.feed(), places)
        reader = store.feed().reader

        shares = [
            await read_feed(Feed(reader, Selection.of(slice_=each, slices=slices)), start)
            for each in range(slices)
        ]

        found = [place for share in shares for place in places_of(share, streams)]
        assert sorted(found) == sorted(places)
        owners = [{event.stream_id for event in share} for share in shares]
        assert sum(map(len, owners)) == len(set().union(*owners))

    @pytest.mark.asyncio
    async def test_a_selection_by_types_has_these_types_alone(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        start, one, two = await store.feed().head(), f"one {uuid4()}", f"two {uuid4()}"
        await store.persist_events(
            stream_id, [NewEvent(1, one), NewEvent(2, two), NewEvent(3), NewEvent(4, one)]
        )
        await store.feed().position_of(stream_id, 4, timeout=PATIENCE)

        wanted: list[tuple[list[str], list[int]]] = [
            ([one], [1, 4]),
            ([two], [2]),
            ([one, two], [1, 2, 4]),
        ]
        for types, payloads in wanted:
            events = await read_feed(store.feed(types=types), start)
            assert [event.payload for event in events] == payloads

    @pytest.mark.asyncio
    async def test_a_selection_by_categories_has_the_streams_of_these_alone(
        self, store: Any, streams: list[UUID]
    ) -> None:
        if not hasattr(store, "category"):
            pytest.skip(f"{type(store).__name__} has no categories")
        start = await store.feed().head()
        names = [f"c{each.hex}" for each in streams[:2]]
        places = [
            *await appended(store.category(names[0]), [streams[0]]),
            *await appended(store.category(names[1]), [streams[1]]),
            *await appended(store, streams),
        ]
        await published(store.feed(), places)

        for wanted in (names[:1], names[1:], names):
            events = await read_feed(store.feed(categories=wanted), start)
            of = {streams[names.index(name)]: name for name in wanted}
            assert sorted(places_of(events)) == sorted(each for each in places if each[0] in of)
            assert [event.category for event in events] == [of[each.stream_id] for each in events]
        whole = [each for each in await read_feed(store.feed(), start) if each.stream_id in streams]
        assert {event.category for event in whole} == {None, *names}

    @pytest.mark.asyncio
    async def test_the_feed_of_a_category_has_its_streams_alone(
        self, store: Any, streams: list[UUID]
    ) -> None:
        if not hasattr(store, "category"):
            pytest.skip(f"{type(store).__name__} has no categories")
        start = await store.feed().head()
        view, other = (store.category(f"c{each.hex}") for each in streams[:2])
        wanted = await appended(view, streams[:1], type_="kept")
        left_out = [
            *await appended(view, streams[:1], type_="left out"),
            *await appended(other, streams[1:2], type_="kept"),
            *await appended(store, streams[2:], type_="kept"),
        ]
        await published(store.feed(), [*wanted, *left_out])

        events = await read_feed(view.feed(types=["kept"]), start)
        assert places_of(events) == wanted
        assert {event.category for event in events} == {view.name}
        assert view.feed(categories=[view.name]).selection == view.feed().selection
        assert len(await read_feed(view.feed(), start)) == 2 * len(wanted)

    @pytest.mark.asyncio
    async def test_the_feed_of_a_category_is_no_feed_of_another(self, store: Any) -> None:
        if not hasattr(store, "category"):
            pytest.skip(f"{type(store).__name__} has no categories")
        view = store.category("account")

        for options in (
            {"categories": ["order"]},
            {"categories": ["account", "order"]},
            {"categories": "account"},
            {"categories": ""},
            {"types": "text"},
            {"types": [""]},
        ):
            with pytest.raises(InvalidArgument):
                view.feed(**options)
