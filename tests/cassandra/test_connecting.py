"""Connecting: a session of the store's own, or one of the caller's."""

import asyncio
import pickle
from uuid import UUID

import acsylla
import pytest

from event_store_async import (
    ConnectionFailed,
    EventStore,
    InvalidArgument,
    Settings,
    StoreClosed,
    Tls,
)

from ..fixtures.server import Server
from ..fixtures.stores import payloads, read_all


async def test_a_session_of_the_callers(
    store: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    cluster = acsylla.create_cluster(
        server.contact_points,
        port=server.port,
        retry_policy="fallthrough",
        token_aware_routing_shuffle_replicas=False,
        randomized_contact_points=False,
        load_balance_dc_aware=next(iter(server.replication)),
        log_level="critical",
    )
    session = await cluster.create_session()
    async with EventStore(session, keyspace=keyspace) as mine:
        await mine.persist_events(stream_id, ["a"])

    with pytest.raises(StoreClosed):
        await mine.persist_events(stream_id, ["b"])
    again = EventStore(session, keyspace=keyspace)
    assert payloads(await read_all(again, stream_id)) == ["a"]
    await session.close()
    with pytest.raises(StoreClosed):
        await again.current_version(stream_id)
    await again.close()
    cluster.destroy()


async def test_opening_by_await_and_closing_by_hand(server: Server, keyspace: str) -> None:
    opened = await server.connect(keyspace)
    assert (await opened.schema_state()).release

    await opened.close()
    await opened.close()

    with pytest.raises(StoreClosed):
        await opened.schema_state()


@pytest.mark.parametrize("consistency", ["local", "global"])
async def test_both_pairs_of_consistency_levels(
    store: EventStore, server: Server, keyspace: str, stream_id: UUID, consistency: str
) -> None:
    connecting = EventStore.connect(
        ",".join(server.contact_points),
        port=server.port,
        keyspace=keyspace,
        consistency=consistency,  # type: ignore[arg-type]
    )
    async with connecting as opened:
        await opened.persist_events(stream_id, ["a"])
        assert len(await read_all(opened, stream_id, serial=True)) == 1


async def test_stores_on_one_table_see_each_others_events(
    store: EventStore, server: Server, keyspace: str, stream_id: UUID
) -> None:
    async with server.connect(keyspace) as one, server.connect(keyspace) as other:
        await asyncio.gather(
            *(each.persist_events(stream_id, [1, 2]) for each in (one, other, store) * 10)
        )
        assert len(await read_all(one, stream_id)) == 60
        assert await other.current_version(stream_id) == 60


async def test_a_port_where_nobody_listens(dead_port: int) -> None:
    with pytest.raises(ConnectionFailed, match=str(dead_port)):
        async with EventStore.connect(
            "127.0.0.1", port=dead_port, keyspace="bank", local_datacenter="datacenter1"
        ):
            pass


async def test_a_datacenter_that_does_not_exist_is_told_with_those_that_do(server: Server) -> None:
    there = ", ".join(sorted(server.replication))
    with pytest.raises(ConnectionFailed, match=f"no datacenter 'mars'; it has {there}"):
        async with EventStore.connect(
            server.contact_points, port=server.port, keyspace="bank", local_datacenter="mars"
        ):
            pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact_points": []},
        {"contact_points": ""},
        {"contact_points": ["127.0.0.1", ""]},
        {"contact_points": [7]},
        {"contact_points": "127.0.0.1:9042"},
        {"port": 0},
        {"port": "9042"},
        {"port": True},
        {"consistency": "one"},
        {"local_datacenter": "it's"},
        {"username": "ann"},
        {"password": "secret"},
        {"connect_timeout": 0},
    ],
)
def test_targets_that_are_none(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"contact_points": "127.0.0.1", "keyspace": "bank", **wrong}

    with pytest.raises(InvalidArgument):
        EventStore.connect(**arguments)  # type: ignore[arg-type]


def test_what_is_not_opened_yet_says_so() -> None:
    connecting = EventStore.connect("127.0.0.1", keyspace="bank")

    with pytest.raises(AttributeError, match="async with"):
        connecting.persist_events  # type: ignore[attr-defined] # noqa: B018


def test_secrets_are_in_no_repr() -> None:
    tls = Tls(
        ca="ca.pem", certificate="c.pem", private_key="-----BEGIN KEY", private_key_password="word"
    )
    connecting = EventStore.connect(
        "127.0.0.1", keyspace="bank", username="ann", password="sesame", tls=tls
    )

    for shown in (repr(tls), repr(connecting), repr(connecting.__dict__)):
        assert "sesame" not in shown
        assert "BEGIN KEY" not in shown
        assert "word" not in shown.replace("private_key_password", "")


@pytest.mark.parametrize("source", ["no such file", "-----BEGIN CERTIFICATE-----\nnot base64"])
async def test_a_certificate_that_is_none(source: str) -> None:
    with pytest.raises(InvalidArgument, match="ca"):
        async with EventStore.connect("127.0.0.1", keyspace="bank", tls=Tls(ca=source)):
            pass


async def test_results_and_errors_can_be_pickled(store: EventStore, stream_id: UUID) -> None:
    persisted = await store.persist_events(stream_id, [{"a": 1}])
    conflict = await store.try_persist_events(stream_id, ["b"], 0)

    assert pickle.loads(pickle.dumps(persisted)) == persisted
    assert pickle.loads(pickle.dumps(conflict)) == conflict


def test_a_store_needs_a_session() -> None:
    with pytest.raises(InvalidArgument, match="session"):
        EventStore("127.0.0.1", keyspace="bank")  # type: ignore[arg-type]


async def test_settings_are_the_stores(store: EventStore, keyspace: str, stream_id: UUID) -> None:
    from datetime import UTC, datetime
    from uuid import uuid5

    moment = datetime(2026, 1, 2, 3, 4, 5, 678999, tzinfo=UTC)
    number = iter(range(10))
    settings = Settings(
        clock=lambda: moment, new_event_id=lambda: uuid5(stream_id, str(next(number)))
    )
    mine = EventStore(store._engine.session.raw, keyspace=keyspace, settings=settings)

    (event,) = (await mine.persist_events(stream_id, ["a"])).events

    assert event.timestamp == moment.replace(microsecond=678000)
    assert event.event_id == uuid5(stream_id, "0")
    await mine.close()
