"""Scenarios that measure peers on one node. Each adds series to the results."""

from typing import Final

from .bench import OURS, RAW, Bench, Case, append_case, read_case
from .peer import PeerFailed
from .peers import NAMES

CALLERS: Final = (1, 4, 16, 64, 256)
PEER_ROUNDS: Final = 3
CURVE_ROUNDS: Final = 3
PAGE_SIZES: Final = (100, 500, 1000, 2000, 5000, 20_000)


async def hot_path(bench: Bench) -> None:
    """Appends with a stream per caller: ours and the same batch written by hand."""
    cases: list[Case] = []
    for name in (RAW, OURS):
        peer = await bench.required(name)
        for x in (1, 64) if bench.size.quick else CALLERS:
            count = await bench.count(peer, x)
            cases.append(append_case("hot_path", peer, "own streams", x, count))
    await bench.interleave(cases, rounds=min(CURVE_ROUNDS, bench.size.rounds))


async def hot_stream(bench: Bench) -> None:
    """
    Appends of all callers to one stream, without an expected version.

    How the throughput grows with the callers. The comparison with one batch per append, at 64
    callers, is `beside`'s, which restarts the processes.
    """
    callers = (1, 64) if bench.size.quick else CALLERS
    cases: list[Case] = []
    for name, wanted in ((RAW, (1,)), (OURS, callers)):
        peer = await bench.required(name)
        for x in wanted:
            count = await bench.count(peer, x, "hot")
            cases.append(append_case("hot_stream", peer, "one stream", x, count, "hot"))
    await bench.interleave(cases, rounds=min(CURVE_ROUNDS, bench.size.rounds))


async def replay(bench: Bench) -> None:
    """Reading a long stream and decoding its payloads."""
    sizes = (1000, 2000, 5000) if bench.size.quick else PAGE_SIZES
    cases: list[Case] = []
    for name in (RAW, OURS):
        peer = await bench.required(name)
        stream = await bench.fill(peer, bench.size.events)
        await peer.ask(do="read", stream=stream, page_size=None)
        cases += [read_case("replay", peer, "page size", stream, size) for size in sizes]
        if name == OURS:
            cases.append(read_case("replay", peer, "own choice", stream))
    await bench.interleave(cases)


async def peers(bench: Bench) -> None:
    """All peers: one caller, 64 callers on streams of their own, 64 on one stream, and reading."""
    cases: list[Case] = []
    for name in NAMES:
        try:
            peer = await bench.peer(name)
            if peer is None:
                continue
            own: list[Case] = []
            for case, x, manner in (
                ("one caller", 1, "own"),
                ("64 callers, own streams", 64, "own"),
                ("64 callers, one stream", 64, "hot"),
            ):
                bench.say(f"peers: {name}, {case}", 0)
                count = await bench.count(peer, x, manner)
                own.append(append_case("peers", peer, case, x, count, manner))
            stream = await bench.fill(peer, bench.size.events)
            await peer.ask(do="read", stream=stream, page_size=None)
            own.append(read_case("peers", peer, "reading", stream))
        except PeerFailed as error:
            bench.results.notes.append(f"peers: {error}")
        else:
            cases += own
    await bench.interleave(cases, rounds=min(PEER_ROUNDS, bench.size.rounds))
