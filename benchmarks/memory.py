"""The memory of a process that reads a million events, as it goes on."""

from typing import Final

from .bench import OURS, Bench
from .peer import starting
from .results import Key, round_of

_EVERY: Final = 100_000


async def memory(bench: Bench) -> None:
    """Note the resident set at each 100,000 events of a stream, in a process that is fresh."""
    events = 2 * _EVERY if bench.size.quick else 10 * _EVERY
    # A process of its own: a million payloads leave traces in it, and others have their turn yet.
    async with starting(OURS, bench.contact, bench.port, f"bench_{OURS}") as filling:
        stream = await bench.fill(filling, events)
    for number in range(bench.size.rounds):
        bench.say(f"memory: reading {events:,} events", number / bench.size.rounds)
        async with starting(OURS, bench.contact, bench.port, f"bench_{OURS}") as peer:
            answer = await peer.ask(do="read", stream=stream, every=_EVERY)
        numbers = round_of(answer)
        for at, resident in enumerate(answer["resident_mib"]):
            key = Key("memory", OURS, "resident set", at * _EVERY)
            bench.results.add(key, {"resident_mib": round(resident, 1)})
        bench.results.add(Key("memory", OURS, "whole stream", events), numbers)
