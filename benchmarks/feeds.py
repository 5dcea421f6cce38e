"""What a feed costs, how fast it delivers, and whether it keeps up."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Final

from .bench import OURS, RAW, Bench, Case, append_case
from .peer import Peer, PeerFailed
from .peers import (
    ANNOUNCING,
    BATCHES,
    BATCHES_WITH_WRITE,
    DELIVERING,
    FEED,
    SEQUENCER,
    WITH_WRITE,
)
from .results import Key, round_of

APPEND: Final = "feed_append"
DELIVERY: Final = "feed_delivery"
SEQUENCING: Final = "feed_sequencing"
CATCH_UP: Final = "feed_catch_up"
STREAMS: Final = "streams of ten"
MEMORY: Final = "resident set"

_APPEND_ROUNDS: Final = 8
"""More than elsewhere: the rates of half a second differ by half."""

_SEQUENCING_ROUNDS: Final = 3  # a round has sixty slices

_PARTS: Final = 10
"""Parts of a round, of which each counts with the lowest lag in it."""

_SLICES: Final = 6
"""Slices of a part: several teeth of what is missing, which rises while the sequencer rests."""
_EVENTS_OF_STREAM: Final = 10
_CONCURRENCY: Final = 64
"""How many streams a page of the feed reads side by side, and the reads by hand as well."""

_DELIVERED: Final = 60
_PAUSE_MS: Final = 60
_DELIVERY_ROUNDS: Final = 2  # one of the peers takes five seconds for each delivery
_WARMING: Final = 5
"""The most laps of warming up, of about five seconds."""

_CATCH_UP_ROUNDS: Final = 5

SEED: Final = 20


async def feed_append(bench: Bench) -> None:
    """
    Appends with a feed: one caller, 64 callers on streams of their own, and 64 on one stream.

    One caller is compared with a plain quorum write and then the batch, both by hand: an append
    may not be sent before its announcement is acknowledged. Many callers are compared with the
    library without a feed, and what is left with what is left by hand: no client can save what an
    announcement costs the server.
    """
    cases: list[Case] = []
    for case, x, manner, names in (
        ("own streams", 1, "own", (WITH_WRITE, FEED, ANNOUNCING, RAW)),
        ("own streams", 64, "own", (OURS, FEED, RAW, WITH_WRITE, ANNOUNCING)),
        ("one stream", 64, "hot", (OURS, FEED, BATCHES, BATCHES_WITH_WRITE, ANNOUNCING)),
    ):
        for name in names[:2] if bench.size.quick else names:
            peer = await _sequenced(bench, name)
            count = await bench.count(peer, x, manner)
            cases.append(append_case(APPEND, peer, case, x, count, manner))
    await bench.interleave(cases, rounds=3 if bench.size.quick else _APPEND_ROUNDS)


async def feed_delivery(bench: Bench) -> None:
    """
    From the call of an append to its handler in another process, with an idle store.

    A follower runs only while it has its turn, so that the store is idle in the turns of others.
    """
    cases: list[Case] = []
    count = _DELIVERED // 4 if bench.size.quick else _DELIVERED
    raw = await bench.required(RAW)
    cases.append(append_case(DELIVERY, raw, "one batch", 1, await bench.count(raw, 1)))
    async with AsyncExitStack() as stack:
        for name in (FEED,) if bench.size.quick else DELIVERING:
            try:
                peer = await bench.guest(name, stack)
            except PeerFailed as error:
                bench.results.notes.append(f"{DELIVERY}: {error}")
                continue
            if peer is not None:
                command = {"do": "deliver", "count": count, "pause_ms": _PAUSE_MS, "seed": SEED}
                cases.append(Case(Key(DELIVERY, name, "delivery", 0), peer, command))
        await bench.interleave(cases, rounds=_DELIVERY_ROUNDS)


async def feed_sequencing(bench: Bench) -> None:
    """
    The sequencer's CPU for each append, and whether it keeps up with 64 callers.

    The sequencer is a process of its own. The callers append in slices; after each of them, with
    nothing in between, the end of the feed is read: what is missing there rises and falls with the
    pauses of the sequencer. So the growth of the lag is the slope of its lowest values, one of each
    of ten parts, over the events appended: 0 if the feed keeps up, 1 if nothing is published.
    """
    raw = await bench.required(RAW)
    writer = await _sequenced(bench, ANNOUNCING)
    sequencer = await bench.required(SEQUENCER)
    count = await bench.count(writer, 64)
    by_hand = append_case(SEQUENCING, raw, "own streams", 64, await bench.count(raw, 64))
    rounds = bench.rounds(2 if bench.size.quick else _SEQUENCING_ROUNDS)
    for number in range(rounds):
        bench.say(f"{SEQUENCING}: round {number + 1}", number / rounds)
        await bench.turn(by_hand, number)
        before = await published(sequencer)
        lags: list[float] = []
        cpu, seconds, appended = before["cpu_seconds"], 0.0, 0
        slices = _SLICES * (3 if bench.size.quick else _PARTS)
        for slice_ in range(slices):
            command = {"do": "append", "count": count // 2, "concurrency": 64, "manner": "own"}
            answer = await writer.ask(**command, seed=number * slices + slice_ + 1)
            appended += answer["count"]
            seconds += answer["seconds"]
            used = await writer.ask(do="usage")
            lags.append(before["events"] + appended - used["events"])
        after = await published(sequencer, before["events"] + appended)
        bench.results.add(
            Key(SEQUENCING, SEQUENCER, "own streams", 64),
            {
                "rate": round(appended / seconds, 1),
                "cpu_us": round((after["cpu_seconds"] - cpu) / appended * 1e6, 2),
                "lag": lags[-1],
                "growth": round(slope(lowest(lags, _SLICES), appended / slices * _SLICES), 5),
            },
        )


async def feed_catch_up(bench: Bench) -> None:
    """
    The whole feed is read, and the same streams by hand, as many of them side by side.

    Before that, both are read until Java has compiled what reading needs: in a run of all
    scenarios, it would otherwise have compiled only the reads by hand, in the scenarios before.
    """
    events = 20_000 if bench.size.quick else 200_000
    streams = events // _EVENTS_OF_STREAM
    peer = await bench.start(ANNOUNCING, "bench_catch_up", bench.port)
    sequencer = await bench.start(SEQUENCER, "bench_catch_up", bench.port)
    raw = await bench.start(RAW, "bench_catch_up", bench.port)
    bench.say(f"{CATCH_UP}: filling {streams:,} streams", 0)
    fill = {"do": "fill_streams", "streams": streams, "events": _EVENTS_OF_STREAM, "seed": SEED}
    await peer.ask(**fill)
    await published(sequencer, events)
    by_hand = {"do": "read_streams", "streams": streams, "seed": SEED, "concurrency": _CONCURRENCY}
    read = {"do": "read_feed", "every": events // 5}

    async def read_both() -> None:
        await raw.ask(**by_hand)
        await peer.ask(**read)

    await bench.warm_node(CATCH_UP, read_both, 1 if bench.size.quick else _WARMING)

    # Both in a new process each time, as one that begins to build a read model.

    async def measure_by_hand() -> None:
        reader = await bench.start(RAW, "bench_catch_up", bench.port)
        answer = await reader.ask(**by_hand)
        bench.results.add(Key(CATCH_UP, RAW, STREAMS, events), round_of(answer))

    async def measure_feed() -> None:
        reader = await bench.start(ANNOUNCING, "bench_catch_up", bench.port)
        answer = await reader.ask(**read)
        if answer["count"] != events:
            raise PeerFailed(f"the feed has {answer['count']} of {events} events")
        bench.results.add(Key(CATCH_UP, FEED, STREAMS, events), round_of(answer))
        for at, resident in enumerate(answer["resident_mib"], 1):
            key = Key(CATCH_UP, FEED, MEMORY, at * events // 5)
            bench.results.add(key, {"resident_mib": round(resident, 1)})

    rounds = bench.rounds(2 if bench.size.quick else _CATCH_UP_ROUNDS)
    for number in range(rounds):
        bench.say(f"{CATCH_UP}: round {number + 1}", (number + 1) / (rounds + 1))
        measures = measure_by_hand, measure_feed
        for measure in measures if number % 2 else measures[::-1]:
            await measure()


async def _sequenced(bench: Bench, name: str) -> Peer:
    """Return a peer whose feed is sequenced, if it has one."""
    if name == ANNOUNCING:
        # The writer and the sequencer share a keyspace.
        await bench.peer(SEQUENCER, f"bench_{ANNOUNCING}")
    return await bench.required(name)


async def published(sequencer: Peer, events: int = 0) -> dict[str, Any]:
    """Wait until a feed holds so many events, or no longer grows; return the sequencer's usage."""
    used = await sequencer.ask(do="usage")
    while True:
        before = used["events"]
        await asyncio.sleep(0.2)
        used = await sequencer.ask(do="usage")
        if used["events"] >= events and used["events"] == before:
            return used


def lowest(values: list[float], of: int) -> list[float]:
    """Return the lowest of each so many values."""
    return [min(values[at : at + of]) for at in range(0, len(values), of)]


def slope(values: list[float], step: float) -> float:
    """Return the slope of the straight line nearest to values that are *step* apart."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    along = sum((at - middle) * (value - mean) for at, value in enumerate(values))
    return along / spread / step if spread else 0.0


def delivery_budget(one_batch_ms: float) -> float:
    """Return the milliseconds that a delivery may take, if one batch by hand takes so many."""
    return 8 * one_batch_ms + 10
