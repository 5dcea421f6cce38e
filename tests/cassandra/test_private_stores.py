"""A private store on Cassandra: what is stored, exported and read there."""

from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from event_store_async import (
    ANY,
    NO_STREAM,
    ConcurrentModification,
    EventStore,
    NewEvent,
)
from event_store_async.aggregates import Reducer, Repository, StoredSnapshot
from event_store_async.archive import export_events, import_events
from event_store_async.codec.compression import zstd
from event_store_async.privacy import (
    FORGOTTEN,
    MemoryKeyStore,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
)
from event_store_async.typed import TypedEventStore

from ..fixtures.server import Server
from ..maintenance.stores import new_store
from ..privacy.key_stores import WatchedKeys
from ..privacy.people import TYPES
from ..privacy.readings import payloads
from ..privacy.test_typed import CASES

FIELDS = {"registered": PersonalFields("customer", ["name"])}


async def raw_bytes(store: EventStore, stream_id: UUID) -> bytes:
    """Return the payloads of a stream as they are stored."""
    rows = [event async for event in store.read_events(stream_id)]
    return repr([event.payload for event in rows]).encode()


async def test_events_are_encrypted_and_forgotten(store: EventStore, stream_id: UUID) -> None:
    private = PrivateEventStore(store, MemoryKeyStore())
    typed = TypedEventStore(private, TYPES)
    given = [event for event, _, _ in CASES]
    result = await typed.persist_events(stream_id, given, NO_STREAM)

    assert [event.payload for event in result.events] == given
    assert b"Secret" not in await raw_bytes(store, stream_id)
    assert await payloads(typed, stream_id) == given
    assert await payloads(typed, stream_id, backward=True, page_size=2) == given[::-1]
    for event, subject, forgotten in CASES:
        other = uuid4()
        await typed.persist_events(other, [event])
        await private.keys.forget(subject)
        assert await payloads(typed, other) == [forgotten]
        await private.keys.key_for([subject], renew=True)


async def test_appends_are_repeated_and_conflict(store: EventStore, stream_id: UUID) -> None:
    private = PrivateEventStore(store, MemoryKeyStore(), FIELDS)
    events = [
        NewEvent({"customer": "c", "name": "Secret"}, "registered"),
        NewEvent(PersonalValue("d", "Secret")),
    ]
    assert not (await private.persist_events(stream_id, events, NO_STREAM)).stored_earlier
    await private.persist_events(stream_id, [PersonalValue("c", number) for number in range(3)])
    for expected in (NO_STREAM, ANY):
        again = await private.persist_events(stream_id, events, expected)
        assert again.stored_earlier
        assert again.events[0].payload == {"customer": "c", "name": "Secret"}
    conflict = await private.try_persist_events(stream_id, [PersonalValue("c", 1)], 1)
    assert isinstance(conflict, ConcurrentModification)
    await private.keys.forget("c")
    again = await private.persist_events(stream_id, events)
    assert (again.stored_earlier, again.version) == (True, 2)
    assert again.events[0].payload == {"customer": "c", "name": FORGOTTEN}
    assert await private.current_version(stream_id) == 5


async def test_one_request_for_keys_of_a_long_stream(store: EventStore, stream_id: UUID) -> None:
    keys = WatchedKeys()
    private = PrivateEventStore(store, keys)
    for start in range(0, 400, 100):
        people: list[Any] = [PersonalValue(f"p-{start + each}", each) for each in range(100)]
        await private.persist_events(stream_id, people)
    assert keys.names() == ["key_for"] * 4

    assert len(await payloads(PrivateEventStore(store, keys), stream_id)) == 400
    assert keys.names() == ["get"]


async def test_an_export_carries_ciphertext_and_can_be_read_after_an_import(
    server: Server, stream_id: UUID, tmp_path: Path
) -> None:
    keys, path = MemoryKeyStore(), tmp_path / "events"
    given = [PersonalValue("c", "Secret"), {"name": PersonalValue("d", "Secret")}]
    async with new_store(server) as (source, _), new_store(server) as (target, _):
        await PrivateEventStore(source, keys).persist_events(stream_id, given)
        await export_events(source, path)
        await import_events(target, path)
        await keys.forget("d")
        found = await payloads(PrivateEventStore(target, keys), stream_id)

    with zstd.open(path, "rb") as file:
        exported = file.read()
    assert str(stream_id).encode() in exported
    assert b"Secret" not in exported
    assert b64encode(b"Secret") not in exported
    assert found == ["Secret", {"name": FORGOTTEN}]


def counted(state: dict[str, Any], event: Any) -> dict[str, Any]:
    return {"who": "c", "names": [*state.get("names", []), event]}


async def test_snapshots_are_encrypted(store: EventStore, stream_id: UUID) -> None:
    fields = {"names/1": PersonalFields("who", ["names"])}
    private = PrivateEventStore(store, MemoryKeyStore(), snapshot_fields=fields)
    await private.persist_events(stream_id, [PersonalValue("c", f"Secret{each}") for each in "ab"])
    repository: Repository[Any, Any] = Repository(private, Reducer({}, counted))
    loaded = await repository.load(stream_id)
    snapshot = StoredSnapshot(loaded.aggregate, 2, loaded.timestamp)
    await private.snapshots.save(stream_id, "names/1", snapshot)
    kept = await store.snapshots.load(stream_id, "names/1")
    assert kept is not None
    assert "Secret" not in repr(kept.aggregate)
    found = await private.snapshots.load(stream_id, "names/1")
    assert found is not None
    assert found.aggregate == {"who": "c", "names": ["Secreta", "Secretb"]}
