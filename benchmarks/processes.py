"""Several processes that use the library, on streams of their own and on one stream."""

import asyncio
import statistics
import time
from typing import Final
from uuid import uuid4

from .bench import OURS, Bench
from .peer import Peer
from .results import Key
from .server_clock import ServerClock
from .spread import percentile

PROCESSES: Final = "processes"
HOT: Final = "hot"
LOCKED: Final = "locked"
EXACT: Final = "exact"
_LONGER: Final = 3
"""The factor of the appends to one stream, so that each process has several turns."""
_SHORTER: Final = 8
"""The divisor of the appends with an expected version, which are slow."""
_ATTEMPTS: Final = 200
"""Attempts at an exact version beside rivals."""


async def processes(bench: Bench) -> None:
    """Measure how rates, conflicts and shares scale with one, two and four processes."""
    most = 2 if bench.size.quick else 4
    peers: list[Peer] = []
    for number in range(most):
        bench.say(f"processes: starting {number + 1} of {most}", 0)
        peers.append(await bench.start(OURS, f"bench_{OURS}", bench.port))
        await peers[-1].ask(do="append", count=500, concurrency=16, manner="own")
    assert bench.node_pid is not None
    clock = ServerClock(bench.node_pid)
    count = 600 if bench.size.quick else 2000
    amounts = [x for x in (1, 2, 4) if x <= most]
    rounds = bench.rounds(bench.size.rounds)
    for number in range(rounds):
        for manner in ("own", HOT, LOCKED):
            for x in amounts:
                bench.say(f"processes: {x}, {manner}", number / rounds)
                await _at_once(bench, peers[:x], manner, count, clock)
        for x in amounts:
            bench.say(f"processes: {x}, an exact version", number / rounds)
            await _beside_rivals(bench, peers[:x], count)


async def _at_once(
    bench: Bench, peers: list[Peer], manner: str, count: int, clock: ServerClock
) -> None:
    command = {"do": "append", "count": count, "concurrency": 16, "manner": manner}
    if manner == HOT:
        command |= {"count": count * _LONGER}
    if manner == LOCKED:
        command |= {"concurrency": 1, "count": count // _SHORTER}
    if manner != "own":
        command["stream"] = str(uuid4())
    clock.lap()
    begin = time.perf_counter()
    answers = await asyncio.gather(*(peer.ask(**command) for peer in peers))
    seconds = time.perf_counter() - begin
    lap = clock.lap()
    total = sum(answer["count"] for answer in answers)
    latencies = [it for answer in answers for it in answer["latencies_us"]]
    numbers = {
        "rate": round(total / seconds, 1),
        "cpu_us": round(sum(answer["cpu_seconds"] for answer in answers) / total * 1e6, 2),
        "server_us": round(lap.serving / total * 1e6, 2),
        "p50_ms": round(statistics.median(latencies) / 1000, 3),
        "p99_ms": round(percentile(sorted(latencies), 99) / 1000, 3),
        "longest_ms": round(max(latencies) / 1000, 3),
        "conflicts": sum(answer["conflicts"] for answer in answers) / total,
    }
    if manner != "own":
        # All have the same number of appends: if they share alike, they end together.
        taken = [answer["seconds"] for answer in answers]
        numbers["fairness"] = round(min(taken) / max(taken), 3)
    bench.results.add(Key(PROCESSES, OURS, manner, len(peers)), numbers)


async def _beside_rivals(bench: Bench, peers: list[Peer], count: int) -> None:
    numbers = await beside_rivals(peers, count * _LONGER)
    bench.results.add(Key(PROCESSES, OURS, EXACT, len(peers)), numbers)


async def beside_rivals(peers: list[Peer], count: int) -> dict[str, float]:
    """Attempt to append at an exact version, while the other peers append *count* events at any."""
    stream = str(uuid4())
    one, *rivals = peers
    attempts = {"do": "append", "manner": EXACT, "count": _ATTEMPTS, "concurrency": 1}
    rival = {"do": "append", "manner": HOT, "count": count, "concurrency": 16}
    answer, *_ = await asyncio.gather(
        one.ask(**attempts, stream=stream), *(each.ask(**rival, stream=stream) for each in rivals)
    )
    latencies = sorted(answer["latencies_us"])
    return {
        "p50_ms": round(percentile(latencies, 50) / 1000, 3),
        "p99_ms": round(percentile(latencies, 99) / 1000, 3),
        "longest_ms": round(latencies[-1] / 1000, 3),
        "conflicts": answer["conflicts"] / answer["count"],
    }
