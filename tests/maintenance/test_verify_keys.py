"""Verifying the keys of encrypted values: what is lost is found, what is forgotten is not."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from event_store_async import EventStore, InvalidArgument, RawCodec, SchemaMissing
from event_store_async.cassandra import CassandraKeyStore
from event_store_async.maintenance import FindingKind, StreamFinding, verify_streams
from event_store_async.maintenance.key_check import named_keys

from ..fixtures.keys import XorWrapper
from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .stores import new_store


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, CassandraKeyStore, str]]:
    """Give a store, its keys, and its keyspace."""
    async with new_store(server) as (store, keyspace):
        keys = store.key_store(XorWrapper())
        await keys.create_schema()
        yield store, keys, keyspace


async def found_in(store: EventStore, keys: CassandraKeyStore | None) -> list[StreamFinding]:
    findings: list[StreamFinding] = []
    await verify_streams(store, keys=keys, ranges=4, on_finding=findings.append)
    return findings


def sealed(subject: str, key_id: UUID) -> dict[str, Any]:
    return {"$personal": {"subject": subject, "key": str(key_id), "data": "AQ=="}}


async def test_keys_that_are_lost_are_found(
    made: tuple[EventStore, CassandraKeyStore, str], stream_id: UUID
) -> None:
    store, keys, keyspace = made
    found = await keys.key_for(["ann", "bob", "cid", "dan", "eve"])
    ids = {subject: key.id for subject, key in found.items()}
    await keys.forget("bob")
    await keys.forget("cid")
    await keys.key_for(["cid"], renew=True)
    stranger = uuid4()
    await store.persist_events(
        stream_id,
        [
            {"name": sealed("ann", ids["ann"]), "of": [sealed("bob", ids["bob"])]},
            {"a": [{"b": sealed("cid", ids["cid"])}], "c": {"$personal": None}},
            {"name": sealed("dan", ids["dan"])},
            sealed("eve", stranger),
            {"name": sealed("dan", ids["dan"]), "other": sealed("fay", stranger)},
        ],
    )
    assert len(await found_in(store, keys)) == 2, "another key, and none"
    await run_cql(store, f"DELETE FROM {keyspace}.subject_keys WHERE subject = 'dan'")

    findings = await found_in(store, store.key_store(None))

    assert sorted((each.version or 0, each.kind, each.detail) for each in findings) == [
        (3, FindingKind.LOST_KEY, "subject 'dan' has no key, and was never forgotten"),
        (
            4,
            FindingKind.LOST_KEY,
            f"subject 'eve' has another key than {stranger}, and was never forgotten",
        ),
        (5, FindingKind.LOST_KEY, "subject 'fay' has no key, and was never forgotten"),
    ]
    assert {each.stream_id for each in findings} == {stream_id}
    assert await found_in(store, None) == []


async def test_a_stream_about_many_subjects_is_checked_in_parts(
    made: tuple[EventStore, CassandraKeyStore, str], stream_id: UUID
) -> None:
    store, keys, _ = made
    found = await keys.key_for([f"customer-{number}" for number in range(2500)])
    payloads = [{"name": sealed(subject, key.id)} for subject, key in found.items()]
    for first in range(0, 2500, 500):
        await store.persist_events(stream_id, payloads[first : first + 500])
    await store.persist_events(stream_id, [{"name": sealed("nobody", uuid4())}])

    (finding,) = await found_in(store, keys)

    assert (finding.version, finding.kind) == (2501, FindingKind.LOST_KEY)


@pytest.mark.parametrize(
    "content",
    [
        1,
        "ann",
        {},
        {"subject": "ann", "key": "none", "data": ""},
        {"subject": "a\nb", "key": str(uuid4()), "data": ""},
        {"subject": 1, "key": 2, "data": 3},
        {"subject": "ann", "key": str(uuid4())},
    ],
)
async def test_what_is_not_an_encrypted_value_is_found(
    made: tuple[EventStore, CassandraKeyStore, str], stream_id: UUID, content: Any
) -> None:
    store, keys, _ = made
    await store.persist_events(stream_id, [{"name": {"$personal": content}}])

    (finding,) = await found_in(store, keys)

    assert (finding.version, finding.kind) == (1, FindingKind.UNDECODABLE)


async def test_bytes_and_other_payloads_name_no_keys(
    made: tuple[EventStore, CassandraKeyStore, str], stream_id: UUID
) -> None:
    store, keys, keyspace = made
    raw = EventStore(store._engine.session.raw, keyspace=keyspace, codec=RawCodec())
    await raw.persist_events(stream_id, [orjson.dumps(sealed("ann", uuid4()))])
    await store.persist_events(uuid4(), [None, 1, "$personal", [], {"$personal": 1, "more": 2}])

    assert await found_in(store, keys) == []


def test_a_deep_payload_is_walked() -> None:
    key_id = uuid4()
    payload: Any = sealed("ann", key_id)
    for _ in range(5000):
        payload = [{"a": payload}]

    assert list(named_keys(payload)) == [("ann", key_id)]


async def test_without_the_table_it_says_so(
    made: tuple[EventStore, CassandraKeyStore, str], stream_id: UUID
) -> None:
    store, _, _ = made
    await store.persist_events(stream_id, [sealed("ann", uuid4())])

    with pytest.raises(SchemaMissing):
        await found_in(store, store.key_store(None, table="nowhere"))
    with pytest.raises(InvalidArgument, match="keys"):
        await found_in(store, "keys")  # type: ignore[arg-type]
