"""Reading: ranges, directions, pages, and the version of a stream."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...ports import EventReaderWriter
from .base import (
    ContractBase,
    needs,
    payloads,
    read_all,
)

UP = list(range(1, 11))
DOWN = UP[::-1]


class Reading(ContractBase):
    """The promises of `read_events` and `current_version`."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize("page_size", [None, 1, 3, 5, 10, 11])
    @pytest.mark.parametrize("serial", [False, True])
    async def test_pages_of_every_size_give_the_whole_stream(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        page_size: int | None,
        serial: bool,
    ) -> None:
        await store.persist_events(stream_id, UP)
        options: dict[str, Any] = {"page_size": page_size, "serial": serial}

        assert payloads(await read_all(store, stream_id, **options)) == UP
        assert payloads(await read_all(store, stream_id, backward=True, **options)) == DOWN

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"from_version": None}, UP),
            ({"from_version": 0}, UP),
            ({"from_version": 1}, UP),
            ({"from_version": 4}, UP[3:]),
            ({"from_version": 10}, [10]),
            ({"from_version": 11}, []),
            ({"from_version": 2**31 - 1}, []),
            ({"from_version": 4, "max_count": 3}, [4, 5, 6]),
            ({"from_version": 9, "max_count": 3}, [9, 10]),
            ({"max_count": 0}, []),
            ({"max_count": 1}, [1]),
            ({"max_count": 10}, UP),
            ({"max_count": 2**31 - 1}, UP),
            ({"from_version": 3, "max_count": 4, "page_size": 2}, [3, 4, 5, 6]),
            ({"backward": True}, DOWN),
            ({"backward": True, "max_count": 3}, [10, 9, 8]),
            ({"backward": True, "max_count": 0}, []),
            ({"backward": True, "from_version": 4}, [4, 3, 2, 1]),
            ({"backward": True, "from_version": 4, "max_count": 2}, [4, 3]),
            ({"backward": True, "from_version": 10}, DOWN),
            ({"backward": True, "from_version": 1}, [1]),
            ({"backward": True, "from_version": 0}, [1]),
            ({"backward": True, "from_version": 99, "max_count": 2}, [10, 9]),
            (
                {"backward": True, "from_version": 7, "max_count": 5, "page_size": 2},
                [7, 6, 5, 4, 3],
            ),
        ],
        ids=str,
    )
    async def test_ranges(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        options: dict[str, Any],
        expected: list[int],
    ) -> None:
        await store.persist_events(stream_id, UP)

        assert payloads(await read_all(store, stream_id, **options)) == expected

    @pytest.mark.asyncio
    @pytest.mark.parametrize("backward", [False, True])
    @pytest.mark.parametrize("serial", [False, True])
    async def test_a_stream_that_does_not_exist_has_no_events(
        self,
        store: EventReaderWriter,
        stream_id: UUID,
        backward: bool,
        serial: bool,
    ) -> None:
        options: dict[str, Any] = {"backward": backward, "serial": serial}

        assert await read_all(store, stream_id, **options) == []
        assert await read_all(store, stream_id, 7, 3, **options) == []

    @pytest.mark.asyncio
    async def test_the_current_version_follows_every_append(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        versions = [await store.current_version(stream_id)]
        for count in (1, 3, 0, 2):
            await store.persist_events(stream_id, ["event"] * count)
            versions.append(await store.current_version(stream_id))

        assert versions == [0, 1, 4, 4, 6]

    @pytest.mark.asyncio
    async def test_a_serial_read_of_the_version_gives_the_same(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        assert await store.current_version(stream_id, serial=True) == 0
        await store.persist_events(stream_id, UP)

        assert await store.current_version(stream_id, serial=True) == 10

    @pytest.mark.asyncio
    @pytest.mark.parametrize("timeout", [60, 60.5, None])
    async def test_a_read_may_have_a_timeout(
        self, store: EventReaderWriter, stream_id: UUID, timeout: float | None
    ) -> None:
        await store.persist_events(stream_id, UP)

        assert payloads(await read_all(store, stream_id, page_size=3, timeout=timeout)) == UP
        assert await store.current_version(stream_id, timeout=timeout) == 10

    @pytest.mark.asyncio
    async def test_events_are_the_same_in_both_directions(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["a", "b"])
        await store.persist_events(stream_id, ["c"])

        forward = await read_all(store, stream_id)

        assert await read_all(store, stream_id, backward=True) == forward[::-1]

    @pytest.mark.asyncio
    async def test_an_append_can_be_read_as_soon_as_it_is_acknowledged(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        for number in range(10):
            await store.persist_events(stream_id, [number])
            assert payloads(await read_all(store, stream_id, number + 1)) == [number]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_an_append_can_be_read_by_other_stores(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            result = await store.persist_events(stream_id, ["a", "b"])

            assert await read_all(other, stream_id) == list(result.events)
            assert await other.current_version(stream_id) == 2

    @pytest.mark.asyncio
    async def test_an_iteration_may_be_stopped_early(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, UP)

        async with aclosing(store.read_events(stream_id, page_size=2)) as events:
            async for event in events:
                if event.version == 3:
                    break

        assert payloads(await read_all(store, stream_id)) == UP

    @pytest.mark.asyncio
    async def test_an_iteration_that_never_starts_is_harmless(
        self, store: EventReaderWriter, stream_id: UUID
    ) -> None:
        await store.read_events(stream_id).aclose()

    @pytest.mark.asyncio
    async def test_concurrent_iterations_are_independent(self, store: EventReaderWriter) -> None:
        streams = [uuid4() for _ in range(5)]
        for number, stream in enumerate(streams):
            await store.persist_events(stream, [number] * 4)

        results = await asyncio.gather(*(read_all(store, stream) for stream in streams * 3))

        assert [payloads(events) for events in results] == [[n] * 4 for n in range(5)] * 3

    @pytest.mark.asyncio
    @pytest.mark.parametrize("backward", [False, True])
    async def test_a_read_during_appends_has_no_holes(
        self, store: EventReaderWriter, stream_id: UUID, backward: bool
    ) -> None:
        await store.persist_events(stream_id, range(5))

        async def append() -> None:
            for _ in range(10):
                await store.persist_events(stream_id, ["more", "and more"])

        appending = asyncio.ensure_future(append())
        while not appending.done():
            read = await read_all(store, stream_id, backward=backward, page_size=3)
            versions = [event.version for event in read]
            assert len(versions) >= 5
            assert sorted(versions, reverse=backward) == versions
            assert sorted(versions) == list(range(1, len(versions) + 1))
            await asyncio.sleep(0)
        await appending
