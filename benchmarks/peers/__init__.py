"""
The peers that the benchmark compares: each a process of its own, so that its CPU and memory are.

``python -m benchmarks.peers.NAME --contact 127.0.0.1 --port 9042 --keyspace bench_NAME`` speaks
the line protocol of `protocol` on its standard streams.
"""

from typing import Final

NAMES: Final = (
    "raw_acsylla",
    "ours",
    "cassandra_driver",
    "pekko",
    "eventsourcing_postgres",
    "eventsourcing_sqlite",
    "umadb",
)
"""The peers, in the order in which to show them: the first is the limit of what ours can reach."""
