"""Subscriptions: how fast they are, what takes over after a member ends, and what idling costs."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final
from uuid import UUID, uuid4

from event_store_async import EventStore, Settings
from event_store_async.subscriptions import Subscription

from .bench import Bench
from .feed_requests import KINDS, CountedStore
from .feeds import SEED, published
from .peer import Peer, PeerFailed, run_peer
from .peers import ANNOUNCING, FEED, REPLICATION, RUNNER, SEQUENCER
from .peers.members import MemberProcess
from .peers.postgres import run_postgres
from .peers.protocol import Unavailable
from .results import Key, round_of

SUBSCRIPTION: Final = "subscription"
READ: Final = "reading the feed, for comparison"
HANDLED: Final = "a subscription with an empty handler"

PROJECTION: Final = "projection"
PROJECTED: Final = "a projection with transactions"
BY_HAND: Final = "the feed's pages by hand"
ROWS: Final = "the rows alone, without a feed"

TAKEOVER: Final = "takeover"
KILLED: Final = "killed"
STOPPED: Final = "stopped"

IDLE: Final = "idle_group"

SLICES: Final = (1, 16)
_KEYSPACE: Final = "bench_subscription"
_MEMBERS: Final = "bench_members"
_EVENTS_OF_STREAM: Final = 10
_ROUNDS: Final = 2
_RUNNER_EVENTS: Final = 2000
"""Fewer: the runner commits each event by itself."""

_STREAMS: Final = 64
_PAUSE: Final = 0.02
_LONGEST: Final = 120.0
_SETTLING: Final = 6.0
_WATCHED: Final = 9.0  # a few beats of 3 s


async def subscription(bench: Bench) -> None:
    """A subscription with an empty handler and 1 or 16 slices, beside reading the feed alone."""
    async with AsyncExitStack() as stack:
        events = await _filled(bench, stack)
        for number in range(_ROUNDS):
            bench.say(f"{SUBSCRIPTION}: round {number + 1}", (number + 1) / (_ROUNDS + 1))
            answer = await _asked(bench, events, do="read_feed", every=events)
            bench.results.add(Key(SUBSCRIPTION, FEED, READ, 0), round_of(answer))
            for slices in SLICES:
                answer = await _asked(bench, events, do="subscribe", slices=slices)
                bench.results.add(Key(SUBSCRIPTION, FEED, HANDLED, slices), round_of(answer))


async def projection(bench: Bench) -> None:
    """
    A view in PostgreSQL, by the same `executemany` for each page of events.

    The library's projection is compared with the same pages and statements by hand, which keep the
    position in the same transaction; and with the runner of the package eventsourcing, on events of
    its own in the same server.
    """
    async with AsyncExitStack() as stack:
        try:
            server = stack.enter_context(run_postgres())  # nothing else runs on this loop
        except Unavailable as error:
            bench.results.notes.append(f"{PROJECTION}: {error.reason} ({error.hint})")
            return
        events = await _filled(bench, stack)
        runner = await stack.enter_async_context(
            run_peer(RUNNER, "127.0.0.1", server.port, "unused")
        )
        bench.results.peers[RUNNER] = runner.about
        command = {"do": "project", "postgres": server.port}
        for number in range(_ROUNDS):
            bench.say(f"{PROJECTION}: round {number + 1}", (number + 1) / (_ROUNDS + 1))
            for case, how, slices in (
                (ROWS, "rows", 1),
                (BY_HAND, "hand", 1),
                (PROJECTED, "projection", 1),
                (PROJECTED, "projection", 16),
            ):
                answer = await _asked(
                    bench, events, **command, how=how, slices=slices, count=events
                )
                bench.results.add(Key(PROJECTION, FEED, case, slices), round_of(answer))
            answer = await runner.ask(**command, how="projection", slices=1, count=_RUNNER_EVENTS)
            bench.results.add(Key(PROJECTION, RUNNER, PROJECTED, 1), round_of(answer))


async def takeover(bench: Bench) -> None:
    """
    One of two members ends, and the other one takes over its slices.

    Events go to many streams all the time. Measured from the end of the member until the other one
    has handled an event of each stream that the first one had.
    """
    async with _opened(bench, sequences=True) as store:
        sequencing = asyncio.create_task(store.operations.run_sequencer())
        streams = [uuid4() for _ in range(_STREAMS)]
        writing = asyncio.create_task(_write(store, streams))
        try:
            for number in range(1 if bench.size.quick else 2):
                for case in (STOPPED, KILLED):
                    bench.say(f"{TAKEOVER}: {case}", (2 * number + (case == KILLED)) / 4)
                    seconds = await _taken_over(bench, case, streams)
                    key = Key(TAKEOVER, FEED, case, 16)
                    bench.results.add(key, {"seconds": round(seconds, 3)})
        finally:
            for task in (writing, sequencing):
                task.cancel()
            await asyncio.wait([writing, sequencing])


async def idle_group(bench: Bench) -> None:
    """Count the requests of a group of one and of three members that have nothing to do."""
    async with _opened(bench, sequences=True) as sequencer:
        sequencing = asyncio.create_task(sequencer.operations.run_sequencer())
        try:
            for members in (1, 3):
                bench.say(f"{IDLE}: {members}", members / 4)
                counts = await _idle_requests(bench, members)
                numbers = {kind: round(counts[kind] / _WATCHED, 3) for kind in KINDS}
                bench.results.add(Key(IDLE, FEED, "16 slices", members), numbers)
        finally:
            sequencing.cancel()
            await asyncio.wait([sequencing])


async def _idle_requests(bench: Bench, members: int) -> dict[str, int]:
    name = f"idle-{members}-{uuid4().hex[:8]}"
    async with AsyncExitStack() as stack:
        counted, running = [], []
        for _ in range(members):
            store = await stack.enter_async_context(_opened(bench, sequences=False))
            counted.append(CountedStore(store))
            start = await store.feed().head()
            feed = store.feed()
            member = Subscription(name, feed, _ignore, store.subscriptions, slices=16, start=start)
            running.append(asyncio.create_task(member.run()))
        try:
            await asyncio.sleep(_SETTLING)
            before = [dict(each.counts) for each in counted]
            await asyncio.sleep(_WATCHED)
            return {
                kind: sum(
                    each.counts[kind] - old.get(kind, 0)
                    for each, old in zip(counted, before, strict=True)
                )
                for kind in KINDS
            }
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)


async def _ignore(_event: Any) -> None:
    pass


async def _filled(bench: Bench, stack: AsyncExitStack) -> int:
    """Fill a keyspace, once in a run; return how many events its feed has."""
    events = 10_000 if bench.size.quick else 50_000
    sequencer = await stack.enter_async_context(_peer(bench, SEQUENCER))
    if (await sequencer.ask(do="usage"))["events"] < events:
        streams = events // _EVENTS_OF_STREAM
        bench.say(f"{SUBSCRIPTION}: filling {streams:,} streams", 0)
        fill = {"streams": streams, "events": _EVENTS_OF_STREAM, "seed": SEED}
        async with _peer(bench, ANNOUNCING) as writer:
            await writer.ask(do="fill_streams", **fill)
        await published(sequencer, events)
    return events


async def _asked(bench: Bench, events: int, **command: Any) -> dict[str, Any]:
    """Ask a process of its own, as a program that has just started; it must handle all events."""
    async with _peer(bench, ANNOUNCING) as peer:
        answer = await peer.ask(**command)
    if answer["count"] != events:
        raise PeerFailed(f"{answer['count']} of {events} events were handled")
    return answer


def _peer(bench: Bench, name: str) -> AbstractAsyncContextManager[Peer]:
    return run_peer(name, bench.contact, bench.port, _KEYSPACE)


@asynccontextmanager
async def _opened(bench: Bench, *, sequences: bool) -> AsyncGenerator[EventStore, None]:
    async with EventStore.connect(
        bench.contact,
        port=bench.port,
        keyspace=_MEMBERS,
        local_datacenter="datacenter1",
        settings=Settings(sequences=sequences),
    ) as store:
        await store.create_schema(REPLICATION, feed=True)
        yield store


async def _write(store: EventStore, streams: list[UUID]) -> None:
    while True:
        for stream in streams:
            await store.persist_events(stream, [{"type": "measured"}])
            await asyncio.sleep(_PAUSE)


async def _taken_over(bench: Bench, case: str, streams: list[UUID]) -> float:
    """Return the seconds until the other member has handled an event of each stream."""
    options = (bench.contact, bench.port, _MEMBERS, f"takeover-{uuid4().hex[:8]}")
    async with MemberProcess(*options) as first, MemberProcess(*options) as second:
        theirs = await _divided(first, second, len(streams))
        second.handled.clear()
        began = time.monotonic_ns()
        first.end(kill=case == KILLED)
        await asyncio.wait_for(second.reaches(theirs), _LONGEST)
        return (max(second.handled[each] for each in theirs) - began) / 1e9


async def _divided(first: MemberProcess, second: MemberProcess, streams: int) -> set[UUID]:
    """Wait until two members share the streams; return those of the first."""
    while True:
        first.handled.clear()
        second.handled.clear()
        await asyncio.sleep(streams * _PAUSE * 2)
        one, other = set(first.handled), set(second.handled)
        if not one & other and len(one | other) == streams and min(len(one), len(other)) > 10:
            return one
