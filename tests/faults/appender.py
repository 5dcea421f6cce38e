"""Appender: a process that carries out one order, ``python -m tests.faults.appender``."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from event_store_async import (
    ANY,
    ConcurrentModification,
    EventStore,
    NewEvent,
    Settings,
)

from ..fixtures.server import Server

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What to append.

    Attributes:
        contact_points: The addresses to connect to.
        port: The port.
        datacenter: The datacenter.
        keyspace: The keyspace.
        stream: The stream.
        expected: An exact version; None for any.
        appends: The ids of the events of each append. All appends start at once.
        timeout: The time limit of each append, in seconds.
    """

    contact_points: tuple[str, ...]
    port: int
    datacenter: str | None
    keyspace: str
    stream: str
    expected: int | None = None
    appends: tuple[tuple[str, ...], ...]
    timeout: float = 200.0


async def in_another_process(
    server: Server,
    keyspace: str,
    stream: UUID,
    *appends: tuple[UUID, ...],
    expected: int | None = None,
) -> list[dict[str, Any]]:
    """Append from another process; return the outcome of each append."""
    order = Order(
        contact_points=tuple(server.contact_points),
        port=server.port,
        datacenter=server.local_datacenter,
        keyspace=keyspace,
        stream=str(stream),
        expected=expected,
        appends=tuple(tuple(map(str, ids)) for ids in appends),
    )
    command = [sys.executable, "-m", "tests.faults.appender"]
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(_PATIENCE):
            answer, _ = await process.communicate(json.dumps(asdict(order)).encode())
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode == 0
    outcomes: list[dict[str, Any]] = json.loads(answer)
    return outcomes


async def _carry_out(order: Order) -> list[dict[str, Any]]:
    async with EventStore.connect(
        order.contact_points,
        port=order.port,
        keyspace=order.keyspace,
        local_datacenter=order.datacenter,
        settings=Settings(timeout=order.timeout),
    ) as store:
        return await asyncio.gather(*(_append(store, order, ids) for ids in order.appends))


async def _append(store: EventStore, order: Order, ids: tuple[str, ...]) -> dict[str, Any]:
    events = [NewEvent({"id": event}, event_id=UUID(event)) for event in ids]
    expected = ANY if order.expected is None else order.expected
    try:
        result = await store.try_persist_events(UUID(order.stream), events, expected)
    except Exception as error:  # noqa: BLE001 - reported to the caller
        return {"error": repr(error)}
    if isinstance(result, ConcurrentModification):
        return {"conflict": result.actual_version}
    return {"version": result.version, "earlier": result.stored_earlier}


if __name__ == "__main__":
    given = json.loads(sys.stdin.read())
    print(json.dumps(asyncio.run(_carry_out(Order(**given)))))
