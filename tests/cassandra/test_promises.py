"""
Errors that promise "nothing is stored" are raised only if that is proved.

Each operation meets every pair of a first fault and a last one, and every way in which reading can
fail meanwhile. Whatever error it ends with, the stream shows afterwards whether the error told the
truth, also after requests that arrive late.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from acsylla.errors import CassErrorServerUnauthorized

from event_store_async import (
    ANY,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    ConcurrentModification,
    EventStore,
    EventStoreError,
    InvalidArgument,
    MisuseError,
    NewEvent,
    Persisted,
    RequestRefused,
    RestoreOutcomeUnknown,
    SchemaError,
    StoreClosed,
    StoreOverloaded,
    StoreUnavailable,
    StreamError,
    errors,
)
from event_store_async.maintenance import Restored, StoredEvent

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.stores import QUICK, read_all
from ..fixtures.time import PassingTime, UntilItsDeadline

PROMISING = (
    ConcurrentModification,
    InvalidArgument,
    MisuseError,
    RequestRefused,
    SchemaError,
    StoreOverloaded,
    StoreUnavailable,
    errors.SubjectForgotten,
)
"""The errors of an append or a restore that say, or mean, that nothing is stored by the call."""

SILENT = (AppendOutcomeUnknown, RestoreOutcomeUnknown, StreamError)
"""Those that say nothing of it, or that it may be stored."""


@dataclass
class Late:
    """A request that is lost for its caller, and arrives after the call has ended."""

    arriving: list[asyncio.Task[Any]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, send: faults.Send) -> Any:
        self.arriving.append(asyncio.ensure_future(self._arrive(send)))
        return await faults.lose_request(send)

    async def _arrive(self, send: faults.Send) -> None:
        await self.ended.wait()
        await send()

    async def arrive(self) -> None:
        self.ended.set()
        await asyncio.gather(*self.arriving)


async def passes(send: faults.Send) -> Any:
    """Nothing goes wrong."""
    return await send()


async def closed(send: faults.Send) -> Any:
    """The session was closed by its owner: nothing is sent."""
    del send
    raise RuntimeError("Session closed")


async def forbidden(send: faults.Send) -> Any:
    """The role may not read."""
    del send
    raise CassErrorServerUnauthorized("Unauthorized: no SELECT permission")


async def arrives_late(send: faults.Send) -> Any:
    """See `Late`, which each call has one of."""
    raise NotImplementedError


FIRST = [
    passes,
    arrives_late,
    faults.lose_answer,
    faults.lose_request,
    faults.refuse_connection,
    faults.unavailable,
    faults.commit_unavailable,
    faults.refuse,
    closed,
]
LAST = [faults.lose_request, faults.refuse_connection, faults.refuse, closed, passes]
READS = [passes, faults.refuse_connection, forbidden, closed]

Operation = Callable[[EventStore, UUID], Awaitable[Any]]
"""Adds the events that `ids_of` names to a stream at version 2."""

IDS = [UUID(int=index) for index in (1, 2)]


def stored(stream_id: UUID, version: int) -> StoredEvent:
    event_id = IDS[version - 3]
    return StoredEvent(stream_id, version, b'"new"', 1, event_id, None, "application/json", None)


NEW = [NewEvent("new", event_id=event_id) for event_id in IDS]
OPERATIONS: dict[str, Operation] = {
    "exact": lambda store, stream: store.persist_events(stream, ["new", "new"], 2),
    "exact, identified": lambda store, stream: store.persist_events(stream, NEW, 2),
    "any": lambda store, stream: store.persist_events(stream, ["new", "new"], ANY),
    "any, identified": lambda store, stream: store.persist_events(stream, NEW, ANY),
    "exists, identified": lambda store, stream: store.persist_events(stream, NEW, STREAM_EXISTS),
    "restore": lambda store, stream: store.storage.restore([stored(stream, 3), stored(stream, 4)]),
}


@pytest.mark.parametrize("reading", READS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
async def test_an_error_that_promises_tells_the_truth(
    store: EventStore,
    keyspace: str,
    passing_time: PassingTime,
    operation: Operation,
    reading: faults.Behaviour,
) -> None:
    broken = []
    for first, last in product(FIRST, LAST):
        stream_id, late = uuid4(), Late()
        await store.persist_events(stream_id, ["old", "old"])
        faulty = FaultySession(store._engine.session.raw)
        opened = EventStore(faulty, keyspace=keyspace, settings=QUICK)
        await opened.persist_events(uuid4(), ["prepares the statements"])
        faulty.batches.append(late if first is arrives_late else first)
        faulty.always = last if last is passes else UntilItsDeadline(last, passing_time)
        faulty.reads.extend([reading] * 20)

        outcome = await outcome_of(operation(opened, stream_id))

        await late.arrive()
        there = [event.payload for event in await read_all(store, stream_id)].count("new")
        if not is_true(outcome, there):
            broken.append((first.__name__, last.__name__, repr(outcome), there))
        faulty.always = None
        await opened.close()
    assert broken == []


async def outcome_of(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except EventStoreError as error:
        return error


def is_true(outcome: Any, there: int) -> bool:
    """Return whether an outcome is true of a stream that holds this many of the new events."""
    if isinstance(outcome, Persisted | Restored):
        return there == 2
    if isinstance(outcome, PROMISING):
        return there == 0
    return isinstance(outcome, SILENT) and there in {0, 2}


def every_error() -> Iterator[type[EventStoreError]]:
    for name in errors.__all__:
        yield getattr(errors, name)


def test_every_error_that_promises_is_listed() -> None:
    promising = [
        error
        for error in every_error()
        if "nothing was s" in (inspect.getdoc(error) or "").lower()
        or "nothing is s" in (inspect.getdoc(error) or "").lower()
    ]

    assert promising
    assert [error for error in promising if not issubclass(error, PROMISING)] == []


# Closing while an outcome is in doubt: `close` waits for it


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
async def test_closing_waits_for_what_is_in_doubt(
    store: EventStore, keyspace: str, stream_id: UUID, operation: Operation
) -> None:
    await store.persist_events(stream_id, ["old", "old"])
    faulty, gate = FaultySession(store._engine.session.raw), faults.Gate()
    opened = EventStore(faulty, keyspace=keyspace, settings=QUICK)
    await opened.current_version(uuid4())
    faulty.batches.extend([faults.lose_answer, gate])

    doing = asyncio.ensure_future(operation(opened, stream_id))
    await gate.arrived.wait()  # its answer was lost, and the same is on its way again
    closing = asyncio.ensure_future(opened.close())
    await asyncio.sleep(0)
    gate.opened.set()
    await closing

    assert doing.done()
    assert is_true(doing.result(), 2)
    with pytest.raises(StoreClosed):
        await operation(opened, stream_id)


async def test_a_restore_in_doubt_whose_session_closes_is_unknown(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["old", "old"])
    faulty = FaultySession(store._engine.session.raw)
    opened = EventStore(faulty, keyspace=keyspace, settings=QUICK)
    await opened.current_version(uuid4())
    faulty.batches.extend([faults.lose_answer, closed])

    with pytest.raises(RestoreOutcomeUnknown) as caught:
        await OPERATIONS["restore"](opened, stream_id)

    assert (caught.value.first, caught.value.last) == (3, 4)
    await opened.close()
