"""Live pages: what comes in is shown, and nothing goes on once the reader has gone."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest

from event_store_async import MemoryEventStore, NewEvent, StoreUnavailable, UndecodableEvent
from event_store_async.console import console_app
from event_store_async.console.app import application
from event_store_async.console.budget import Budget
from event_store_async.console.console import Console
from event_store_async.console.samples import Samples

from .browsing import Browser, opened, seen


async def test_a_stream_at_its_end(shown: Any, account: UUID) -> None:
    app = console_app(shown)
    start = await shown.current_version(account) + 1
    async with opened(app, f"/streams/{account}/live?from={start}") as live:
        await live.shows("New events of the stream")
        assert f"version {start - 1}" not in live.text
        await shown.persist_events(account, [NewEvent({"amount": 7}, "withdrawn")])
        await live.shows('withdrawn {"amount": 7}')
        assert live.headers["refresh"] == "1"
        assert live.code == 200


async def test_a_feed_that_is_narrowed(shown: Any, account: UUID) -> None:
    app = console_app(shown)
    category = f"c{uuid4().hex}"
    head = await shown.feed().head()
    async with opened(app, f"/feed/live?category={category}&at={head}") as live:
        await live.shows("New events of the feed")
        await shown.persist_events(account, [NewEvent(1, "hidden")])
        await shown.category(category).persist_events(uuid4(), [NewEvent(1, "wanted")])
        await live.shows("wanted")
        assert "hidden" not in live.text


async def test_many_events_are_cut_to_the_latest(account: UUID, shown: Any) -> None:
    await shown.persist_events(account, [None] * 300)
    async with opened(console_app(shown), f"/streams/{account}/live?from=1") as live:
        await live.shows("version 420 ")
        assert "the latest ones follow" in live.text
        assert "version 100<" not in live.text
        assert live.text.count('class="line"') <= 200


class Watched:
    """A store whose followers are counted, and which can be away."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store
        self.is_away = False
        self.following = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def current_version(self, *given: Any, **options: Any) -> int:
        return await self._store.current_version(*given, **options)

    def read_events(self, *given: Any, **options: Any) -> Any:
        return self._store.read_events(*given, **options)

    def follow(self, stream_id: UUID, start: int, **_: Any) -> Any:
        async def events() -> Any:
            self.following += 1
            try:
                async for event in self._store.follow(stream_id, start):
                    if event.payload == "broken":
                        raise UndecodableEvent(stream_id, event.version, "x/y", b"", "it is x/y")
                    yield event
            finally:
                self.following -= 1

        return events()


async def test_a_follower_ends_with_its_reader() -> None:
    store, stream = Watched(MemoryEventStore()), uuid4()
    console = Console(store, allow_changes=False)
    before = len(asyncio.all_tasks())
    async with opened(application(console, None), f"/streams/{stream}/live") as live:
        await live.shows("New events")
        await store.persist_events(stream, [1])
        await live.shows("version 1")
        assert (store.following, console.budget.lives) == (1, 1)
    assert (store.following, console.budget.lives) == (0, 0)
    assert len(asyncio.all_tasks()) == before


async def test_an_event_that_cannot_be_read_ends_nothing() -> None:
    store, stream = Watched(MemoryEventStore()), uuid4()
    await store.persist_events(stream, [1, "broken", 3])
    async with opened(console_app(store), f"/streams/{stream}/live") as live:
        await live.shows("version 3")
        assert "It cannot be read: " in seen(live.text)


async def test_an_outage_is_noted_once_and_waited_out() -> None:
    store = MemoryEventStore()
    away, asked = True, 0
    feed = store.feed

    class Away:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def read_events(self, *given: Any, **options: Any) -> Any:
            return store.read_events(*given, **options)

        async def current_version(self, *given: Any, **options: Any) -> int:
            return await store.current_version(*given, **options)

        def feed(self, **narrowed: Any) -> Any:
            found = feed(**narrowed)
            head = found.reader.head

            async def checked() -> Any:
                nonlocal asked
                asked += 1
                if away:
                    raise StoreUnavailable("nobody answers")
                return await head()

            found.reader.head = checked  # type: ignore[method-assign]
            return found

    async with opened(console_app(Away()), "/feed/live") as live:
        await live.shows("nobody answers")
        async with asyncio.timeout(60):
            while asked < 3:
                await asyncio.sleep(0.01)
        away = False
        for _ in range(600):
            await store.persist_events(uuid4(), [NewEvent(1, "at last")])
            if "at last" in live.text:
                break
            await asyncio.sleep(0.05)
        assert live.text.count("nobody answers") == 1
        await live.shows("at last")


async def test_live_pages_end_when_the_server_is_about_to() -> None:
    console = Console(MemoryEventStore(), allow_changes=False)
    async with opened(application(console, None), "/feed/live") as live:
        await live.shows("New events")
        console.budget.end()
        async with asyncio.timeout(60):
            while not live.is_over:
                await asyncio.sleep(0.01)


async def test_there_are_only_so_many_live_pages() -> None:
    console = Console(MemoryEventStore(), allow_changes=False)
    console.budget = Budget(live=1)
    app = application(console, None)
    async with opened(app, "/feed/live") as live:
        await live.shows("New events")
        assert "too many live pages" in await Browser(app).page("/feed/live", 503)


async def test_a_page_takes_only_so_long() -> None:
    class Slow(Watched):
        async def current_version(self, *_: Any, **__: Any) -> int:
            await anyio.sleep_forever()
            raise AssertionError

    console = Console(Slow(MemoryEventStore()), allow_changes=False)
    console.budget = Budget(seconds=0.05)
    page = await Browser(application(console, None)).page(f"/streams/{uuid4()}", 503)

    assert "took too long" in page


@pytest.mark.parametrize("path", ["/parts/pulse", "/"])
async def test_the_rate_of_appends(path: str, shown: Any, account: UUID) -> None:
    page = await Browser(console_app(shown)).get(path)
    paused = await Browser(console_app(shown)).get(f"{path}?live=off")

    assert ("refresh" in page.headers) == (path != "/")
    assert "refresh" not in paused.headers
    assert ("live=off" in paused.text) == (path == "/")


def test_samples_are_bounded_and_give_rates() -> None:
    now = 0.0
    samples = Samples(lambda: now)
    assert samples.rate("a") is None
    for second in range(1000):
        now = float(second)
        samples.add("a", second * 5)
    for number in range(600):
        samples.add(f"b{number}", number)

    assert samples.series("a") == []
    assert len(samples.series("b599")) == 1
    now += 1
    samples.add("b599", 609)
    assert samples.rate("b599") == 10
    assert samples.rates("b599") == [(0.0, 10.0)]
