"""Prepared statements: which ones a store prepares, when, and how often."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import pytest
from acsylla.errors import CassErrorServerInvalidQuery

from event_store_async import EventStore, RequestRefused
from event_store_async.cassandra.driver import hedge

from ..fixtures.faulty import FaultySession, Send
from ..fixtures.stores import QUICK, read_all

QUESTIONS = 6
"""What the check of the schema asks: feed, release, keyspace, table, columns, migrations."""


class PreparingSession(FaultySession):
    """Notes what is prepared, by the first words; refuses as often as it is told."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.prepared: list[str] = []
        self.refuses = 0

    async def create_prepared(self, statement: str) -> Any:
        self.prepared.append(statement.split(maxsplit=1)[0])
        if self.refuses:
            self.refuses -= 1
            raise CassErrorServerInvalidQuery("no")
        return await super().create_prepared(statement)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no question twice, however busy the machine is: they are counted."""
    monkeypatch.setattr(hedge, "PATIENCE", 60.0)


@pytest.fixture
def session(store: EventStore) -> PreparingSession:
    return PreparingSession(store._engine.session.raw)


@pytest.fixture
async def new(session: PreparingSession, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store that has not been used yet."""
    async with EventStore(session, keyspace=keyspace, settings=QUICK) as opened:
        yield opened


APPENDING = ["UPDATE", "UPDATE", "UPDATE", "INSERT", "INSERT"]


@pytest.mark.without_feed
async def test_a_store_that_only_appends_prepares_no_query(
    new: EventStore, session: PreparingSession, stream_id: UUID
) -> None:
    for version in range(3):
        await new.persist_events(stream_id, ["a"], version)

    assert session.prepared == APPENDING
    assert session.read == QUESTIONS


@pytest.mark.without_feed
async def test_a_store_that_only_reads_prepares_what_it_reads_with(
    new: EventStore, session: PreparingSession, stream_id: UUID
) -> None:
    for _ in range(3):
        await new.current_version(stream_id)

    assert session.prepared == [*APPENDING, "SELECT"]
    assert session.read == QUESTIONS + 3


async def test_the_first_append_after_a_read_finds_its_statements_prepared(
    new: EventStore, stream_id: UUID
) -> None:
    assert new._engine.statements.ready is None
    await read_all(new, stream_id)

    assert new._engine.statements.ready is not None


@pytest.mark.without_feed
async def test_calls_that_begin_together_prepare_each_statement_once(
    new: EventStore, session: PreparingSession
) -> None:
    await asyncio.gather(
        *(new.current_version(uuid4()) for _ in range(10)),
        *(read_all(new, uuid4()) for _ in range(10)),
        *(new.persist_events(uuid4(), ["a"], 0) for _ in range(10)),
    )

    # Of a version, of a stream's first events, and of the others.
    assert sorted(session.prepared) == sorted([*APPENDING, "SELECT", "SELECT", "SELECT"])
    # A stream that is not there is asked for twice: its first page might be lost.
    assert session.read == QUESTIONS + 10 + 2 * 10


async def test_a_failure_is_not_remembered(
    new: EventStore, session: PreparingSession, stream_id: UUID
) -> None:
    session.refuses = 1

    with pytest.raises(RequestRefused, match="preparing statements for table"):
        await new.persist_events(stream_id, ["a"], 0)

    assert (await new.persist_events(stream_id, ["a"], 0)).version == 1


@pytest.mark.without_feed
async def test_statements_are_prepared_again_after_a_change_of_the_schema(
    new: EventStore, session: PreparingSession, stream_id: UUID
) -> None:
    await new.current_version(stream_id)
    await new.create_schema()
    session.prepared.clear()

    await new.current_version(stream_id)

    assert session.prepared == [*APPENDING, "SELECT"]


async def test_the_questions_about_a_schema_are_asked_side_by_side(
    faulty: FaultySession, keyspace: str, stream_id: UUID
) -> None:
    together = asyncio.Barrier(3)

    async def with_others(send: Send) -> object:
        async with asyncio.timeout(30):  # it would pass if they were asked one after the other
            await together.wait()
        return await send()

    faulty.reads.extend([with_others] * 3)
    opened = EventStore(faulty, keyspace=keyspace)

    assert (await opened.persist_events(stream_id, [1])).version == 1
    assert not faulty.reads
    await opened.close()
