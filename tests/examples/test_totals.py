"""The example of a view prints what its docstring says, and counts no event twice."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, MemoryEventStore, NewEvent
from examples import totals
from tests.fixtures.server import Server
from tests.fixtures.stores import drop_keyspace


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    server: Server, store: EventStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        await totals.main(keyspace, tmp_path)
    finally:
        await drop_keyspace(store, keyspace)

    _, _, documented = (totals.__doc__ or "").partition("prints::\n\n")
    assert capsys.readouterr().out.splitlines() == [
        line.strip() for line in documented.splitlines()
    ]


async def test_it_goes_on_after_any_event_and_counts_each_once(
    tmp_path: Path, stream_id: UUID
) -> None:
    store = MemoryEventStore()
    await store.persist_events(stream_id, [totals.opened("Ann")])
    for amount in range(1, 6):
        await store.persist_events(stream_id, [totals.moved(totals.DEPOSITED, amount)])
    await store.persist_events(uuid4(), [NewEvent("something else", "other")])
    end = await store.feed().head()
    positions = [event.position async for event in store.feed().read()]

    for until in positions:
        await totals.Totals(tmp_path / "t.json").follow(store.feed(), until)

    stored = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert stored["balances"] == {str(stream_id): 15}
    assert stored["position"] == str(end)
