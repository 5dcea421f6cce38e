"""C4, C5, and what a request meets: values, faults, cancelled callers, too many at once."""

import asyncio
import struct
import sys
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    EventStore,
    NewEvent,
    RawCodec,
    Settings,
)
from event_store_async.cassandra.driver import port as driver
from event_store_async.cassandra.driver.faults import Certainty, Fault
from event_store_async.cassandra.driver.port import UNSET, Sparse
from event_store_async.cassandra.driver.session import Session
from event_store_async.cql_files import Statement
from event_store_async.moments import utc_now
from event_store_async.retry import Deadline

from ..fixtures.time import PassingTime
from . import child, fake_server
from .fake_server import FakeServer
from .scenarios.common import opening

ONE, TWO = struct.pack(">i", 1), struct.pack(">i", 2)


def session_of(store: EventStore) -> Session:
    return store._engine.session


async def write(session: Session, table: str, *values: Any, timeout: float = 40.0) -> None:
    """Send a conditional batch of one statement to a table of the fake server."""
    text = f"UPDATE k.{table} SET v = :v WHERE k = :k IF v = null"
    prepared = await session.prepare(Statement("write", text, ("v", "k")), Deadline(timeout))
    bound = Sparse(values) if UNSET in values else values
    await session.write([(prepared, bound)], Deadline(timeout))


# What is sent, and what is read


async def test_rows_are_the_rows_that_were_read(fake_store: EventStore) -> None:
    """C5: the driver's own row objects all show the last row."""
    session = session_of(fake_store)
    statement = Statement("numbers", "SELECT n FROM k.numbers", ())
    prepared = await session.prepare(statement, Deadline(40))

    page = await session.fetch(prepared, (), Deadline(40))

    assert page.rows == [(0,), (1,), (2,), (3,), (4,), (5,)]
    assert page.columns == ("n",)


@pytest.mark.parametrize("values", [(), (1,), (1, 2, 3)])
async def test_a_list_of_the_wrong_length_is_never_sent(
    fake: FakeServer, fake_store: EventStore, values: tuple[int, ...]
) -> None:
    """The driver would send missing values as "unset"."""
    with pytest.raises(ValueError, match="2 binds"):
        await write(session_of(fake_store), "t", *values)

    assert fake.requests == []


async def test_null_and_unset_are_sent_as_such(fake: FakeServer, fake_store: EventStore) -> None:
    await write(session_of(fake_store), "t", None, 1)
    await write(session_of(fake_store), "t", UNSET, 1)

    assert [request.values for request in fake.requests] == [
        (None, ONE),
        (fake_server.UNSET, ONE),
    ]


async def test_unset_is_refused_among_values_that_are_sent_as_a_whole(
    fake: FakeServer, fake_store: EventStore
) -> None:
    session = session_of(fake_store)
    text = "UPDATE k.t SET v = :v WHERE k = :k IF v = null"
    prepared = await session.prepare(Statement("write", text, ("v", "k")), Deadline(40))

    with pytest.raises(TypeError):
        await session.write([(prepared, (UNSET, 1))], Deadline(40))

    assert fake.requests == []


def test_unset_has_no_text() -> None:
    """For a column of text, the driver would store it."""
    with pytest.raises(TypeError, match="Sparse"):
        str(UNSET)


async def test_a_value_that_the_driver_refuses_is_a_refusal_and_returns_its_permit(
    fake: FakeServer, fake_store: EventStore
) -> None:
    session = session_of(fake_store)
    permits = session._permits.value
    text = "UPDATE k.t SET v = :v WHERE k = :k IF v = null"
    # More bind markers than the server knows of, as after a change of the table by others.
    statement = Statement("write", text, ("v", "k", "more"))
    prepared = await session.prepare(statement, Deadline(40))

    with pytest.raises(Fault) as caught:
        await session.write([(prepared, (1, 2, 3))], Deadline(40))

    assert (caught.value.certainty, caught.value.name) == (
        Certainty.REFUSED,
        "CassErrorLibIndexOutOfBounds",
    )
    assert session._permits.value == permits
    assert fake.requests == []


async def test_every_request_has_a_statement_of_its_own(
    fake_store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver encodes a statement later, in its own thread, and again for each attempt."""
    made: list[int] = []
    kept: list[Any] = []  # keeps ids from being reused

    def remember(make: Any) -> Any:
        def making(*arguments: Any, **options: Any) -> Any:
            kept.append(make(*arguments, **options))
            made.append(id(kept[-1]))
            return kept[-1]

        return making

    where = "event_store_async.cassandra.driver.session"
    monkeypatch.setattr(f"{where}.writing", remember(driver.writing))
    monkeypatch.setattr(f"{where}.reading", remember(driver.reading))
    stream = uuid4()

    for _ in range(10):
        await fake_store.persist_events(stream, ["event"])
        await fake_store.current_version(stream)

    assert len(made) >= 20
    assert len(set(made)) == len(made)


async def test_what_the_caller_changes_after_the_call_is_not_stored(
    fake: FakeServer, fake_store: EventStore
) -> None:
    stream = uuid4()
    payload = {"amount": 1}
    events: list[Any] = [payload]
    metadata = {"user": "ann"}
    events.append(NewEvent({"amount": 2}, metadata=metadata))
    append = asyncio.ensure_future(fake_store.persist_events(stream, events, 0))
    await asyncio.sleep(0)

    payload["amount"] = 1000
    metadata["user"] = "eve"
    events.clear()
    await append

    (request,) = fake.writes
    sent = b"".join(value for value in request.values if isinstance(value, bytes))
    assert b'{"amount":1}' in sent
    assert b'{"amount":2}' in sent
    assert b"ann" in sent
    assert b"eve" not in sent


async def test_a_mutable_buffer_is_stored_as_it_was_at_the_call_or_refused(
    fake: FakeServer,
) -> None:
    buffer = bytearray(b"before")
    async with EventStore.connect(
        "127.0.0.1",
        port=fake.port,
        keyspace="k",
        local_datacenter="datacenter1",
        codec=RawCodec(),
    ) as store:
        append = asyncio.ensure_future(store.try_persist_events(uuid4(), [buffer], 0))
        await asyncio.sleep(0)
        buffer[:] = b"behind"
        await asyncio.wait([append])

    sent = b"".join(
        value for request in fake.requests for value in request.values if isinstance(value, bytes)
    )
    assert b"behind" not in sent
    append.exception()  # a refusal is fine too


async def test_arguments_of_all_the_wrong_types_are_refused(fake: FakeServer) -> None:
    """C4: the driver crashes on anything but a statement."""
    ended = await child.run("requests", "junk", fake.port)

    assert ended.check("C4, arguments of the wrong types") == []


@pytest.mark.parametrize("thing", [None, object(), "session", 0])
async def test_anything_but_a_session_is_refused(thing: Any) -> None:
    with pytest.raises(ValueError, match="an acsylla session is needed"):
        EventStore(thing, keyspace="k")


# Faults, as a server makes them


@pytest.mark.parametrize(
    ("code", "name", "certainty"),
    [
        (0x0000, "CassErrorServerServerError", Certainty.UNKNOWN),
        (0x000A, "CassErrorServerProtocolError", Certainty.UNKNOWN),
        (0x1000, "CassErrorServerUnavailable", Certainty.UNKNOWN),
        (0x1001, "CassErrorServerOverloaded", Certainty.UNKNOWN),
        (0x1002, "CassErrorLibNoHostsAvailable", Certainty.UNSENT),  # the driver asks the next node
        (0x1003, "CassErrorServerTruncateError", Certainty.UNKNOWN),
        (0x1100, "CassErrorServerWriteTimeout", Certainty.UNKNOWN),
        (0x1200, "CassErrorServerReadTimeout", Certainty.UNKNOWN),
        (0x1300, "CassErrorServerReadFailure", Certainty.UNKNOWN),
        (0x1500, "CassErrorServerWriteFailure", Certainty.UNKNOWN),
        (0x1700, "CassException", Certainty.UNKNOWN),  # CAS_WRITE_UNKNOWN has no class
        (0x2000, "CassErrorServerSyntaxError", Certainty.REFUSED),
        (0x2100, "CassErrorServerUnauthorized", Certainty.REFUSED),
        (0x2200, "CassErrorServerInvalidQuery", Certainty.REFUSED),
        (0x2300, "CassErrorServerConfigError", Certainty.REFUSED),
        (0x2400, "CassErrorServerAlreadyExists", Certainty.REFUSED),
    ],
)
async def test_a_servers_error_has_the_certainty_that_it_proves(
    fake_store: EventStore, code: int, name: str, certainty: Certainty
) -> None:
    with pytest.raises(Fault) as caught:
        await write(session_of(fake_store), f"error_{code:04x}", 1, 2)

    assert (caught.value.name, caught.value.certainty) == (name, certainty)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("level", "certainty"),
    [
        ("SERIAL", Certainty.UNSENT),
        ("LOCAL_SERIAL", Certainty.UNSENT),
        ("QUORUM", Certainty.UNKNOWN),
        ("LOCAL_QUORUM", Certainty.UNKNOWN),
    ],
)
async def test_unavailable_is_certain_only_for_the_serial_level(
    fake: FakeServer, fake_store: EventStore, level: str, certainty: Certainty
) -> None:
    fake.error_text = f"Cannot achieve consistency level {level}"

    with pytest.raises(Fault) as caught:
        await write(session_of(fake_store), "error_1000", 1, 2)

    assert caught.value.certainty is certainty


async def test_a_connection_cut_after_the_request_was_sent_is_unknown(
    fake: FakeServer, fake_store: EventStore
) -> None:
    with pytest.raises(Fault) as caught:
        await write(session_of(fake_store), "cut", 1, 2)

    assert caught.value.certainty is Certainty.UNKNOWN
    # The driver has not repeated it by itself.
    assert len(fake.requests) == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address only")
async def test_a_connection_that_is_cut_does_not_make_the_driver_try_the_next_node() -> None:
    async with (
        FakeServer(address="127.0.0.2", peers={"127.0.0.1": "datacenter1"}) as second,
        FakeServer(given_port=second.port, peers={"127.0.0.2": "datacenter1"}) as first,
        opening(first.port) as store,
    ):
        for _ in range(4):
            with pytest.raises(Fault) as caught:
                await write(session_of(store), "cut", 1, 2)
            assert caught.value.certainty in {Certainty.UNKNOWN, Certainty.UNSENT}

    assert len(first.writes) + len(second.writes) <= 4


async def test_a_request_that_is_not_answered_in_time_is_unknown(
    fake: FakeServer, fake_store: EventStore
) -> None:
    with pytest.raises(Fault) as caught:
        await write(session_of(fake_store), "held", 1, 2, timeout=0.3)

    assert caught.value.certainty is Certainty.UNKNOWN
    await fake.release()


async def test_an_error_that_closes_the_connection_makes_its_other_requests_unknown(
    fake: FakeServer, fake_store: EventStore
) -> None:
    """The driver closes a connection on which a "server error" arrives."""
    session = session_of(fake_store)
    neighbours = [asyncio.ensure_future(write(session, "held", 1, 2)) for _ in range(3)]
    await fake.arrived(3)

    with pytest.raises(Fault):
        await write(session, "error_0000", 1, 2)

    for outcome in await asyncio.gather(*neighbours, return_exceptions=True):
        assert isinstance(outcome, Fault)
        assert outcome.certainty is Certainty.UNKNOWN


async def test_an_append_whose_connection_is_cut_every_time_is_unknown_and_never_lost(
    fake: FakeServer, passing_time: PassingTime
) -> None:
    async with opening(fake.port, table="cut") as store:
        append = asyncio.ensure_future(store.persist_events(uuid4(), ["event"], 0))
        await fake.wrote(3)
        passing_time.passes()
        with pytest.raises(AppendOutcomeUnknown):
            await append

    assert len(fake.writes) >= 3
    assert len({request.values for request in fake.writes}) == 1


# Cancelled callers, and exceptions of theirs


async def test_thousands_of_callers_may_be_cancelled_at_random_moments(fake: FakeServer) -> None:
    ended = await child.run("requests", "cancelled_at_random", fake.port, limit=120)

    facts = ended.check("requests were cancelled")
    assert "CancelledError" in facts["outcomes"]
    assert set(facts["outcomes"]) <= {"CancelledError", "none"}
    assert facts["permits"] == 16


async def test_an_exception_in_the_middle_of_an_append_leaves_the_store_usable(
    fake: FakeServer,
) -> None:
    broken = [True]

    def clock() -> Any:
        if broken.pop() if broken else False:
            raise RuntimeError("the clock is closed for repair")
        return utc_now()

    async with EventStore.connect(
        "127.0.0.1",
        port=fake.port,
        keyspace="k",
        local_datacenter="datacenter1",
        settings=Settings(clock=clock),
    ) as store:
        stream = UUID(int=1)
        with pytest.raises(RuntimeError, match="for repair"):
            await store.persist_events(stream, ["event"], 0)

        assert (await store.persist_events(stream, ["event"], 0)).version == 1
        await asyncio.sleep(0)  # a queue waits one turn for those it has just answered
        assert len(store._engine.queues) == 0
