"""Three nodes, a replica on each: ours beside raw, and what a node that hangs costs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from event_store_async import EventStore
from event_store_async.cassandra.driver.port import SILENCE
from event_store_async.embedded import EmbeddedCassandra

from .bench import OURS, RAW, Bench, Case, append_case
from .peer import Peer, run_peer
from .peers import FEED
from .results import Key
from .variants import JVM

REPLICAS: Final = "replicas"
ONE: Final = "one caller"
OWN: Final = "64 callers, own streams"
ONE_STREAM: Final = "64 callers, one stream"
HANGS: Final = "while a node hangs"
WITHOUT: Final = "once it is left out"
CALLERS: Final = 16
"""Callers while a node hangs."""

_NODES: Final = 3
_MEASURED: Final = ((ONE, 1, "own"), (OWN, 64, "own"), (ONE_STREAM, 64, "hot"))
_ROUNDS: Final = 2
_WARMING: Final = 300
_RETURNING: Final = 4.0
"""Seconds for a node to catch up after it hung."""


async def replicas(bench: Bench) -> None:
    """
    Measure raw and ours, with and without a feed, on three nodes; then with one that hangs.

    The nodes share the cores of this machine, so only ratios mean something.
    """
    async with AsyncExitStack() as stack:
        bench.say(f"{REPLICAS}: starting {_NODES} nodes", 0)
        cluster = await stack.enter_async_context(_cluster(stack))
        peers = [
            await stack.enter_async_context(_peer(cluster, name)) for name in (RAW, OURS, FEED)
        ]
        cases: list[Case] = []
        for case, x, manner in _MEASURED:
            for peer in peers:
                count = await bench.count(peer, x, manner)
                cases.append(append_case(REPLICAS, peer, case, x, count, manner))
        await bench.interleave(cases, rounds=_ROUNDS)
        hanging = [(node, peer) for node in cluster.nodes[1:] for peer in peers[1:]]
        for number, (node, peer) in enumerate(hanging):
            bench.say(f"{REPLICAS}: a node hangs, {peer.name}", 0.6 + number / 10)
            node.pause()
            try:
                await _hanging(bench, peer)
            finally:
                node.resume()
            await asyncio.sleep(_RETURNING)


async def _hanging(bench: Bench, peer: Peer) -> None:
    command = {"do": "append", "concurrency": CALLERS, "manner": "own"}
    for case, count in ((HANGS, CALLERS * 4), (WITHOUT, CALLERS * 20)):
        answer = await peer.ask(**command, count=count)
        longest = max(answer["latencies_us"]) / 1_000_000
        numbers = {
            "longest_ms": round(longest * 1000),
            "of_silence": round(longest / SILENCE, 3),
            "rate": round(count / answer["seconds"], 1),
        }
        bench.results.add(Key(REPLICAS, peer.name, case, CALLERS), numbers)


def _cluster(stack: AsyncExitStack) -> EmbeddedCassandra:
    path = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
    return EmbeddedCassandra(_NODES, directory=path, heap="512M", jvm_options=JVM, progress=False)


@asynccontextmanager
async def _peer(cluster: EmbeddedCassandra, name: str) -> AsyncGenerator[Peer, None]:
    """Run a peer on a keyspace with a replica on each node, warmed up."""
    contact, keyspace = cluster.contact_points[0], f"{REPLICAS}_{name}"
    async with EventStore.connect(
        contact, port=cluster.port, keyspace=keyspace, local_datacenter=cluster.local_datacenter
    ) as store:
        # The peers find the keyspace, and leave its replication as it is.
        await store.create_schema({cluster.local_datacenter: _NODES}, feed=name == FEED)
    async with run_peer(name, contact, cluster.port, keyspace) as peer:
        for manner in ("own", "hot"):
            await peer.ask(do="append", count=_WARMING, concurrency=16, manner=manner)
        yield peer
