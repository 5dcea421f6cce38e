"""docs/moving-data.md: its commands and its program, from top to bottom, in an empty folder."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from ..docs.blocks import blocks
from ..docs.session import run, shell
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

PAGE = Path(__file__).parents[2] / "docs" / "moving-data.md"


@pytest.mark.timeout(300)
async def test_the_page_can_be_followed(server: Server, tmp_path: Path) -> None:
    if server.embedded is None:
        pytest.skip("the page names keyspaces that may be in use on this cluster")
    environment = {
        "EVENT_STORE_CONTACT_POINTS": ",".join(server.contact_points),
        "EVENT_STORE_PORT": str(server.port),
        "EVENT_STORE_DATACENTER": server.local_datacenter or "",
    }
    async with server.connect("bank") as store, server.connect("bank_copy") as copy:
        for one, name in ((store, "bank"), (copy, "bank_copy")):
            await drop_keyspace(one, name)  # other documents use it, too
        try:
            await store.create_schema(server.replication)
            await copy.create_schema(server.replication)
            for length in (1, 7, 30):
                await store.persist_events(uuid4(), range(length))
            steps = [block for block in blocks(PAGE) if block.mark[0] == "run by"]
            printed = []
            for step in steps:
                if step.language == "sh":
                    done = asyncio.to_thread(
                        shell, step.text, cwd=tmp_path, environment=environment
                    )
                else:
                    program = [sys.executable, "-c", step.text]
                    done = asyncio.to_thread(run, program, cwd=tmp_path, environment=environment)
                printed.append(await done)
                assert step.output is None or printed[-1] == step.output
        finally:
            await drop_keyspace(store, "bank")
            await drop_keyspace(copy, "bank_copy")

    assert len(steps) == 3
    digests = [line for line in printed[0].splitlines() if line.startswith("digest")]
    assert len({line.removesuffix(", of the file") for line in digests}) == 1
    assert len(digests) == 4
    assert "events    38" in printed[1]
