"""Appends on a Cassandra: one that EVENT_STORE_CONTACT_POINTS names, or an embedded one."""

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from event_store_async import EventStore
from event_store_async.testing.servers import CassandraServer


@pytest.mark.asyncio
async def test_a_program_appends_and_reads(event_store: EventStore) -> None:
    """Through the plugin's fixture."""
    stream = uuid4()
    result = await event_store.persist_events(stream, [{"n": 1}, {"n": 2}], 0)

    assert result.version == 2
    assert [event.payload["n"] async for event in event_store.read_events(stream)] == [1, 2]


def test_the_command_appends_and_reads(
    event_store_server: CassandraServer, event_store_keyspace: str
) -> None:
    """With the same server."""
    options = event_store_server.options
    points = options["contact_points"]
    where = [
        f"--contact-points={points if isinstance(points, str) else ','.join(points)}",
        f"--port={options['port']}",
        f"--datacenter={next(iter(event_store_server.replication))}",
        f"--keyspace={event_store_keyspace}",
    ]
    stream = str(uuid4())

    run("append", *where, stream, '{"n": 1}')

    assert json.loads(run("read", "--json", *where, stream))["payload"] == {"n": 1}


def run(*arguments: str) -> str:
    """Return what ``event-store`` prints; it must succeed."""
    command = str(Path(sys.executable).with_name("event-store"))
    done = subprocess.run(
        [command, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
