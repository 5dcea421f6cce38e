"""The package eventsourcing on PostgreSQL, with a server in a temporary directory."""

from collections.abc import Generator
from contextlib import contextmanager

from .followers import FollowerProcess
from .postgres import run_postgres
from .protocol import Options
from .recorders import RecorderPeer
from .threads import ThreadPeer, main

NAME = "eventsourcing_postgres"
_CONNECTIONS = 16


@contextmanager
def open_peer(options: Options) -> Generator[ThreadPeer, None, None]:
    """Start the server and create the table."""
    del options
    with run_postgres() as server:
        peer = RecorderPeer(
            NAME,
            "PostgreSQL with its default durability: each append is synced to disk; expected "
            "version by primary key; all events numbered by a sequence, whose numbers may become "
            "visible out of order (the package's function takes no lock on the table; without "
            "the function it takes one, and is slower), so that a follower can skip an event; no "
            "replication, one machine",
            f"PostgreSQL {server.version} with default settings, its CPU not counted; psycopg 3, "
            f"{_CONNECTIONS} connections; the package's database functions on, its fastest way; "
            "delivery: ProjectionRunner, woken by NOTIFY, records its progress after each event",
            environment(server.port),
            FollowerProcess(
                "benchmarks.peers.eventsourcing_postgres_follower", "--port", str(server.port)
            ),
        )
        try:
            yield peer
        finally:
            peer.close()


def environment(port: int) -> dict[str, str]:
    """Return the settings of the package's infrastructure, for a server on a port."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": "postgres",
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(port),
        "POSTGRES_USER": "bench",
        "POSTGRES_PASSWORD": "bench",
        "POSTGRES_POOL_SIZE": str(_CONNECTIONS),
        "POSTGRES_MAX_OVERFLOW": "0",
        "POSTGRES_ENABLE_DB_FUNCTIONS": "yes",
        # Many threads wait for a connection and must not fail.
        "POSTGRES_CONNECT_TIMEOUT": "60",
    }


if __name__ == "__main__":
    main(NAME, open_peer)
