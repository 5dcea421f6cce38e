"""Ours beside raw: what the goals of appending are held against, as fairly as one machine can."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

from .bench import OURS, RAW, Bench, Case, appending
from .peer import starting
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


async def beside(bench: Bench) -> None:
    """
    Pairs that do the same thing one behind the other, in processes that are started again.

    Neighbours within a second of each other meet the same machine. New processes, because one
    process and its connection may be some 10 % faster than another of the same code for as long as
    they last; in turns, because whoever comes first finds a server that has rested.
    """
    starts = 1 if bench.size.quick else _STARTS
    rounds = 5 if bench.size.quick else _ROUNDS
    counts: dict[tuple[str, int, str], int] = {}
    for start in range(starts):
        async with AsyncExitStack() as stack:
            names = [RAW, OURS, SINGLY] if start % 2 else [SINGLY, OURS, RAW]
            cases: dict[tuple[str, str, int], Case] = {}
            for name in names:
                bench.say(f"{SCENARIO}: starting {name}", start / starts)
                keyspace = f"bench_beside_{name}"
                peer = await stack.enter_async_context(
                    starting(name, bench.contact, bench.port, keyspace)
                )
                bench.results.peers.setdefault(name, peer.about)
                await bench.warm(peer)
                for case, x, streams, longer, wanted in _MEASURED:
                    if name in wanted:
                        if (name, x, streams) not in counts:
                            counts[name, x, streams] = longer * await bench.count(peer, x, streams)
                        count = counts[name, x, streams]
                        cases[name, case, x] = appending(SCENARIO, peer, case, x, count, streams)
            for number in range(rounds):
                for key in _turns(start + number):
                    bench.say(f"{SCENARIO}: {' '.join(map(str, key))}", start / starts)
                    await bench.turn(cases[key], start * rounds + number)


def _turns(number: int) -> Iterator[tuple[str, str, int]]:
    """Return whose turns a round has, neighbours together; every other round the other way."""
    for case, x, _, _, wanted in _MEASURED:
        for name in wanted if number % 2 else wanted[::-1]:
            yield name, case, x
