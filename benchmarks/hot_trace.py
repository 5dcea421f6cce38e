"""
Where the time of a batch on one stream goes at the server: ``python -m benchmarks.hot_trace``.

Cassandra traces batches by hand of one event and of 64, and this prints the median of each phase of
Paxos. A trace is a list of moments; a phase lasts from its first moment to that of the next phase.
Tracing itself takes time, so compare the phases with each other only.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

from .hot_costs import MANY
from .peers.payloads import make_payloads
from .peers.protocol import Options
from .peers.raw_acsylla import open_session
from .peers.raw_batches import RawBatches
from .tables import table
from .variants import own_node

PHASES: Final = {
    "receiving the batch": "",
    "choosing a ballot": "Reading existing values",
    "promising": "Preparing ",
    "reading the version": "Executing single-partition query",
    "making the update, and proposing it": "CAS precondition is met",
    "accepting it": "Accepting ",
    "committing it to the log and the table": "Committing ",
    "answering": "CAS successful",
}
"""Phases in their order, and how the text of the first moment of each begins."""
_WARMING: Final = 300
_TRACED: Final = 25


def phases(moments: Sequence[tuple[str, int]], whole: int) -> Counter[str]:
    """
    Return the microseconds of each phase.

    Args:
        moments: The text of each moment of a trace, and its microseconds since the beginning.
        whole: The microseconds of the whole request.
    """
    found: Counter[str] = Counter()
    (phase, _), *coming = PHASES.items()
    since = 0
    for text, elapsed in sorted(moments, key=lambda moment: moment[1]):
        if coming and text.startswith(coming[0][1]):
            found[phase] += elapsed - since
            (phase, _), since = coming.pop(0), elapsed
    found[phase] += max(0, whole - since)
    return found


def phase_table(traced: dict[int, list[Counter[str]]]) -> str:
    """Return the medians of the phases, for each number of events in a batch."""
    rows = [
        [phase, *(f"{median(each[phase] for each in found):,.0f}" for found in traced.values())]
        for phase in PHASES
    ]
    whole = ["whole", *(f"{median(each.total() for each in it):,.0f}" for it in traced.values())]
    head = ["µs, traced", *(f"events: {members}" for members in traced)]
    return table(head, [*rows, whole])


async def trace(peer: RawBatches, session: Any, members: int) -> list[Counter[str]]:
    """Append batches of so many events to a new stream, and return the phases of the last ones."""
    stream, found = uuid4(), []
    payloads = make_payloads(members, 200, 1)
    for number in range(_WARMING + _TRACED):
        batch = peer.bound(stream, number * members, payloads)
        batch.set_tracing(number >= _WARMING)
        result = await session.execute_batch(batch)
        if number >= _WARMING:
            found.append(await _phases(session, result.tracing_id))
    return found


async def _phases(session: Any, traced: UUID | str) -> Counter[str]:
    about = f"SELECT duration FROM system_traces.sessions WHERE session_id = {traced}"
    moments = (
        f"SELECT activity, source_elapsed FROM system_traces.events WHERE session_id = {traced}"
    )
    async with asyncio.timeout(30):
        while True:  # a trace is written after the answer
            rows = [row.as_tuple() for row in await session.query(about)]
            if rows and rows[0][0] is not None:
                found = [row.as_tuple() for row in await session.query(moments)]
                return phases([(text, elapsed) for text, elapsed in found], rows[0][0])
            await asyncio.sleep(0.05)


async def main() -> None:
    """Start a node, trace, and print."""
    async with own_node() as cluster:
        options = Options(cluster.contact_points[0], cluster.port, "hot_trace")
        async with open_session(options) as (session, prepared):
            peer = RawBatches(session, *prepared)
            traced = {members: await trace(peer, session, members) for members in (1, MANY)}
    print(phase_table(traced))


if __name__ == "__main__":
    asyncio.run(main())
