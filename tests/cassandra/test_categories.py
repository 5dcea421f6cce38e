"""Categories on Cassandra: what they cost, tables without the column, and lost answers."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from acsylla.errors import CassErrorServerWriteTimeout

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    AppendOutcomeUnknown,
    CategoriesMissing,
    CategoryOutcomeUnknown,
    ConcurrentModification,
    EventReaderWriter,
    EventStore,
    EventStoreError,
    ExpectedVersion,
    InvalidArgument,
    NewEvent,
    Persisted,
    SchemaMismatch,
    SchemaOutdated,
    StoreUnavailable,
    WrongCategory,
)
from event_store_async.hooks import AppendEnded
from event_store_async.maintenance import Restored, StoredEvent

from ..fixtures import faulty as faults
from ..fixtures.faulty import FaultySession
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace, payloads, read_all, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline

# What it costs


class Recording(FaultySession):
    """Notes the CQL that is prepared."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.prepared: list[str] = []

    async def create_prepared(self, statement: str) -> Any:
        self.prepared.append(statement)
        return await super().create_prepared(statement)


@pytest.fixture
def recording(store: EventStore) -> Recording:
    return Recording(store._engine.session.raw)


@pytest_asyncio.fixture
async def new(recording: Recording, keyspace: str) -> AsyncGenerator[EventStore, None]:
    """Give a store that has not been used yet."""
    async with EventStore(recording, keyspace=keyspace, settings=QUICK) as opened:
        yield opened


@pytest.mark.without_feed
async def test_an_append_through_a_view_takes_the_requests_of_any_append(
    new: EventStore, recording: Recording
) -> None:
    async def requests_of(store: EventReaderWriter) -> list[tuple[int, int]]:
        """Return the batches and the queries of each of some appends."""
        await store.persist_events(uuid4(), ["prepares the statements"])
        await store.persist_events(uuid4(), [NewEvent("prepares a query")])
        stream, named = uuid4(), NewEvent("named")
        calls: list[tuple[UUID, list[Any], ExpectedVersion]] = [
            (stream, ["a"], NO_STREAM),
            (stream, ["b"], 1),
            (stream, ["c", "d"], ANY),
            (stream, ["e"], STREAM_EXISTS),
            (stream, [named], ANY),
            (stream, [named], ANY),
            (uuid4(), ["a"], ANY),
            (stream, [], ANY),
        ]
        counts = []
        for stream_id, events, expected in calls:
            sent, read = recording.sent, recording.read
            await store.persist_events(stream_id, events, expected)
            counts.append((recording.sent - sent, recording.read - read))
        return counts

    plain = await requests_of(new)
    through_a_view = await requests_of(new.category("account"))

    assert through_a_view == plain
    assert plain[:4] == [(1, 0)] * 4, "one conditional batch, and nothing else"


@pytest.mark.without_feed
async def test_a_store_without_views_sends_what_it_always_sent(
    new: EventStore, recording: Recording, stream_id: UUID
) -> None:
    await new.persist_events(stream_id, [NewEvent("a"), "b"])
    await new.persist_events(stream_id, [])
    await read_all(new, stream_id)

    assert [text for text in recording.prepared if "category" in text] == []
    assert [text for text in recording.prepared if "_feed" in text or "ann_" in text] == []


@pytest.mark.without_feed
async def test_a_view_adds_one_statement(
    new: EventStore, recording: Recording, stream_id: UUID
) -> None:
    await new.category("account").persist_events(stream_id, ["a"], NO_STREAM)

    (own,) = [text for text in recording.prepared if "category" in text]
    assert len(set(recording.prepared)) == 6
    assert own.endswith("IF max_version = :expected AND category = :held")


async def test_only_appends_in_the_same_category_share_a_batch(
    faulty_store: EventStore, faulty: FaultySession, gate: faults.Gate, stream_id: UUID
) -> None:
    accounts = faulty_store.category("account")
    await accounts.persist_events(stream_id, ["begin"])
    faulty.batches.append(gate)
    first = asyncio.ensure_future(accounts.persist_events(stream_id, ["holds the queue"]))
    await gate.arrived.wait()
    sent = faulty.sent

    stores = [accounts] * 3 + [faulty_store] * 2 + [faulty_store.category("account")] * 2
    waiting = [
        asyncio.ensure_future(of.persist_events(stream_id, [number]))
        for number, of in enumerate(stores)
    ]
    await asyncio.sleep(0)
    gate.opened.set()
    await asyncio.gather(first, *waiting)

    assert faulty.sent - sent == 3
    assert payloads(await read_all(faulty_store, stream_id))[2:] == list(range(7))


async def test_a_batch_of_the_wrong_category_tells_each_caller(
    faulty_store: EventStore, faulty: FaultySession, gate: faults.Gate, stream_id: UUID
) -> None:
    await faulty_store.category("account").persist_events(stream_id, ["a"])
    orders = faulty_store.category("order")
    faulty.batches.append(gate)
    first = asyncio.ensure_future(faulty_store.persist_events(stream_id, ["b"]))
    await gate.arrived.wait()

    waiting = [orders.persist_events(stream_id, [number]) for number in range(3)]
    gathered = asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)
    gate.opened.set()
    errors = await gathered
    await first

    assert [type(error) for error in errors] == [WrongCategory] * 3
    assert len({id(error) for error in errors}) == 3, "each has an error of its own"
    assert payloads(await read_all(faulty_store, stream_id)) == ["a", "b"]


@pytest.mark.without_feed
async def test_hooks_are_told_of_a_wrong_category(
    store: EventStore, keyspace: str, stream_id: UUID
) -> None:
    records: list[Any] = []
    settings = QUICK.__class__(hooks=[records.append])
    await store.category("account").persist_events(stream_id, ["a"])

    async with EventStore(
        store._engine.session.raw, keyspace=keyspace, settings=settings
    ) as watched:
        with pytest.raises(WrongCategory):
            await watched.category("order").persist_events(stream_id, ["b"])

    (ended,) = [record for record in records if isinstance(record, AppendEnded)]
    assert (ended.outcome, ended.error) == ("conflict", "WrongCategory")
    assert [attempt.outcome for attempt in ended.attempts] == ["conflict"]


# Two processes


async def test_of_two_processes_that_race_for_a_new_stream_one_wins(
    store: EventStore, keyspace: str
) -> None:
    async with EventStore(store._engine.session.raw, keyspace=keyspace, settings=QUICK) as other:
        for number in range(20):
            stream_id, at = uuid4(), (NO_STREAM, ANY)[number % 2]
            events = [NewEvent("named")] if number % 3 else ["unnamed"]

            outcomes = await asyncio.gather(
                store.category("account").persist_events(stream_id, events, at),
                other.category("order").persist_events(stream_id, events, at),
                return_exceptions=True,
            )

            kinds = {type(outcome) for outcome in outcomes}
            assert kinds == {Persisted, WrongCategory}, outcomes
            assert await store.current_version(stream_id) == 1


# Lost answers: the verdict is true

FIRST = [
    faults.let_pass,
    faults.lose_answer,
    faults.lose_request,
    faults.refuse_connection,
    faults.unavailable,
    faults.commit_unavailable,
    faults.refuse,
]
LAST = [faults.lose_request, faults.refuse_connection, faults.refuse, faults.let_pass]


@pytest.mark.parametrize("expected", [NO_STREAM, ANY, 2], ids=str)
@pytest.mark.parametrize("actual", ["account", "order", None, "new"])
async def test_outcomes_are_true_after_faults(
    store: EventStore,
    keyspace: str,
    passing_time: PassingTime,
    expected: int,
    actual: str | None,
) -> None:
    """The stream is of the view's category, of another, of none; or it does not exist."""
    broken = []
    for first, last, named in product(FIRST, LAST, (False, True)):
        stream_id = uuid4()
        if actual != "new":
            of = store.category(actual) if actual else store
            await of.persist_events(stream_id, ["old", "old"])
        faulty = FaultySession(store._engine.session.raw)
        opened = EventStore(faulty, keyspace=keyspace, settings=QUICK)
        view = opened.category("account")
        await view.persist_events(uuid4(), ["prepares the statements"])
        faulty.batches.append(first)
        faulty.always = UntilItsDeadline(last, passing_time)

        events = [NewEvent("new") if named else "new"]
        outcome: Any
        try:
            outcome = await view.try_persist_events(stream_id, events, expected)
        except EventStoreError as error:
            outcome = error

        there = payloads(await read_all(store, stream_id)).count("new")
        if not is_true(outcome, there, actual):
            broken.append((first.__name__, last.__name__, named, repr(outcome), there))
        faulty.always = None
        await opened.close()
    assert broken == []


def is_true(outcome: Any, there: int, actual: str | None) -> bool:
    if isinstance(outcome, Persisted):
        return there == 1 and actual in {"account", "new"}
    if isinstance(outcome, AppendOutcomeUnknown):
        return there in {0, 1}
    if isinstance(outcome, WrongCategory):
        return there == 0 and outcome.actual == actual != "account"
    return there == 0


async def test_a_lost_answer_of_the_winner_is_settled(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.batches.append(faults.lose_answer)

    result = await faulty_store.category("account").persist_events(stream_id, ["a"], NO_STREAM)

    assert (result.version, result.stored_earlier) == (1, False)
    with pytest.raises(WrongCategory):
        await faulty_store.category("order").persist_events(stream_id, ["b"])


async def test_the_loser_of_a_race_whose_first_answer_was_lost_is_told_the_category(
    store: EventStore, faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    async def lost_while_another_wins(send: faults.Send) -> Any:
        del send
        await store.category("order").persist_events(stream_id, ["theirs"])
        raise CassErrorServerWriteTimeout("Write timeout")

    faulty.batches.append(lost_while_another_wins)

    with pytest.raises(WrongCategory) as caught:
        await faulty_store.category("account").persist_events(stream_id, ["mine"], NO_STREAM)

    assert caught.value.actual == "order"
    assert payloads(await read_all(store, stream_id)) == ["theirs"]


@pytest.mark.without_feed
async def test_what_may_apply_once_the_stream_is_categorised_is_unknown(
    store: EventStore,
    faulty_store: EventStore,
    faulty: FaultySession,
    passing_time: PassingTime,
    stream_id: UUID,
) -> None:
    """A request in flight applies if the stream gets the category before it arrives."""
    await store.persist_events(stream_id, ["old"])
    view = faulty_store.category("account")
    await view.persist_events(uuid4(), ["prepares the statements"])
    late: list[faults.Send] = []

    async def delayed(send: faults.Send) -> Any:
        late.append(send)
        return await faults.lose_request(send)

    faulty.batches.append(delayed)
    faulty.always = UntilItsDeadline(faults.let_pass, passing_time)

    with pytest.raises(AppendOutcomeUnknown):
        await view.persist_events(stream_id, ["new"], 1)

    await store.storage.categorise(stream_id, "account")
    await late[0]()
    assert payloads(await read_all(store, stream_id)) == ["old", "new"]


# Tables without the column


@pytest_asyncio.fixture
async def older(server: Server) -> AsyncGenerator[tuple[EventStore, str], None]:
    """Give a store whose table is one of release 0.1.0, and its keyspace."""
    keyspace = f"test_{uuid4().hex[:12]}"
    async with server.connect(keyspace, settings=QUICK) as opened:
        await opened.create_schema(server.replication)
        await run_cql(opened, f"ALTER TABLE {keyspace}.events DROP category")
        yield opened, keyspace
        await drop_keyspace(opened, keyspace)


async def test_a_table_without_the_column_serves_the_store_and_refuses_views(
    older: tuple[EventStore, str], stream_id: UUID
) -> None:
    store, keyspace = older
    view = store.category("account")

    await store.persist_events(stream_id, [NewEvent("a")])
    for call in (
        view.persist_events(stream_id, ["b"], 1),
        view.persist_events(stream_id, [NewEvent("b")]),
        view.persist_events(stream_id, []),
        store.storage.categorise(stream_id, "account"),
    ):
        with pytest.raises(CategoriesMissing, match="event-store schema migrate") as caught:
            await call
        assert isinstance(caught.value, SchemaOutdated)
        assert caught.value.table == f"{keyspace}.events"

    assert (await store.persist_events(stream_id, ["b"], 1)).version == 2
    assert payloads([event async for event in view.read_events(stream_id)]) == ["a", "b"]
    assert await view.current_version(stream_id) == 2
    assert (await view.health(timeout=60)).schema_usable
    summaries = [each async for each in store.storage.scan_streams()]
    assert [(each.stream_id, each.category) for each in summaries] == [(stream_id, None)]


async def test_another_process_adds_the_column_while_a_store_is_at_work(
    older: tuple[EventStore, str], server: Server, stream_id: UUID
) -> None:
    store, keyspace = older
    await store.persist_events(stream_id, ["a"])
    before = await store.schema_state()
    with pytest.raises(CategoriesMissing):
        await store.category("account").persist_events(uuid4(), ["a"])

    async with server.connect(keyspace) as migrating:
        planned = await migrating.operations.plan_schema()
        report = await migrating.create_schema()
        again = await migrating.create_schema()
    after = await store.schema_state()

    assert [text for text in planned if text.startswith("ALTER")] == [
        f'ALTER TABLE "{keyspace}"."events" ADD category text static;'
    ]
    assert (report.created, report.migrations, report.additions) == (False, (), ("category",))
    assert again.additions == ()
    assert (before.version, after.version) == (1, 1), "an older release refuses a higher one"
    assert (before.is_current, before.has_categories) == (False, False)
    assert (after.is_current, after.has_categories) == (True, True)
    assert (await store.persist_events(stream_id, ["b"], 1)).version == 2
    assert (await store.category("account").persist_events(uuid4(), ["a"])).version == 1


async def test_a_column_that_is_dropped_again_is_reported_to_views_only(
    server: Server, stream_id: UUID
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    async with server.connect(keyspace, settings=QUICK) as store:
        await store.create_schema(server.replication)
        await store.category("account").persist_events(stream_id, ["a"])
        await run_cql(store, f"ALTER TABLE {keyspace}.events DROP category")

        with pytest.raises((CategoriesMissing, StoreUnavailable)):
            await store.category("account").persist_events(stream_id, ["b"])
        with pytest.raises(CategoriesMissing):
            await store.category("account").persist_events(stream_id, ["b"])
        assert (await store.persist_events(stream_id, ["b"])).version == 2
        await drop_keyspace(store, keyspace)


async def test_a_column_of_another_kind_is_a_mismatch_for_views_only(
    older: tuple[EventStore, str], stream_id: UUID
) -> None:
    store, keyspace = older
    await run_cql(
        store,
        f"CREATE TABLE {keyspace}.odd (stream_id uuid, version int, payload blob, "
        "timestamp bigint, max_version int static, category int, "
        "PRIMARY KEY (stream_id, version))",
    )
    odd = EventStore(store._engine.session.raw, keyspace=keyspace, table="odd", settings=QUICK)

    report = await odd.create_schema()
    with pytest.raises(SchemaMismatch, match="category is int regular, not text static"):
        await odd.category("account").persist_events(stream_id, ["a"])

    assert (report.migrations, report.additions) == (
        ("0001_event_identity",),
        ("announcement", "truncation"),
    )
    assert (await odd.persist_events(stream_id, ["a"])).version == 1
    assert (await odd.create_schema()).migrations == ()
    await odd.close()


# Streams that began without a category


@pytest.mark.without_feed
async def test_a_stream_without_a_category_gets_one_once(
    store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["a"])

    first = await store.storage.categorise(stream_id, "account")
    again = await store.storage.categorise(stream_id, "account")
    with pytest.raises(WrongCategory) as caught:
        await store.storage.categorise(stream_id, "order")

    assert (first, again) == (True, False)
    assert (caught.value.expected, caught.value.actual) == ("order", "account")
    assert (await store.category("account").persist_events(stream_id, ["b"], 1)).version == 2
    assert payloads(await read_all(store, stream_id)) == ["a", "b"]


async def test_a_stream_without_events_gets_no_category(store: EventStore, stream_id: UUID) -> None:
    with pytest.raises(ConcurrentModification) as caught:
        await store.storage.categorise(stream_id, "account")

    assert (caught.value.expected_version, caught.value.actual_version) == (STREAM_EXISTS, 0)
    assert (await store.category("order").persist_events(stream_id, ["a"])).version == 1


@pytest.mark.parametrize("name", ["", "a b", "è", None])
async def test_a_bad_name_is_refused_before_anything_is_sent(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID, name: Any
) -> None:
    for call in (
        faulty_store.storage.categorise(stream_id, name),
        faulty_store.storage.restore([StoredEvent(stream_id, 1, b"1", 1)], category=name or ""),
    ):
        with pytest.raises(InvalidArgument, match="the name of a category"):
            await call
    with pytest.raises(InvalidArgument):
        await faulty_store.storage.categorise("stream", "account")  # type: ignore[arg-type]
    assert (faulty.sent, faulty.read) == (0, 0)


@pytest.mark.without_feed
@pytest.mark.parametrize("actual", ["account", "order", None, "new"])
async def test_categorising_tells_the_truth_after_faults(
    store: EventStore, keyspace: str, passing_time: PassingTime, actual: str | None
) -> None:
    broken = []
    for first, last in product(FIRST, LAST):
        stream_id = uuid4()
        if actual != "new":
            await (store.category(actual) if actual else store).persist_events(stream_id, ["old"])
        faulty = FaultySession(store._engine.session.raw)
        opened = EventStore(faulty, keyspace=keyspace, settings=QUICK)
        await opened.category("account").persist_events(uuid4(), ["prepares the statements"])
        faulty.batches.append(first)
        faulty.always = UntilItsDeadline(last, passing_time)

        outcome: Any
        try:
            outcome = await opened.storage.categorise(stream_id, "account")
        except EventStoreError as error:
            outcome = error

        faulty.always = None
        await opened.close()
        there = {each.stream_id: each.category async for each in store.storage.scan_streams()}
        told = is_told(outcome, there.get(stream_id), actual)
        if not told:
            broken.append((first.__name__, last.__name__, repr(outcome)))
    assert broken == []


def is_told(outcome: Any, there: str | None, actual: str | None) -> bool:
    if outcome is True:
        return (actual, there) == (None, "account")
    if outcome is False:
        return actual in {"account", None} and there == "account"
    if isinstance(outcome, CategoryOutcomeUnknown):
        return there in {None, "account", actual}
    if isinstance(outcome, WrongCategory):
        return actual == there == outcome.actual == "order"
    if isinstance(outcome, ConcurrentModification):
        return (actual, there) == ("new", None)
    return there == (None if actual == "new" else actual)


@pytest.mark.without_feed
async def test_of_two_that_categorise_one_wins(store: EventStore) -> None:
    for _ in range(10):
        stream_id = uuid4()
        await store.persist_events(stream_id, ["a"])

        outcomes = await asyncio.gather(
            store.storage.categorise(stream_id, "account"),
            store.storage.categorise(stream_id, "order"),
            return_exceptions=True,
        )

        assert {type(outcome) for outcome in outcomes} == {bool, WrongCategory}


async def test_a_scan_gives_the_category_of_each_stream(store: EventStore) -> None:
    of = {uuid4(): name for name in ("account", "order", None)}
    for stream_id, name in of.items():
        await (store.category(name) if name else store).persist_events(stream_id, ["a", "b"])

    found = {each.stream_id: each async for each in store.storage.scan_streams(page_size=2)}

    assert {stream_id: found[stream_id].category for stream_id in of} == of
    assert {found[stream_id].version for stream_id in of} == {2}


# Restores


def stored(stream_id: UUID, *versions: int) -> list[StoredEvent]:
    return [
        StoredEvent(stream_id, at, f"{at}".encode(), 1, UUID(int=at), None, "application/json")
        for at in versions
    ]


async def test_a_restore_sets_the_category(store: EventStore, stream_id: UUID) -> None:
    storage = store.storage

    first = await storage.restore(stored(stream_id, 1, 2), category="account")
    again = await storage.restore(stored(stream_id, 1, 2, 3), category="account")
    later = await storage.restore(stored(stream_id, 4))
    plainly = await storage.restore(stored(stream_id, 1, 2, 3, 4))

    restored = (first, again, later, plainly)
    assert [each.stored for each in restored if isinstance(each, Restored)] == [2, 1, 1, 0]
    assert (await store.category("account").persist_events(stream_id, ["a"])).version == 5


@pytest.mark.parametrize("actual", ["order", None])
async def test_a_restore_of_another_category_stores_nothing(
    store: EventStore, stream_id: UUID, actual: str | None
) -> None:
    await store.storage.restore(stored(stream_id, 1), category=actual)

    for versions in ((1,), (1, 2), (2,)):
        with pytest.raises(WrongCategory) as caught:
            await store.storage.restore(stored(stream_id, *versions), category="account")
        assert caught.value.actual == actual
    assert await store.current_version(stream_id) == 1


async def test_a_restore_whose_answer_is_lost_is_settled(
    faulty_store: EventStore, faulty: FaultySession, stream_id: UUID
) -> None:
    faulty.batches.append(faults.lose_answer)

    result = await faulty_store.storage.restore(stored(stream_id, 1, 2), category="account")

    assert result == Restored(stream_id, 2, 0)
    with pytest.raises(WrongCategory):
        await faulty_store.category("order").persist_events(stream_id, ["a"])
