"""What the server's disks hold of personal values: no plain text, and no key."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from backports import zstd

from event_store_async import EventStore
from event_store_async.aggregates import Snapshot
from event_store_async.archive import export_events
from event_store_async.privacy import FORGOTTEN, MasterKeys, PersonalValue, PrivateEventStore

from ..fixtures.server import Server
from .test_keys import on_disk


async def test_disks_exports_and_rows_hold_no_plain_text(
    server: Server, store: EventStore, stream_id: UUID, tmp_path: Path
) -> None:
    if server.embedded is None:
        pytest.skip("the disks of the server are not here")
    subject, secret, open_text = f"customer-{uuid4()}", f"secret-{uuid4()}", f"open-{uuid4()}"
    master = os.urandom(32)  # other tests store bytes that are easy to guess
    keys = store.key_store(MasterKeys({"m1": master}))
    await keys.create_schema()
    private = PrivateEventStore(store, keys)
    personal = PersonalValue(subject, secret)
    await private.persist_events(stream_id, [{"name": personal, "plan": open_text}])
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    await private.snapshots.save(stream_id, "customer/1", Snapshot({"name": personal}, 1, moment))

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
    another = PrivateEventStore(store, keys)
    (event,) = [each async for each in another.read_events(stream_id)]
    assert event.payload == {"name": FORGOTTEN, "plan": open_text}
