"""Delivery: every committed event once, in a legal order, the same for all (F1, F2, F8 to F15)."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from contextlib import aclosing
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    ConcurrentModification,
    UndecodableEvent,
)
from ...events import NewEvent, RecordedEvent
from ...feeds import BrokenEvent, Position
from ...ports.feeds import FeedStore
from .base import needs, read_all
from .codecs import ShoutingCodec
from .feed_base import (
    PATIENCE,
    FeedBase,
    Place,
    appended,
    everything,
    pages,
    places_of,
    published,
    read_feed,
    read_to_error,
)


class FeedDelivery(FeedBase):
    """What a feed delivers, and in which order."""

    @pytest.mark.asyncio
    async def test_f1_every_committed_event_is_delivered_once(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        found = await asyncio.gather(*(appended(store, [each], rounds=6) for each in streams))
        places = [place for some in found for place in some]
        await published(store.feed(), places)

        assert sorted(places_of(await everything(store), streams)) == sorted(places)
        assert sorted(places_of(await read_feed(store.feed(), start), streams)) == sorted(places)

    @pytest.mark.asyncio
    async def test_f1_what_is_delivered_is_what_was_recorded(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        start = await store.feed().head()
        given = NewEvent({"a": [1, "ä"]}, "noted", {"user": "7"}, uuid4())
        await store.persist_events(stream_id, [given, "plain"])
        await store.feed().position_of(stream_id, 2, timeout=PATIENCE)

        events = await read_feed(store.feed(), start)

        found = [event for event in events if event.stream_id == stream_id]
        assert [
            RecordedEvent(
                event.stream_id,
                event.version,
                event.payload,
                event.timestamp,
                event.event_id,
                event.type,
                event.metadata,
            )
            for event in found
        ] == await read_all(store, stream_id)
        assert [event.category for event in found] == [None, None]

    @pytest.mark.asyncio
    async def test_f1_what_was_refused_is_not_delivered(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        start = await store.feed().head()
        await store.persist_events(stream_id, ["first"])
        for expected in (0, 7):
            refused = await store.try_persist_events(stream_id, ["no"], expected)
            assert isinstance(refused, ConcurrentModification)
        again = NewEvent("once", event_id=uuid4())
        await store.persist_events(stream_id, [again], 1)
        await store.persist_events(stream_id, [again], 1)
        await store.persist_events(stream_id, ["last"], 2)
        await store.feed().position_of(stream_id, 3, timeout=PATIENCE)

        events = await read_feed(store.feed(), start)

        assert [event.payload for event in events if event.stream_id == stream_id] == [
            "first",
            "once",
            "last",
        ]

    @pytest.mark.asyncio
    async def test_f2_the_events_of_a_stream_come_in_the_order_of_their_versions(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        start = await store.feed().head()
        await asyncio.gather(*(store.persist_events(stream_id, [n, n]) for n in range(10)))
        await store.feed().position_of(stream_id, 20, timeout=PATIENCE)

        events = await read_feed(store.feed(), start)

        assert places_of(events, [stream_id]) == [(stream_id, version) for version in range(1, 21)]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_f8_two_readers_see_one_order(self, store: Any, streams: list[UUID]) -> None:
        start = await store.feed().head()
        async with self.reopened(store) as opened:
            other: Any = opened
            found = await asyncio.gather(
                *(appended(each, streams, rounds=5) for each in (store, other))
            )
            await published(store.feed(), found[0] + found[1])
            one = await read_feed(store.feed(), start)
            two = await read_feed(other.feed(), start)

        mine = places_of(one, streams)
        assert sorted(mine) == sorted(found[0] + found[1])
        assert mine == places_of(two, streams)
        assert [each.position for each in one] == [each.position for each in two[: len(one)]]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_f9_an_event_that_cannot_be_read_is_a_value_and_the_next_one_follows(
        self, store: Any, streams: list[UUID]
    ) -> None:
        stream_id, other_id, _ = streams
        start = await store.feed().head()
        async with self.reopened(store, codec=ShoutingCodec()) as shouting:
            await store.persist_events(stream_id, ["before"])
            await shouting.persist_events(
                stream_id, [NewEvent("ONE", "shout"), NewEvent("TWO", "shout")]
            )
            await store.persist_events(stream_id, ["after"])
            await store.persist_events(other_id, ["elsewhere"])
        await published(store.feed(), [(stream_id, 4), (other_id, 1)])

        items = [item for page in await pages(store.feed(), start, 500) for item in page.events]
        broken = [item for item in items if isinstance(item, BrokenEvent)]
        assert sorted(places_of(items, streams)) == sorted(
            [(stream_id, 1), (stream_id, 2), (stream_id, 3), (stream_id, 4), (other_id, 1)]
        )
        assert places_of(broken, streams) == [(stream_id, 2), (stream_id, 3)]
        assert [item.type for item in broken if item.stream_id == stream_id] == ["shout"] * 2
        assert all(isinstance(item.error, UndecodableEvent) for item in broken)

        seen: list[Place] = []
        raised: list[Place] = []
        position: Position | None = start
        while position is not None:
            some, error = await read_to_error(store.feed(), position)
            seen += some
            position = None if error is None else error.position
            if isinstance(error, UndecodableEvent):
                raised.append((error.stream_id, error.version))
        assert [place for place in raised if place[0] == stream_id] == [
            (stream_id, 2),
            (stream_id, 3),
        ]
        assert {place for place in seen if place[0] in streams} == {
            (stream_id, 1),
            (stream_id, 4),
            (other_id, 1),
        }

    @pytest.mark.asyncio
    async def test_f11_a_read_ends_while_others_append(self, store: FeedStore) -> None:
        start = await store.feed().head()
        writing = True

        async def write() -> None:
            while writing:
                await store.persist_events(uuid4(), ["more"])

        task = asyncio.ensure_future(write())
        try:
            for _ in range(3):
                end = await store.feed().head()
                events = await read_feed(store.feed(), start)
                assert end - start <= len(events)
        finally:
            writing = False
            await task

    @pytest.mark.asyncio
    async def test_f13_an_append_stands_behind_an_acknowledged_one_of_the_same_store(
        self, store: FeedStore
    ) -> None:
        start = await store.feed().head()

        async def in_turn(count: int) -> list[Place]:
            return await appended(store, [uuid4() for _ in range(count)], rounds=1)

        found = await asyncio.gather(*(in_turn(10) for _ in range(5)))
        await published(store.feed(), [place for places in found for place in places])

        events = await read_feed(store.feed(), start)
        for places in found:
            assert places_of(events, [stream for stream, _ in places]) == places

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_f13_an_append_stands_behind_an_event_that_its_writer_received(
        self, store: Any
    ) -> None:
        questions, answers = uuid4(), uuid4()
        start = await store.feed().head()
        async with self.reopened(store) as opened, asyncio.timeout(PATIENCE):
            other: Any = opened
            async with aclosing(store.feed().follow(start)) as events:
                for number in range(1, 6):
                    await other.persist_events(questions, [number])
                    while (await anext(events)).stream_id != questions:
                        pass
                    await store.persist_events(answers, [number])
        await store.feed().position_of(answers, 5, timeout=PATIENCE)

        order = places_of(await read_feed(store.feed(), start), [questions, answers])
        for number in range(1, 6):
            assert order.index((questions, number)) < order.index((answers, number))

    @pytest.mark.asyncio
    @pytest.mark.parametrize("seed", [1, 2])
    async def test_f15_no_event_is_left_out_while_it_is_appended_and_read(
        self, store: FeedStore, seed: int
    ) -> None:
        random = Random(seed)  # noqa: S311 - repeatable
        streams = [uuid4() for _ in range(20)]
        start = await store.feed().head()
        expected = 500

        async def write(choices: list[UUID]) -> None:
            for stream_id in choices:
                await store.persist_events(stream_id, ["event"])

        async def follow() -> list[Place]:
            found: list[Place] = []
            async with aclosing(store.feed().follow(start)) as events:
                while len(found) < expected:
                    found += places_of([await anext(events)], streams)
            return found

        async def turn_pages(sizes: Random) -> list[Place]:
            found: list[Place] = []
            position = start
            while len(found) < expected:
                page = await store.feed().page(position, sizes.choice([1, 2, 7, 100]))
                found += places_of(page.events, streams)
                if page.position == position:
                    await store.feed().reader.changed(position, 1.0)
                position = page.position
            return found

        async with asyncio.timeout(PATIENCE * 3):
            done = await asyncio.gather(
                follow(),
                follow(),
                turn_pages(Random(seed)),  # noqa: S311 - repeatable
                *(write(random.choices(streams, k=expected // 10)) for _ in range(10)),
            )

        first = done[0]
        assert isinstance(first, list)
        versions: dict[UUID, int] = {}
        for stream_id, version in first:
            assert version == versions.get(stream_id, 0) + 1
            versions[stream_id] = version
        for stream_id, version in versions.items():
            assert await store.current_version(stream_id) == version
        assert done[1] == first
        assert done[2] == first

    @pytest.mark.asyncio
    async def test_a_follower_gets_what_stands_there_and_what_comes(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        places = await appended(store, streams)
        found: list[Place] = []
        async with asyncio.timeout(PATIENCE), aclosing(store.feed().follow(start)) as events:
            while len(found) < len(places):
                found += places_of([await anext(events)], streams)
            task = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            last = await store.persist_events(streams[0], ["late"])
            event = await task
            while event.stream_id != streams[0]:
                event = await anext(events)

        assert sorted(found) == sorted(places)
        assert event.version == last.version

    @pytest.mark.asyncio
    async def test_a_step_of_a_follower_that_is_cancelled_loses_nothing(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        found: list[Place] = []
        cancelled = 0
        async with asyncio.timeout(PATIENCE), aclosing(store.feed().follow(start)) as events:
            for turns in range(10):  # in which a step gets further each time
                step = asyncio.ensure_future(anext(events))
                for _ in range(turns):
                    await asyncio.sleep(0)
                step.cancel()
                await asyncio.wait((step,))
                if step.cancelled():
                    cancelled += 1
                else:
                    found += places_of([step.result()], streams)
                await store.persist_events(streams[0], ["event", "event"])
                while len(found) < 2 * (turns + 1) - turns % 2:  # all, or all but one
                    found += places_of([await anext(events)], streams)

        assert cancelled > 1
        assert found == [(streams[0], version) for version in range(1, len(found) + 1)]

    @pytest.mark.asyncio
    async def test_a_follower_ends_when_it_is_closed(
        self, store: FeedStore, streams: list[UUID]
    ) -> None:
        start = await store.feed().head()
        events = store.feed().follow(start)
        async with asyncio.timeout(PATIENCE):
            step = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="in progress"):
                await anext(events)
            await store.persist_events(streams[0], ["event"])
            await step

            await events.aclose()
            await events.aclose()

            with pytest.raises(StopAsyncIteration):
                await anext(events)
            with pytest.raises(KeyError):
                await store.feed().follow(start).athrow(KeyError("thrown"))
