"""A clock without a time zone is refused wherever the store reads it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from event_store_async import ANY, EventStore, InvalidArgument, NewEvent, Settings
from event_store_async.testing.contract.plain import Moment

from ..fixtures.stores import drop_keyspace

NAIVE = Settings(clock=lambda: datetime(2026, 1, 2))  # noqa: DTZ001 - the case


async def test_appends_that_must_be_planned_again_refuse_it(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a"])
    other = EventStore(store._engine.session.raw, keyspace=keyspace, settings=NAIVE)
    async with other:
        for _ in range(2):
            with pytest.raises(InvalidArgument, match="without a time zone"):
                await other.persist_events(stream_id, [NewEvent("b")], ANY)

    assert await store.current_version(stream_id) == 1


async def test_an_examination_refuses_it(store: EventStore, keyspace: str) -> None:
    other = EventStore(store._engine.session.raw, keyspace=keyspace, settings=NAIVE)
    async with other:
        with pytest.raises(InvalidArgument, match="without a time zone") as caught:
            await other.operations.examine()

    assert caught.value.hint == "for example: clock=lambda: datetime.now(UTC)"


async def test_an_examination_takes_any_aware_datetime(store: EventStore, keyspace: str) -> None:
    def clock() -> Moment:
        now = datetime.now(UTC)
        return Moment(*now.timetuple()[:6], tzinfo=UTC)

    settings = Settings(clock=clock)
    other = EventStore(store._engine.session.raw, keyspace=keyspace, settings=settings)
    async with other:
        examination = await other.operations.examine()

    assert any(finding.check == "clock" for finding in examination.findings)


async def test_the_creation_of_a_schema_refuses_it(store: EventStore) -> None:
    keyspace = f"clock_{uuid4().hex[:12]}"
    other = EventStore(store._engine.session.raw, keyspace=keyspace, settings=NAIVE)
    async with other:
        try:
            with pytest.raises(InvalidArgument, match="without a time zone"):
                await other.create_schema({"datacenter1": 1})
            assert (await other.schema_state()).replication is None
        finally:
            await drop_keyspace(store, keyspace)
