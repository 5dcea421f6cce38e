"""The package eventsourcing on SQLite, with a file in a temporary directory."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import sqlite_version
from tempfile import TemporaryDirectory

from .protocol import Options
from .recorders import RecorderPeer
from .threads import ThreadPeer, main

NAME = "eventsourcing_sqlite"


@contextmanager
def open_peer(options: Options) -> Generator[ThreadPeer, None, None]:
    """Create the database."""
    del options
    with TemporaryDirectory(prefix="bench-sqlite-") as directory:
        peer = RecorderPeer(
            NAME,
            "one file in WAL mode, synchronous FULL: each append is synced to disk; expected "
            "version by primary key; a total order of all events; no replication, one machine",
            f"SQLite {sqlite_version} inside this process, so its CPU includes the database's",
            {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(Path(directory) / "events.db"),
                # Many threads wait for the one writer and must not fail.
                "SQLITE_LOCK_TIMEOUT": "60",
                "SQLITE_POOL_TIMEOUT": "60",
            },
        )
        try:
            yield peer
        finally:
            peer.close()


if __name__ == "__main__":
    main(NAME, open_peer)
