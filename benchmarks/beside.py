"""Ours beside raw: what the goals of appending are held against, as fairly as one machine can."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

from .bench import OURS, RAW, Bench, Case, appending
from .peer import Peer, starting
from .peers import SINGLY

SCENARIO: Final = "beside"
_MEASURED: Final = (
    ("own streams", 1, "own", 1, (RAW, OURS)),
    ("own streams", 64, "own", 4, (RAW, OURS)),
    ("one stream", 64, "hot", 1, (RAW, SINGLY, OURS)),
)
"""What is measured, of whom, and how many times as long as elsewhere: where the server is busiest,
what it does in between (writing out, compacting) makes shorter turns differ by a third."""
_STARTS: Final = 7
_ROUNDS: Final = 3
_Turn: TypeAlias = tuple[str, str, int]  # a peer, what it does, how many callers


async def beside(bench: Bench) -> None:
    """
    Pairs that do the same thing one behind the other, in processes that are started again.

    Neighbours within a second of each other meet the same machine. New processes, because one
    process and its connection may be some 10 % faster than another of the same code for as long as
    they last; in turns, because whoever comes first finds a server that has rested.
    """
    starts = 1 if bench.size.quick else _STARTS
    rounds = 5 if bench.size.quick else _ROUNDS
    counts: dict[_Turn, int] = {}
    for start in range(starts):
        async with AsyncExitStack() as stack:
            cases: dict[_Turn, Case] = {}
            for name in (RAW, OURS, SINGLY) if start % 2 else (SINGLY, OURS, RAW):
                bench.say(f"{SCENARIO}: starting {name}", start / starts)
                peer = await stack.enter_async_context(
                    starting(name, bench.contact, bench.port, f"bench_beside_{name}")
                )
                bench.results.peers.setdefault(name, peer.about)
                await bench.warm(peer)
                cases |= await _cases(bench, peer, counts)
            for number in range(rounds):
                for turn in _turns(start + number):
                    bench.say(f"{SCENARIO}: {' '.join(map(str, turn))}", start / starts)
                    await bench.turn(cases[turn], start * rounds + number)


async def _cases(bench: Bench, peer: Peer, counts: dict[_Turn, int]) -> dict[_Turn, Case]:
    """Return what a peer does; *counts* keeps how many appends that is, the same in each start."""
    cases: dict[_Turn, Case] = {}
    for case, x, streams, longer, wanted in _MEASURED:
        turn = peer.name, case, x
        if peer.name not in wanted:
            continue
        if turn not in counts:
            counts[turn] = longer * await bench.count(peer, x, streams)
        cases[turn] = appending(SCENARIO, peer, case, x, counts[turn], streams)
    return cases


def _turns(number: int) -> Iterator[_Turn]:
    """Return whose turns a round has, neighbours together; every other round the other way."""
    for case, x, _, _, wanted in _MEASURED:
        for name in wanted if number % 2 else wanted[::-1]:
            yield name, case, x
