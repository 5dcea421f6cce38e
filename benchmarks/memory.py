"""The memory of a process while it reads a million events."""

from typing import Final

from .bench import OURS, Bench
from .peer import run_peer
from .results import Key, round_of

_ROUNDS: Final = 2
"""They hardly differ: by a tenth of a MiB."""
_EVERY: Final = 100_000


async def memory(bench: Bench) -> None:
    """Measure the resident set after every 100,000 events of a stream, in a new process."""
    events = 2 * _EVERY if bench.size.quick else 10 * _EVERY
    # A process of its own, since making a million payloads would change later measurements in it.
    async with run_peer(OURS, bench.contact, bench.port, f"bench_{OURS}") as filler:
        stream = await bench.fill(filler, events)
    for number in range(_ROUNDS):
        bench.say(f"memory: reading {events:,} events", number / _ROUNDS)
        async with run_peer(OURS, bench.contact, bench.port, f"bench_{OURS}") as peer:
            answer = await peer.ask(do="read", stream=stream, every=_EVERY)
        numbers = round_of(answer)
        for at, resident in enumerate(answer["resident_mib"]):
            key = Key("memory", OURS, "resident set", at * _EVERY)
            bench.results.add(key, {"resident_mib": round(resident, 1)})
        bench.results.add(Key("memory", OURS, "whole stream", events), numbers)
