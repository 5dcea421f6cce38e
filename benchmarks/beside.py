"""Ours compared with raw, as fairly as one machine allows: the measurement for the append goals."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

from .bench import AGAIN, OURS, RAW, Bench, Case, append_case
from .peer import Peer, run_peer
from .peers import SINGLY, WITH_RESULT

SCENARIO: Final = "beside"
_MEASURED: Final = (
    ("own streams", 1, "own", 1, (RAW, OURS)),
    ("own streams", 64, "own", 4, (WITH_RESULT, RAW, OURS)),
    ("one stream", 64, "hot", 1, (RAW, SINGLY, OURS)),
)
"""Case, callers, streams, factor of the usual time, and peers. When the server is busiest, its
flushes and compactions make shorter turns differ by a third. Ours and raw follow each other."""
_NAMES: Final = (RAW, WITH_RESULT, OURS, SINGLY)
_STARTS: Final = 5
_ROUNDS: Final = 3
_Turn: TypeAlias = tuple[str, str, int]  # peer, case, callers


async def beside(bench: Bench) -> None:
    """
    Measure peers right after each other, in processes that are restarted every few rounds.

    Measurements within a second of each other meet the same conditions. Processes are restarted
    because one process and its connection may stay about 10 % faster than another of the same
    code. The order alternates because the first peer finds an idle server.
    """
    starts = 1 if bench.size.quick else bench.rounds(_STARTS)
    rounds = bench.rounds(5) if bench.size.quick else _ROUNDS
    counts: dict[_Turn, int] = {}
    for start in range(starts):
        async with AsyncExitStack() as stack:
            cases: dict[_Turn, Case] = {}
            for name in _NAMES if start % 2 else _NAMES[::-1]:
                bench.say(f"{SCENARIO}: starting {name}", start / starts)
                peer = await stack.enter_async_context(
                    run_peer(name, bench.contact, bench.port, f"bench_beside_{name}")
                )
                bench.results.peers.setdefault(name, peer.about)
                # The scenarios before have warmed the node with the same statements.
                manners = dict.fromkeys(each[2] for each in _MEASURED if name in each[4])
                await bench.warm(peer, manners, appends=AGAIN)
                cases |= await _cases(bench, peer, counts)
            for number in range(rounds):
                for turn in _turns(start + number):
                    bench.say(f"{SCENARIO}: {' '.join(map(str, turn))}", start / starts)
                    await bench.turn(cases[turn], start * rounds + number)


async def _cases(bench: Bench, peer: Peer, counts: dict[_Turn, int]) -> dict[_Turn, Case]:
    """Return a peer's cases; *counts* keeps their numbers of appends, the same in each start."""
    cases: dict[_Turn, Case] = {}
    for case, x, manner, longer, wanted in _MEASURED:
        turn = peer.name, case, x
        if peer.name not in wanted:
            continue
        if turn not in counts:
            counts[turn] = longer * await bench.count(peer, x, manner)
        cases[turn] = append_case(SCENARIO, peer, case, x, counts[turn], manner)
    return cases


def _turns(number: int) -> Iterator[_Turn]:
    """Return the turns of a round, case by case; every other round in the reverse order."""
    for case, x, _, _, wanted in _MEASURED:
        for name in wanted if number % 2 else wanted[::-1]:
            yield name, case, x
