"""
The peers of the benchmark, each a process of its own, so that its CPU and memory are separate.

``python -m benchmarks.peers.NAME --contact 127.0.0.1 --port 9042 --keyspace bench_NAME`` speaks
the line protocol of `protocol` on its standard streams.
"""

from typing import Final

REPLICAS: Final = 1
"""The replicas of each event, except on three nodes. Pekko's plugin has the same by default."""

REPLICATION: Final = {"datacenter1": REPLICAS}
"""The same, as `EventStore.create_schema` takes it."""

NAMES: Final = (
    "raw_acsylla",
    "ours",
    "cassandra_driver",
    "pekko",
    "eventsourcing_postgres",
    "eventsourcing_sqlite",
    "umadb",
)
"""The peers, in the order shown; the first is the limit of what the library can reach."""

SINGLY: Final = "ours_singly"
"""The library with one event per batch: measured like a peer, but not shown as one."""

BATCHES: Final = "raw_batches"
"""The limit of one stream: batches of many events by hand, one after another."""

WITH_WRITE: Final = "raw_with_write"
"""The limit of an append with a feed: a plain quorum write by hand before the batch by hand."""

WITH_RESULT: Final = "raw_with_result"
"""The least that an append of the library can take: its checks and its result, by hand else."""

BATCHES_WITH_WRITE: Final = "raw_batches_with_write"
"""The limit of one stream with a feed: the same before each of the batches of `BATCHES`."""

FEED: Final = "ours_feed"
"""The library on a table with a feed: the process that appends sequences as well."""

ANNOUNCING: Final = "ours_announcing"
"""The library on a table with a feed that `SEQUENCER` sequences."""

SEQUENCER: Final = "ours_sequencer"
"""A process that sequences the feed of `ANNOUNCING`, and does nothing else."""

STEPPING: Final = "ours_stepping"
"""As `SEQUENCER`, step by step, so that its instructions can be counted."""

RUNNER: Final = "eventsourcing_projection"
"""The projection runner of the package eventsourcing, with a view in PostgreSQL."""

DELIVERING: Final = (FEED, "pekko", "eventsourcing_postgres", "umadb")
"""The peers that deliver events to another process."""

_ON_CASSANDRA: Final = ("within 10 s", f"a quorum; here {REPLICAS}")
_ON_ONE_MACHINE: Final = ("when answered", "one machine")

IN_SHORT: Final[dict[str, tuple[str, str, str]]] = {
    "raw_acsylla": ("by the server", *_ON_CASSANDRA),
    "ours": ("by the server, settled", *_ON_CASSANDRA),
    "cassandra_driver": ("by the server", *_ON_CASSANDRA),
    "pekko": ("not at all", *_ON_CASSANDRA),
    "eventsourcing_postgres": ("by the primary key", *_ON_ONE_MACHINE),
    "eventsourcing_sqlite": ("by the primary key", *_ON_ONE_MACHINE),
    "umadb": ("by a condition, if given", *_ON_ONE_MACHINE),
}
"""For each peer: how versions are checked, when an append is on disk, and the copies."""

DELIVERED: Final[dict[str, tuple[str, str]]] = {
    FEED: ("polls, every 8 ms while events arrive", "every event, in one order"),
    "pekko": (
        "polls every 3 s, and stays 5 s behind",
        "every event; after a restart, one that was written late can be missed",
    ),
    "eventsourcing_postgres": (
        "a notification, and then a query",
        "an event whose number becomes visible late can be missed",
    ),
    "umadb": ("its server sends them", "every event, in one order"),
}
"""For each of `DELIVERING`: how a follower learns of events, and which of them it gets."""
