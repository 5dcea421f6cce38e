"""
What a batch on one stream costs, by its size: client and server in CPU time, and the time it takes.

Batches by hand show what a batch costs as such, and each member of it; the library with as many
callers shows what its client adds. `hot_model` makes a model of that.
"""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

from .bench import OURS, RAW, Bench, Case, append_case
from .peer import Peer, run_peer
from .peers import BATCHES
from .results import Key
from .server_clock import ServerClock

HOT_COSTS: Final = "hot_costs"
SIZES: Final = (1, 8, 16, 32, 64)
MANY: Final = SIZES[-1]
BY_SIZE: Final = "one stream"
BEFORE: Final = "encoded and bound before the clock starts"
SHORT: Final = "payloads of 20 bytes"
LONG: Final = "payloads of 2,000 bytes"
EVERY_COLUMN: Final = "with types and metadata"
SHARED: Final = "shared by 64 callers"
_OTHERS: Final[dict[str, dict[str, Any]]] = {
    BEFORE: {"before": True},
    SHORT: {"payload_bytes": 20},
    LONG: {"payload_bytes": 2000},
    EVERY_COLUMN: {"every_column": True},
}
_SECONDS: Final = 0.4
_STARTS: Final = 3
_ROUNDS: Final = 2
_IDLE_SECONDS: Final = 2.0
_WARMING: Final = 12
"""The most laps of warming up, of about half a second."""


async def hot_costs(bench: Bench) -> None:
    """
    Measure batches of each size by hand, and the library with as many callers.

    The machine's load makes times longer, and hardly changes CPU times. Processes are restarted
    as in `beside`, since one may stay faster than another of the same code.
    """
    assert bench.node_pid is not None
    clock = ServerClock(bench.node_pid)
    counts: dict[Key, int] = {}
    idle = 0.0
    starts = bench.rounds(_STARTS)
    for start in range(starts):
        async with AsyncExitStack() as stack:
            peers: dict[str, Peer] = {}
            for name in (RAW, OURS, BATCHES) if start % 2 else (BATCHES, OURS, RAW):
                bench.say(f"{HOT_COSTS}: starting {name}", start / starts)
                running = run_peer(name, bench.contact, bench.port, f"bench_{HOT_COSTS}_{name}")
                peers[name] = await stack.enter_async_context(running)
                bench.results.peers.setdefault(name, peers[name].about)
            laps = _WARMING if start == 0 else 1
            await bench.warm_node(HOT_COSTS, partial(_warm, peers), laps)
            if start == 0:
                clock.lap()
                await asyncio.sleep(_IDLE_SECONDS)
                idle = clock.lap().serving / _IDLE_SECONDS
            cases = [await _sized(case, counts) for case in _cases(peers)]
            for number in range(start * _ROUNDS, (start + 1) * _ROUNDS):
                for turn, case in enumerate(cases if number % 2 else cases[::-1]):
                    done = number + turn / len(cases)
                    bench.say(
                        f"{HOT_COSTS}: {case.key.subject}, {case.key.case} {case.key.x}",
                        done / starts / _ROUNDS,
                    )
                    clock.lap()
                    numbers = await bench.turn(case, number)
                    lap, events = clock.lap(), _events(case.command)
                    serving = max(0.0, lap.serving - idle * lap.passed)
                    numbers["server_us"] = round(serving / events * 1e6, 2)
                    numbers["storing_us"] = round(lap.storing / events * 1e6, 2)


async def _warm(peers: dict[str, Peer]) -> None:
    """Send batches of each kind."""
    await peers[BATCHES].ask(do="batches", count=100, members=MANY)
    await peers[OURS].ask(do="append", count=100 * MANY, concurrency=MANY, manner="hot")
    await peers[RAW].ask(do="append", count=200, concurrency=MANY, manner="hot")


def _cases(peers: dict[str, Peer]) -> list[Case]:
    """Return the cases, those that are compared next to each other; without their lengths."""
    cases: list[Case] = []
    for x in SIZES:
        cases.append(_batches(peers[BATCHES], BY_SIZE, x))
        cases.append(append_case(HOT_COSTS, peers[OURS], BY_SIZE, x, 0, "hot"))
    cases.append(append_case(HOT_COSTS, peers[BATCHES], SHARED, MANY, 0, "hot"))
    cases.append(append_case(HOT_COSTS, peers[RAW], BY_SIZE, MANY, 0, "hot"))
    cases += [_batches(peers[BATCHES], case, MANY, **more) for case, more in _OTHERS.items()]
    return cases


def _batches(peer: Peer, case: str, members: int, **more: Any) -> Case:
    command = {"do": "batches", "count": 0, "members": members, **more}
    return Case(Key(HOT_COSTS, peer.name, case, members), peer, command)


async def _sized(case: Case, counts: dict[Key, int]) -> Case:
    """Return a case that takes about `_SECONDS`: the same length in each start."""
    if case.key not in counts:
        probe = 20 * (case.command.get("concurrency") or 1)
        answer = await case.peer.ask(**{**case.command, "count": probe})
        wanted = int(probe / answer["seconds"] * _SECONDS)
        counts[case.key] = max(probe, min(wanted, 60_000))
    return Case(case.key, case.peer, {**case.command, "count": counts[case.key]})


def _events(command: dict[str, Any]) -> int:
    events: int = command["count"] * command.get("members", 1)
    return events
