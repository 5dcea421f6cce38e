"""What the server's disks hold of personal values: no plain text, and no key."""

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from backports import zstd

from event_store_async import EventStore, NewEvent
from event_store_async.aggregates import Reducer, Repository
from event_store_async.archive import export_events
from event_store_async.privacy import (
    FORGOTTEN,
    KeyStore,
    MasterKeys,
    PersonalFields,
    PrivateEventStore,
)

from ..fixtures.server import Server
from .test_keys import on_disk

KIND = "customer/1"
FIELDS = PersonalFields("customer_id", ["name"])


def opened(store: EventStore, keys: KeyStore) -> PrivateEventStore:
    return PrivateEventStore(store, keys, {"registered": FIELDS}, snapshot_fields={KIND: FIELDS})


def repository(store: PrivateEventStore) -> Repository[dict[str, Any], dict[str, Any]]:
    reducer: Reducer[dict[str, Any], dict[str, Any]] = Reducer(
        {}, lambda all_, one: {**all_, **one}
    )
    return Repository(store, reducer, snapshots=store.snapshots, kind=KIND, every=1)


async def saved(store: EventStore, stream_id: UUID) -> dict[str, Any]:
    """Return the aggregate in the stored snapshot, which is saved in the background."""
    while True:
        found = await store.snapshots.load(stream_id, KIND)
        if found is not None:
            aggregate: dict[str, Any] = found.aggregate
            return aggregate


async def test_disks_exports_and_rows_hold_no_plain_text(
    server: Server, store: EventStore, stream_id: UUID, tmp_path: Path
) -> None:
    if server.embedded is None:
        pytest.skip("the disks of the server are not here")
    subject, secret, open_text = f"customer-{uuid4()}", f"secret-{uuid4()}", f"open-{uuid4()}"
    master = os.urandom(32)  # other tests store bytes that are easy to guess
    keys = store.key_store(MasterKeys({"m1": master}))
    await keys.create_schema()
    private = opened(store, keys)
    payload = {"customer_id": subject, "name": secret, "plan": open_text}
    await private.persist_events(stream_id, [NewEvent(payload, "registered")])
    assert (await repository(private).load(stream_id)).aggregate == payload
    kept = await saved(store, stream_id)
    assert kept["plan"] == open_text
    assert secret not in repr(kept)

    (event,) = [each async for each in private.read_events(stream_id)]
    key = (await keys.key_for([subject]))[subject]
    await export_events(store, tmp_path / "all.zst")
    exported = await asyncio.to_thread(lambda: zstd.decompress((tmp_path / "all.zst").read_bytes()))
    hidden = [secret.encode(), key.secret, master]

    assert event.payload["name"] == secret
    found = await on_disk(server.embedded.directory, [open_text.encode(), *hidden])
    assert found == [open_text.encode()], "what is not personal is there, and nothing else"
    assert open_text.encode() in exported
    assert [mark for mark in hidden if mark in exported] == []

    await keys.forget(subject)
    another = opened(store, keys)
    gone = {"customer_id": subject, "name": FORGOTTEN, "plan": open_text}
    (event,) = [each async for each in another.read_events(stream_id)]
    assert event.payload == gone
    loaded = await another.snapshots.load(stream_id, KIND)
    assert loaded is not None
    assert loaded.aggregate == gone
    assert (await repository(another).load(stream_id)).aggregate == gone
