"""Keys on Cassandra: requests, wrappers, re-wrapping, the table, and the server's disks."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import (
    EventStore,
    InvalidArgument,
    InvalidIdentifier,
    SchemaMismatch,
    SchemaMissing,
    Settings,
    StoreClosed,
    StoreUnavailable,
    TimeToLiveRefused,
    WrongEventLoop,
)
from event_store_async.cassandra import (
    CassandraKeyStore,
    KeyStatus,
    RewrapFailure,
    RewrapProgress,
    SchemaState,
    Severity,
    TableState,
)
from event_store_async.cassandra.keys.diagnosis import diagnose_keys
from event_store_async.cassandra.schema.tables import KEYS
from event_store_async.errors import InvalidKey, MasterKeyMissing, SubjectForgotten
from event_store_async.hooks import KeyCallEnded, Record
from event_store_async.ports.keys import WrappedKey
from event_store_async.subject_key import ForgottenSubject, SubjectKey

from ..fixtures.faulty import FaultySession, lose_request
from ..fixtures.keys import XorWrapper
from ..fixtures.server import Server
from ..fixtures.stores import QUICK, drop_keyspace, run_cql
from ..fixtures.time import PassingTime, UntilItsDeadline

MOMENT = datetime(2026, 3, 1, 12, 30, 0, 123000, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def table(server: Server, store: EventStore) -> None:
    """Create the table of keys in the keyspace of the module."""
    await store.key_store(None).create_schema(server.replication)


@pytest.fixture
def subject() -> str:
    return f"customer-{uuid4().hex}"


@pytest.fixture
def keys(store: EventStore) -> CassandraKeyStore:
    return store.key_store(XorWrapper())


@pytest_asyncio.fixture
async def counted(faulty: FaultySession, keyspace: str) -> CassandraKeyStore:
    """Give a key store on the faulty session, which counts; its statements are prepared."""
    settings = Settings(
        timeout=60.0, request_timeout=30.0, backoff=QUICK.backoff, clock=lambda: MOMENT
    )
    made = CassandraKeyStore(faulty, wrapper=XorWrapper(), keyspace=keyspace, settings=settings)
    for each in (uuid4().hex, uuid4().hex):
        await made.forget(each)
        await made.key_for([each], renew=True)
        await made.forget(each)
    faulty.read = faulty.sent = 0
    return made


async def create(keys: CassandraKeyStore, subject: str) -> SubjectKey:
    return (await keys.key_for([subject]))[subject]


# Requests


async def test_a_page_of_subjects_is_one_request(
    counted: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    subjects = [f"{subject}-{number}" for number in range(250)]
    assert await counted.get(subjects[:100]) == {}
    assert (faulty.read, faulty.sent) == (1, 0)

    await counted.key_for(subjects)
    assert (faulty.read, faulty.sent) == (1 + 3, 250), "one for each key that is created"

    await counted.key_for(subjects)
    await counted.get(subjects)
    await counted.status(subjects)
    assert (faulty.read, faulty.sent) == (4 + 9, 250)


async def test_forgetting_is_a_serial_read_and_a_compare_and_set(
    counted: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    await counted.key_for([subject])
    faulty.read = faulty.sent = 0

    forgotten = await counted.forget(subject)
    assert (faulty.read, faulty.sent) == (1, 1)
    assert forgotten == ForgottenSubject(subject, MOMENT)

    assert await counted.forget(subject) == forgotten
    assert (faulty.read, faulty.sent) == (2, 1), "it is forgotten already"


async def test_nothing_is_sent_for_nothing(
    counted: CassandraKeyStore, faulty: FaultySession
) -> None:
    assert [await counted.get([]), await counted.key_for([]), await counted.status([])] == [{}] * 3
    assert (faulty.read, faulty.sent) == (0, 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda keys: keys.get("customer-17"),
        lambda keys: keys.get([b"customer-17"]),
        lambda keys: keys.get(17),
        lambda keys: keys.key_for([""]),
        lambda keys: keys.key_for(["a"], renew=1),
        lambda keys: keys.forget("a\nb"),
        lambda keys: keys.forget(["a"]),
        lambda keys: keys.status("a"),
        lambda keys: keys.get(map(str, range(200_000))),
        lambda keys: keys.rewrap(dry_run=1),
        lambda keys: keys.rewrap(on_progress=1),
        lambda keys: keys.rewrap(on_failure="x"),
        lambda keys: keys.create_schema({"datacenter1": 0}),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(
    counted: CassandraKeyStore, faulty: FaultySession, call: Callable[[Any], Any]
) -> None:
    with pytest.raises(InvalidArgument):
        await call(counted)
    assert (faulty.read, faulty.sent) == (0, 0)


async def test_bad_arguments_are_refused_at_once(store: EventStore) -> None:
    raw, good = store._engine.session.raw, XorWrapper()
    with pytest.raises(InvalidIdentifier):
        CassandraKeyStore(raw, wrapper=good, keyspace="a b")
    with pytest.raises(InvalidIdentifier):
        CassandraKeyStore.connect("127.0.0.1", wrapper=good, keyspace="bank", table="Keys")
    with pytest.raises(InvalidArgument, match="wrapper"):
        CassandraKeyStore(raw, wrapper=XorWrapper, keyspace="bank")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="wrapper"):
        store.key_store("a key")  # type: ignore[arg-type]
    with pytest.raises(InvalidIdentifier):
        store.key_store(good, table="k" * 49)
    with pytest.raises(InvalidArgument, match="session"):
        CassandraKeyStore(None, wrapper=good, keyspace="bank")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="consistency"):
        CassandraKeyStore(
            raw,
            wrapper=good,
            keyspace="bank",
            consistency="quorum",  # type: ignore[arg-type]
        )


# What is known of a key


async def test_the_status_tells_a_subject_s_history(
    counted: CassandraKeyStore, subject: str
) -> None:
    assert await counted.status([subject]) == {}
    key = await create(counted, subject)
    known = KeyStatus(subject, False, key.id, "m1", MOMENT, None)
    assert await counted.status([subject]) == {subject: known}

    await counted.forget(subject)
    gone = KeyStatus(subject, True, key.id, None, MOMENT, MOMENT)
    assert await counted.status([subject]) == {subject: gone}

    new = (await counted.key_for([subject], renew=True))[subject]
    back = KeyStatus(subject, False, new.id, "m1", MOMENT, MOMENT)
    assert await counted.status([subject]) == {subject: back}


async def test_a_key_store_without_a_wrapper_forgets_and_gives_no_keys(
    store: EventStore, keys: CassandraKeyStore, subject: str
) -> None:
    await create(keys, subject)
    plain = store.key_store(None)

    with pytest.raises(MasterKeyMissing) as caught:
        await plain.get([subject])
    assert (caught.value.subject, caught.value.master) == (subject, "m1")
    with pytest.raises(InvalidArgument, match="no wrapper"):
        await plain.key_for([subject])
    with pytest.raises(InvalidArgument, match="no wrapper"):
        await plain.rewrap()
    assert (await plain.status([subject]))[subject].master == "m1"
    forgotten = await plain.forget(subject)
    assert await plain.get([subject]) == await keys.get([subject]) == {subject: forgotten}


async def test_forgotten_subjects_are_found_before_any_key_is_created(
    counted: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    await counted.forget(subject)
    faulty.sent = 0
    with pytest.raises(SubjectForgotten):
        await counted.key_for([f"{subject}-new", subject])
    assert faulty.sent == 0
    assert await counted.get([f"{subject}-new"]) == {}


# Wrappers


class Wrong(XorWrapper):
    """A wrapper that returns something else."""

    def __init__(self, **wrong: Any) -> None:
        super().__init__()
        self.wrong = wrong

    async def wrap(self, key: SubjectKey) -> Any:
        return self.wrong["wrap"] if "wrap" in self.wrong else await super().wrap(key)

    async def unwrap(self, subject: str, key_id: UUID, wrapped: WrappedKey) -> Any:
        if "unwrap" in self.wrong:
            return self.wrong["unwrap"]
        return await super().unwrap(subject, key_id, wrapped)


@pytest.mark.parametrize(
    "made",
    [
        None,
        b"wrapped",
        WrappedKey("m1", b""),
        WrappedKey("m1", b"x" * 100_000),
        WrappedKey("", b"wrapped"),
        WrappedKey("a\x1b[31m", b"wrapped"),
        WrappedKey("m" * 201, b"wrapped"),
    ],
)
async def test_what_is_no_wrapped_key_is_not_stored(
    store: EventStore, keys: CassandraKeyStore, subject: str, made: Any
) -> None:
    with pytest.raises(InvalidArgument):
        await store.key_store(Wrong(wrap=made)).key_for([subject])
    assert await keys.get([subject]) == {}


@pytest.mark.parametrize(
    "made",
    [
        None,
        b"x" * 32,
        SubjectKey("somebody else", uuid4(), b"x" * 32),
    ],
)
async def test_a_wrapper_that_returns_another_key_is_an_invalid_key(
    store: EventStore, keys: CassandraKeyStore, subject: str, made: Any
) -> None:
    await create(keys, subject)
    with pytest.raises(InvalidKey) as caught:
        await store.key_store(Wrong(unwrap=made)).get([subject])
    assert caught.value.subject == subject


async def test_what_a_wrapper_raises_reaches_the_caller(
    store: EventStore, keys: CassandraKeyStore, subject: str
) -> None:
    class Unreachable(XorWrapper):
        async def wrap(self, _: SubjectKey) -> WrappedKey:
            raise ConnectionResetError("the service for keys has gone")

        async def unwrap(self, *_: object) -> SubjectKey:
            raise ConnectionResetError("the service for keys has gone")

    broken = store.key_store(Unreachable())
    with pytest.raises(ConnectionResetError):
        await broken.key_for([subject, f"{subject}-2"])
    assert await keys.get([subject]) == {}
    await create(keys, subject)
    with pytest.raises(ConnectionResetError):
        await broken.get([subject])


async def test_a_key_that_is_moved_to_another_subject_does_not_unwrap(
    store: EventStore, keys: CassandraKeyStore, keyspace: str, subject: str
) -> None:
    other = f"{subject}-other"
    await keys.key_for([subject, other])
    status = (await keys.status([other]))[other]
    wrapped = await XorWrapper().wrap(await create(keys, other))
    await run_cql(
        store,
        f"UPDATE {keyspace}.subject_keys SET wrapped = 0x{wrapped.data.hex()}, "
        f"key_id = {status.key_id} WHERE subject = '{subject}'",
    )
    with pytest.raises(InvalidKey):
        await keys.get([subject])


# Rows that another program wrote


@pytest.mark.parametrize(
    "cells",
    [
        "key_id = null",
        "master = null",
        "master = ''",
        "wrapped = 0x00",
        "wrapped = null",
        "wrapped = 0x",
        "wrapped = 0x, forgotten_at = 9223372036854775807",
    ],
)
async def test_a_damaged_row_is_an_invalid_key_and_can_be_forgotten(
    store: EventStore, keys: CassandraKeyStore, keyspace: str, subject: str, cells: str
) -> None:
    good = f"{subject}-good"
    await keys.key_for([subject, good])
    await run_cql(store, f"UPDATE {keyspace}.subject_keys SET {cells} WHERE subject = '{subject}'")

    with pytest.raises(InvalidKey) as caught:
        await keys.get([good, subject])
    assert caught.value.subject == subject
    assert set(await keys.get([good])) == {good}
    if (await keys.status([subject]))[subject].is_forgotten:
        with pytest.raises(SubjectForgotten):
            await keys.key_for([subject])
    forgotten = await keys.forget(subject)
    assert await keys.get([subject]) == {subject: forgotten}
    assert await keys.forget(subject) == forgotten


async def test_a_row_without_a_revision_can_be_forgotten(
    store: EventStore, keys: CassandraKeyStore, keyspace: str, subject: str
) -> None:
    await create(keys, subject)
    await run_cql(
        store, f"UPDATE {keyspace}.subject_keys SET revision = null WHERE subject = '{subject}'"
    )
    forgotten = await keys.forget(subject)
    assert await keys.get([subject]) == {subject: forgotten}


# Re-wrapping


async def test_all_keys_are_wrapped_with_the_current_master_key(
    server: Server, keyspace: str, store: EventStore, subject: str
) -> None:
    async with in_a_new_keyspace(server, f"{keyspace}_rewrap") as connect:
        old = await connect(XorWrapper("old"))
        subjects = [f"{subject}-{number}" for number in range(1500)]
        before = await old.key_for(subjects)
        await old.forget(subjects[0])
        wrapper = XorWrapper("old", "new")
        both = await connect(wrapper)
        await both.key_for([subject])
        seen: list[RewrapProgress] = []

        planned = await (await connect(None)).rewrap(dry_run=True)
        report = await both.rewrap(on_progress=seen.append)
        again = await both.rewrap()

        assert (planned.rewrapped, planned.masters) == (0, {"new": 1, "old": 1499})
        assert (report.subjects, report.rewrapped, report.forgotten) == (1501, 1499, 1)
        assert (report.failed, report.masters) == (0, {"new": 1500})
        assert seen[-1] == RewrapProgress(1501, 1499)
        assert len(seen) > 1, "a page at a time"
        assert (again.rewrapped, again.masters) == (0, {"new": 1500})
        assert wrapper.wrapped == 1500, "what is wrapped already is not wrapped again"
        new = await connect(XorWrapper("new"))
        found = await new.get(subjects[1:])
        assert found == {each: before[each] for each in subjects[1:]}, "the keys are the same"
        with pytest.raises(MasterKeyMissing):
            await old.get(subjects[1:2])


async def test_a_key_that_does_not_unwrap_does_not_keep_the_others_from_being_rewrapped(
    server: Server, keyspace: str, store: EventStore, subject: str
) -> None:
    name = f"{keyspace}_failing"
    async with in_a_new_keyspace(server, name) as connect:
        await (await connect(XorWrapper("lost"))).key_for([f"{subject}-lost"])
        old = await connect(XorWrapper("old"))
        subjects = [f"{subject}-{number}" for number in range(40)]
        await old.key_for([*subjects, f"{subject}-bad"])
        await run_cql(
            store, f"UPDATE {name}.subject_keys SET wrapped = 0x01 WHERE subject = '{subject}-bad'"
        )
        failures: list[RewrapFailure] = []

        async def note(failure: RewrapFailure) -> None:
            failures.append(failure)

        report = await (await connect(XorWrapper("old", "new"))).rewrap(on_failure=note)

        assert (report.rewrapped, report.failed) == (40, 2)
        assert report.masters == {"lost": 1, "new": 40, "old": 1}
        found = {each.subject: type(each) for each in failures}
        assert found == {f"{subject}-lost": MasterKeyMissing, f"{subject}-bad": InvalidKey}


async def test_a_rewrapping_that_is_interrupted_goes_on_where_it_stopped(
    server: Server, keyspace: str, subject: str
) -> None:
    async with in_a_new_keyspace(server, f"{keyspace}_stopped") as connect:
        subjects = [f"{subject}-{number}" for number in range(1200)]
        before = await (await connect(XorWrapper("old"))).key_for(subjects)
        both = await connect(XorWrapper("old", "new"))

        class Stopped(Exception):
            pass

        def stop(_: RewrapProgress) -> None:
            raise Stopped

        with pytest.raises(Stopped):
            await both.rewrap(on_progress=stop)
        found = (await both.rewrap(dry_run=True)).masters
        report = await both.rewrap()

        assert 0 < found["old"] < 1200
        assert report.rewrapped == found["old"]
        assert await both.get(subjects) == dict(before)


async def test_keys_can_be_used_while_they_are_rewrapped(
    server: Server, keyspace: str, subject: str
) -> None:
    async with in_a_new_keyspace(server, f"{keyspace}_used") as connect:
        subjects = [f"{subject}-{number}" for number in range(300)]
        before = await (await connect(XorWrapper("old"))).key_for(subjects)
        both, other = (
            await connect(XorWrapper("old", "new")),
            await connect(XorWrapper("old", "new")),
        )

        _, forgotten, _ = await asyncio.gather(
            both.rewrap(),
            asyncio.gather(*(other.forget(each) for each in subjects[:100])),
            other.rewrap(),
        )

        after = await both.get(subjects)
        assert after == {
            **dict(zip(subjects[:100], forgotten, strict=True)),
            **{each: before[each] for each in subjects[100:]},
        }
        assert (await both.rewrap(dry_run=True)).masters == {"new": 200}


# The table


class in_a_new_keyspace:  # noqa: N801 - a function, for its callers
    """Give what connects key stores to a keyspace of their own, which is dropped at the end."""

    def __init__(self, server: Server, name: str, *, create: bool = True) -> None:
        self.server, self.name, self.create = server, name, create
        self.opened: list[CassandraKeyStore] = []

    async def __aenter__(self) -> "Callable[..., Any]":
        if self.create:
            await (await self.connect(None)).create_schema(self.server.replication)
        return self.connect

    async def connect(self, wrapper: Any, **options: Any) -> CassandraKeyStore:
        keys = await CassandraKeyStore.connect(
            self.server.contact_points,
            port=self.server.port,
            local_datacenter=self.server.local_datacenter,
            wrapper=wrapper,
            **{"keyspace": self.name, **options},
        )
        self.opened.append(keys)
        return keys

    async def __aexit__(self, *_: object) -> None:
        for each in self.opened:
            await each.close()
        async with self.server.connect(self.name) as store:
            await drop_keyspace(store, self.name)


async def test_the_table_is_created_once(server: Server, keyspace: str, subject: str) -> None:
    name = f"{keyspace}_own"
    async with in_a_new_keyspace(server, name, create=False) as connect:
        keys, other = await connect(XorWrapper()), await connect(XorWrapper())
        with pytest.raises(SchemaMissing) as caught:
            await keys.get([subject])
        assert caught.value.table == f"{name}.subject_keys"
        assert (await keys.schema_state()).columns == {}
        with pytest.raises(InvalidArgument, match="no keyspace"):
            await keys.create_schema()
        plan = await keys.plan_schema(server.replication)
        assert any("CREATE TABLE" in each and "subject_keys" in each for each in plan)

        reports = await asyncio.gather(
            keys.create_schema(server.replication), other.create_schema(server.replication)
        )

        assert sorted(each.created for each in reports) in ([False, True], [True, True])
        assert reports[0].table == f"{name}.subject_keys"
        assert reports[0].version == 1
        assert await keys.plan_schema() == ()
        assert not (await other.create_schema()).created
        assert (await create(keys, subject)) == (await create(other, subject))
        (row,) = await rows(
            keys,
            "SELECT gc_grace_seconds, default_time_to_live FROM system_schema.tables "
            f"WHERE keyspace_name = '{name}' AND table_name = 'subject_keys'",
        )
        assert row == (10800, 0)


async def rows(keys: CassandraKeyStore, text: str) -> list[tuple[Any, ...]]:
    return await keys._session.ask(text, keys._room._table.deadline())


async def test_a_table_of_something_else_is_refused(
    server: Server, store: EventStore, keyspace: str, subject: str
) -> None:
    keys = store.key_store(XorWrapper(), table="events")
    for call in (
        lambda: keys.get([subject]),
        lambda: keys.forget(subject),
        lambda: keys.create_schema(server.replication),
    ):
        with pytest.raises(SchemaMismatch, match=f"{keyspace}.events"):
            await call()


async def test_a_table_whose_rows_expire_is_refused(
    server: Server, store: EventStore, keyspace: str, subject: str
) -> None:
    keys = store.key_store(XorWrapper(), table="expiring_keys")
    await keys.create_schema(server.replication)
    await run_cql(store, f"ALTER TABLE {keyspace}.expiring_keys WITH default_time_to_live = 10")
    with pytest.raises(TimeToLiveRefused):
        await keys.key_for([subject])


async def test_a_table_that_is_dropped_is_missed_and_can_be_created_again(
    server: Server, store: EventStore, keyspace: str, subject: str
) -> None:
    keys = store.key_store(XorWrapper(), table="dropped_keys")
    await keys.create_schema(server.replication)
    await create(keys, subject)
    await run_cql(store, f"DROP TABLE {keyspace}.dropped_keys")
    while True:  # the server keeps the prepared statement for a moment
        try:
            await keys.forget(subject)
        except SchemaMissing as error:
            assert error.table == f"{keyspace}.dropped_keys"
            break
        except StoreUnavailable:
            continue
    await run_cql(
        store, f"DELETE FROM {keyspace}.event_store_migrations WHERE table_name = 'dropped_keys'"
    )
    await keys.create_schema(server.replication)
    assert await keys.get([subject]) == {}


async def test_the_table_is_examined(server: Server, store: EventStore, keyspace: str) -> None:
    events = await store.schema_state()
    async with in_a_new_keyspace(server, f"{keyspace}_examined") as connect:
        good = await (await connect(None)).examine(events)
    keys = store.key_store(None, table="worse_keys")
    assert await keys.examine(events) == ()
    await keys.create_schema()
    await run_cql(store, f"ALTER TABLE {keyspace}.worse_keys WITH gc_grace_seconds = 864000")
    worse = await keys.examine(events)
    await run_cql(store, f"ALTER TABLE {keyspace}.worse_keys WITH default_time_to_live = 9")
    wrong = await keys.examine()

    assert {each.check: each.severity for each in good} == {
        "keys": Severity.OK,
        "keys gc_grace_seconds": Severity.OK,
        "keys keyspace": Severity.OK,
        "keys replication": Severity.OK,
    }
    assert {each.check: each.severity for each in worse} == {
        "keys": Severity.OK,
        "keys gc_grace_seconds": Severity.ADVICE,
        "keys keyspace": Severity.ADVICE,
        "keys replication": Severity.OK,
    }
    assert [each.severity for each in wrong] == [Severity.MUST, Severity.ADVICE]
    with pytest.raises(InvalidArgument, match="events"):
        await keys.examine("events")  # type: ignore[arg-type]


async def test_fewer_replicas_than_the_events_have_are_advised_against() -> None:
    spec = {name: column for columns in KEYS.columns.values() for name, column in columns.items()}

    def state(keyspace: str, **replicas: str) -> SchemaState:
        table = TableState(KEYS, f"{keyspace}.subject_keys", spec, version=1)
        return SchemaState((table,), {"class": "NetworkTopologyStrategy", **replicas}, "5.0.8")

    keys, events = state("keys", east="1", west="3"), state("bank", east="3", west="3")
    *_, found = diagnose_keys(keys, 10_800, events)

    assert (found.severity, found.found) == (
        Severity.ADVICE,
        "1 in east, where the events have 3",
    )


# Its lifetime


async def test_a_closed_key_store_leaves_the_store_open(
    store: EventStore, keys: CassandraKeyStore, subject: str
) -> None:
    async with keys:
        await create(keys, subject)
    for call in (lambda: keys.get([subject]), lambda: keys.status([subject]), keys.schema_state):
        with pytest.raises(StoreClosed):
            await call()
    assert await store.current_version(uuid4()) == 0
    assert "subject_keys" in repr(keys)


async def test_another_event_loop_is_refused(
    store: EventStore, keys: CassandraKeyStore, subject: str
) -> None:
    async def other() -> None:
        await keys.get([subject])

    with pytest.raises(WrongEventLoop):
        await asyncio.to_thread(asyncio.run, other())


async def test_a_key_store_that_is_not_closed_is_noted(server: Server, keyspace: str) -> None:
    opening = CassandraKeyStore.connect(
        server.contact_points,
        port=server.port,
        local_datacenter=server.local_datacenter,
        wrapper=None,
        keyspace=keyspace,
    )
    keys = await opening
    lifetime = keys._lifetime
    with pytest.warns(ResourceWarning, match="unclosed <CassandraKeyStore"):
        del keys
    await lifetime.close()


async def test_an_outage_is_unavailable(
    counted: CassandraKeyStore, faulty: FaultySession, subject: str, passing_time: PassingTime
) -> None:
    for call in (counted.get, counted.key_for, counted.status):
        fault = UntilItsDeadline(lose_request, passing_time)
        faulty.reads.extend([fault] * 3)
        with pytest.raises(StoreUnavailable):
            await call([subject])
        faulty.reads.clear()
    faulty.reads.extend([UntilItsDeadline(lose_request, passing_time)] * 3)
    with pytest.raises(StoreUnavailable):
        await counted.forget(subject)
    faulty.reads.clear()
    assert faulty.sent == 0


# What hooks are told


async def test_hooks_are_told_of_calls(
    server: Server, keyspace: str, keys: CassandraKeyStore, subject: str
) -> None:
    await create(keys, subject)
    told: list[KeyCallEnded] = []

    def hook(record: Record) -> None:
        if isinstance(record, KeyCallEnded):
            told.append(record)

    async with server.connect(keyspace, settings=Settings(hooks=(hook,))) as store:
        watched = store.key_store(None)
        with pytest.raises(MasterKeyMissing):
            await watched.get([subject, f"{subject}-2"])
        await watched.forget(subject)
        with pytest.raises(SubjectForgotten):
            await store.key_store(XorWrapper()).key_for([subject])
        await watched.get([subject])

    facts = [
        (each.operation, each.outcome, each.error, each.subjects, each.subject) for each in told
    ]
    assert facts == [
        ("get", "unusable", "MasterKeyMissing", 2, None),
        ("forget", "done", None, 1, subject),
        ("create", "forgotten", "SubjectForgotten", 1, None),
        ("get", "done", None, 1, None),
    ]
    assert {(each.source.keyspace, each.source.table) for each in told} == {
        (keyspace, "subject_keys")
    }
    assert all(each.duration > 0 for each in told)


# What is on the server's disks


async def test_the_server_never_has_a_key(
    server: Server, keys: CassandraKeyStore, subject: str
) -> None:
    if server.embedded is None:
        pytest.skip("the disks of the server are not here")
    subjects = [f"{subject}-{number}" for number in range(20)]
    found = await keys.key_for(subjects)
    await keys.forget(subjects[0])
    marks = [each.secret for each in found.values()]
    wrapped = (await XorWrapper().wrap(found[subjects[1]])).data

    assert await on_disk(server.embedded.directory, [wrapped]) == [wrapped], "it is looked for"
    assert await on_disk(server.embedded.directory, marks) == []


async def on_disk(directory: Path, marks: list[bytes]) -> list[bytes]:
    """Return which byte strings are in a file of the server, commit logs and data alike."""

    def search() -> list[bytes]:
        left = dict.fromkeys(marks)
        files = [path for path in directory.rglob("*") if path.is_file()]
        assert any("commitlog" in str(path) for path in files)
        for path in files:
            content = path.read_bytes()
            for mark in [each for each in left if each in content]:
                del left[mark]
        return [each for each in marks if each not in left]

    return await asyncio.to_thread(search)
