"""Scenarios: what is measured of peers on one node. Each adds series to the results."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

import psutil

from .bench import OURS, RAW, Bench, Case, appending, reading
from .peer import Peer
from .peers import NAMES
from .results import Key, round_of

PAGE_SIZES: Final = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)


async def hot_path(bench: Bench) -> None:
    """Appends to streams of their own: ours beside the same batch written by hand."""
    callers = (1, 64) if bench.size.quick else (1, 2, 4, 8, 16, 32, 64, 128, 256)
    cases: list[Case] = []
    for name in (RAW, OURS):
        peer = await bench.peer(name)
        assert peer is not None
        for x in callers:
            count = await bench.count(peer, x)
            cases.append(appending("hot_path", peer, "own streams", x, count))
    await bench.interleave(cases)


async def hot_stream(bench: Bench) -> None:
    """One stream that all append to, expecting no version."""
    callers = (1, 64) if bench.size.quick else (1, 2, 4, 8, 16, 32, 64, 128, 256)
    cases: list[Case] = []
    for name, wanted in ((RAW, (1, 64)), (OURS, callers)):
        peer = await bench.peer(name)
        assert peer is not None
        for x in wanted:
            count = await bench.count(peer, x, "hot")
            cases.append(appending("hot_stream", peer, "one stream", x, count, "hot"))
    await bench.interleave(cases)


async def replay(bench: Bench) -> None:
    """A long stream is read and its payloads decoded."""
    ours, raw = await bench.peer(OURS), await bench.peer(RAW)
    assert ours is not None
    assert raw is not None
    sizes = (1000, 2000, 5000) if bench.size.quick else PAGE_SIZES
    cases: list[Case] = []
    for peer in (raw, ours):
        stream = await bench.fill(peer, bench.size.events)
        await peer.ask(do="read", stream=stream, page_size=None)
        cases += [reading("replay", peer, "page size", stream, size) for size in sizes]
        if peer is ours:
            cases.append(reading("replay", peer, "own choice", stream))
    await bench.interleave(cases)


async def memory(bench: Bench) -> None:
    """The memory of a process that reads a million events."""
    if bench.size.quick:
        return
    peer = await bench.peer(OURS)
    assert peer is not None
    assert peer.process is not None
    for events in (100_000, 1_000_000):
        stream = await bench.fill(peer, events)
        await peer.ask(do="read", stream=stream, page_size=None)
        process = psutil.Process(peer.process.pid)
        before = process.memory_info().rss
        reading_ = asyncio.ensure_future(peer.ask(do="read", stream=stream, page_size=None))
        most = before
        while not reading_.done():
            bench.say(f"memory: reading {events:,} events", 0)
            await asyncio.wait([reading_], timeout=0.02)
            most = max(most, process.memory_info().rss)
        numbers = round_of(await reading_) | {"grown_mib": round((most - before) / 2**20, 1)}
        bench.results.add(Key("memory", OURS, "resident set", events), numbers)


async def processes(bench: Bench) -> None:
    """Several processes of the library's, on streams of their own and on one stream."""
    most = 2 if bench.size.quick else 4
    peers: list[Peer] = []
    for _ in range(most):
        peers.append(await bench.start(OURS, "bench_ours", bench.port))
    count = 1000 if bench.size.quick else 3000
    amounts = [x for x in (1, 2, 4) if x <= most]
    for number in range(bench.size.rounds):
        for streams in ("own", "hot", "locked"):
            for x in amounts:
                bench.say(f"processes: {x}, {streams}", number / bench.size.rounds)
                await _at_once(bench, peers[:x], streams, count)


async def _at_once(bench: Bench, peers: list[Peer], streams: str, count: int) -> None:
    command = {"do": "append", "count": count, "concurrency": 16, "streams": streams}
    if streams == "locked":
        command |= {"concurrency": 1, "count": count // 4}
    if streams != "own":
        command["stream"] = str(uuid4())
    begin = time.perf_counter()
    answers = await asyncio.gather(*(peer.ask(**command) for peer in peers))
    seconds = time.perf_counter() - begin
    total = sum(answer["count"] for answer in answers)
    latencies = [it for answer in answers for it in answer["latencies_us"]]
    bench.results.add(
        Key("processes", OURS, streams, len(peers)),
        {
            "rate": round(total / seconds, 1),
            "p50_ms": round(statistics.median(latencies) / 1000, 3),
            "conflicts": sum(answer["conflicts"] for answer in answers) / total,
        },
    )


async def peers(bench: Bench) -> None:
    """Everybody on this machine: one caller, 64 on streams of their own, 64 on one, and reading."""
    if bench.size.quick:
        return
    cases: list[Case] = []
    for name in NAMES:
        peer = await bench.peer(name)
        if peer is None:
            continue
        for case, x, streams in (
            ("one caller", 1, "own"),
            ("64 callers, own streams", 64, "own"),
            ("64 callers, one stream", 64, "hot"),
        ):
            count = await bench.count(peer, x, streams)
            cases.append(appending("peers", peer, case, x, count, streams))
        stream = await bench.fill(peer, bench.size.events)
        cases.append(reading("peers", peer, "reading", stream))
    await bench.interleave(cases)


SCENARIOS: Final[dict[str, Callable[[Bench], Awaitable[None]]]] = {
    "hot_path": hot_path,
    "hot_stream": hot_stream,
    "replay": replay,
    "memory": memory,
    "processes": processes,
    "peers": peers,
}
"""The scenarios on the main node, in order."""
