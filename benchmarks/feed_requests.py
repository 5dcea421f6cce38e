"""What a feed costs the cluster in requests, counted where the store sends them."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from event_store_async import EventStore, Settings

from .bench import Bench
from .peers import FEED, REPLICATION
from .results import Key

REQUESTS: Final = "feed_requests"
_KEYSPACE: Final = "bench_requests"
_PLAIN_KEYSPACE: Final = "bench_requests_plain"
_APPENDS: Final = 100
_SETTLING: Final = 3.0
_WATCHED: Final = 4.0

KINDS: Final = ("reads", "writes", "conditional writes")

ANNOUNCEMENT: Final = "an announcement: per append of a lone caller"
PUBLICATION: Final = "a publication: per append of a lone caller"
SEQUENCER: Final = "an idle sequencer: per second"
WATCHER: Final = "a sequencer that watches another one: per second"
FOLLOWER: Final = "an idle follower: per second"


class CountedStore:
    """A store, and how many requests of each of `KINDS` its session has sent."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.counts: Counter[str] = Counter()
        session: Any = store._engine.session  # noqa: SLF001 - where all requests are sent
        for name, kind in (
            ("_execute", "reads"),
            ("_put_batch", "writes"),
            ("_execute_batch", "conditional writes"),
        ):
            setattr(session, name, self._counted(getattr(session, name), kind))

    def _counted(self, send: Callable[..., Any], kind: str) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.counts[kind] += 1
            return send(*args, **options)

        return counted


@asynccontextmanager
async def _opened(
    bench: Bench, *, sequences: bool, feed: bool = True
) -> AsyncGenerator[CountedStore, None]:
    async with EventStore.connect(
        bench.contact,
        port=bench.port,
        keyspace=_KEYSPACE if feed else _PLAIN_KEYSPACE,
        local_datacenter="datacenter1",
        settings=Settings(sequences=sequences),
    ) as store:
        await store.create_schema(REPLICATION, feed=feed)
        yield CountedStore(store)


async def feed_requests(bench: Bench) -> None:
    """
    Count the requests of an announcement, a publication, an idle sequencer and an idle follower.

    An announcement is what an append sends with a feed beyond what it sends without one. A
    publication is what the sequencer sends while a lone caller appends, beyond what it sends when
    it is idle.
    """
    async with (
        _opened(bench, sequences=False, feed=False) as plain,
        _opened(bench, sequences=False) as writer,
        _opened(bench, sequences=True) as sequencer,
    ):
        bench.say(f"{REQUESTS}: appending", 0.1)
        sequencing = asyncio.create_task(sequencer.store.operations.run_sequencer())
        try:
            await _append(writer, 20)
            await _append(plain, 20)
            without = await _append(plain, _APPENDS, pause=0.01)
            idle = await _idle(sequencer)
            _add(bench, SEQUENCER, idle, _WATCHED)
            loop = asyncio.get_running_loop()
            before, began = Counter(sequencer.counts), loop.time()
            with_feed = await _append(writer, _APPENDS, pause=0.05)
            await asyncio.sleep(0.5)
            passed = loop.time() - began
            published = {
                kind: max(
                    0.0, sequencer.counts[kind] - before[kind] - idle[kind] / _WATCHED * passed
                )
                for kind in KINDS
            }
            _add(bench, PUBLICATION, published, _APPENDS)
            extra = {kind: with_feed[kind] - without[kind] for kind in KINDS}
            _add(bench, ANNOUNCEMENT, extra, _APPENDS)
            bench.say(f"{REQUESTS}: idle", 0.6)
            async with _opened(bench, sequences=True) as watcher:
                watching = asyncio.create_task(watcher.store.operations.run_sequencer())
                _add(bench, WATCHER, await _idle(watcher), _WATCHED)
                watching.cancel()
                await asyncio.wait([watching])
            _add(bench, FOLLOWER, await _followed(writer), _WATCHED)
        finally:
            sequencing.cancel()
            await asyncio.wait([sequencing])


async def _append(counted: CountedStore, count: int, pause: float = 0.0) -> Counter[str]:
    before = Counter(counted.counts)
    stream = uuid4()
    for version in range(count):
        await counted.store.persist_events(stream, [{"type": "measured"}], version)
        await asyncio.sleep(pause)
    return counted.counts - before


async def _idle(counted: CountedStore) -> Counter[str]:
    await asyncio.sleep(_SETTLING)
    before = Counter(counted.counts)
    await asyncio.sleep(_WATCHED)
    return counted.counts - before


async def _followed(counted: CountedStore) -> Counter[str]:
    feed = counted.store.feed()

    async def follow() -> None:
        async for _ in feed.follow(await feed.head()):
            pass

    following = asyncio.create_task(follow())
    try:
        return await _idle(counted)
    finally:
        following.cancel()
        await asyncio.wait([following])


def _add(bench: Bench, what: str, counts: Mapping[str, float], over: float) -> None:
    numbers = {kind: round(counts.get(kind, 0) / over, 3) for kind in KINDS}
    bench.results.add(Key(REQUESTS, FEED, what, 0), numbers)
