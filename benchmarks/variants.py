"""Variants: the library on nodes with different settings, compared in the same rounds."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from event_store_async.embedded import EmbeddedCassandra, EmbeddedError
from event_store_async.testing.servers import NEVER_RESTARTED

from .bench import OURS, Bench, Case, append_case
from .peer import PeerFailed, run_peer
from .results import Key

_ROUNDS: Final = 2

# Zero means "no period" to Cassandra, which refuses a period unless the mode is periodic.
_GROUP: Final[dict[str, object]] = {
    "commitlog_sync": "group",
    "commitlog_sync_period": "0ms",
    "commitlog_sync_group_window": "2ms",
}
_BATCH: Final[dict[str, object]] = {"commitlog_sync": "batch", "commitlog_sync_period": "0ms"}

VARIANTS: Final[dict[str, dict[str, object]]] = {
    "paxos v2, commit log periodic": {},
    "paxos v1, commit log periodic": {"paxos_variant": "v1"},
    "paxos v2, commit log group (2 ms)": _GROUP,
    "paxos v2, commit log batch": _BATCH,
}

JVM: Final = ("-XX:-UseSerialGC", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=4", *NEVER_RESTARTED)
"""Java options as on a server: all compilers, and the garbage collector of Cassandra's defaults."""
_WARMING: Final = 2000
"""Appends of each manner that warm up a node."""


def node(directory: Path, settings: dict[str, object]) -> EmbeddedCassandra:
    """Return a node that stores its data on disk, with Java options as on a server."""
    return EmbeddedCassandra(
        directory=directory, settings=settings, heap="1G", jvm_options=JVM, progress=False
    )


@asynccontextmanager
async def own_node() -> AsyncGenerator[EmbeddedCassandra, None]:
    """Run such a node until the end of the block; its data is removed."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        async with node(Path(directory), {}) as cluster:
            yield cluster


async def variants(bench: Bench) -> None:
    """Measure the library on one node per variant, in rounds over all of them."""
    async with AsyncExitStack() as stack:
        cases: list[Case] = []
        for name, settings in VARIANTS.items():
            bench.say(f"starting a node: {name}", 0)
            try:
                cases += await _cases(bench, stack, name, settings)
            except (EmbeddedError, PeerFailed) as error:
                bench.results.notes.append(f"variants, {name}: {error}")
                bench.results.failed = True
        await bench.interleave(cases, rounds=min(_ROUNDS, bench.size.rounds))


async def _cases(
    bench: Bench, stack: AsyncExitStack, name: str, settings: dict[str, object]
) -> list[Case]:
    path = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
    cluster = await stack.enter_async_context(node(path, settings))
    peer = await stack.enter_async_context(
        run_peer(OURS, cluster.contact_points[0], cluster.port, "bench_variant")
    )
    await bench.warm(peer, appends=_WARMING)
    cases = []
    for case, x, manner in (
        ("one caller", 1, "own"),
        ("64 callers, own streams", 64, "own"),
        ("64 callers, one stream", 64, "hot"),
    ):
        bench.say(f"variants: {name}, {case}", 0)
        count = await bench.count(peer, x, manner)
        command = append_case("variants", peer, case, x, count, manner).command
        cases.append(Case(Key("variants", name, case, x), peer, command))
    return cases
