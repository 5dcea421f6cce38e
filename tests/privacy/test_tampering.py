"""What is encrypted decrypts in its own place only, and one broken field hides no other event."""

import copy
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    BrokenEvent,
    MemoryEventStore,
    NewEvent,
    RecordedEvent,
    StreamError,
)
from event_store_async.errors import PrivacyError, UndecryptableField
from event_store_async.privacy import FORGOTTEN, PersonalValue, PrivateEventStore

from .key_stores import WatchedKeys
from .readings import payloads


async def stored(memory: MemoryEventStore, stream_id: UUID) -> list[RecordedEvent[Any]]:
    return [event async for event in memory.read_events(stream_id)]


async def put(memory: MemoryEventStore, like: RecordedEvent[Any], payload: Any) -> UUID:
    """Store a payload as an event with the id of another one, as an attacker does."""
    stream_id = uuid4()
    event_id = like.event_id or uuid4()
    await memory.persist_events(stream_id, [NewEvent(payload, like.type, None, event_id)])
    return stream_id


async def test_it_decrypts_in_its_own_stream_only(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"name": PersonalValue("c", "Ada")}])
    (event,) = await stored(memory, stream_id)
    other = await put(memory, event, event.payload)

    with pytest.raises(UndecryptableField) as caught:
        await payloads(store, other)
    assert (caught.value.stream_id, caught.value.version) == (other, 1)
    assert caught.value.path == "/name"
    assert isinstance(caught.value, StreamError)
    assert isinstance(caught.value, PrivacyError)


async def test_it_decrypts_in_its_own_event_only(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"name": PersonalValue("c", "Ada")}])
    (event,) = await stored(memory, stream_id)
    await memory.persist_events(stream_id, [event.payload])

    events = store.read_events(stream_id)
    assert (await anext(events)).payload == {"name": "Ada"}
    with pytest.raises(UndecryptableField):
        await anext(events)


CHANGES: dict[str, Callable[[Any], Any]] = {
    "another field": lambda it: {"town": it["name"], "name": it["town"]},
    "another name": lambda it: {"other": it["name"]},
    "deeper": lambda it: {"name": [it["name"]]},
    "itself": lambda it: it["name"],
    "a byte": lambda it: changed(it, data=flipped(it["name"]["$personal"]["data"], 30)),
    "another nonce": lambda it: changed(it, data=flipped(it["name"]["$personal"]["data"], 4)),
    "another version": lambda it: changed(it, data=flipped(it["name"]["$personal"]["data"], 0)),
    "a part of it": lambda it: changed(it, data=it["name"]["$personal"]["data"][:20]),
    "nothing": lambda it: changed(it, data=""),
    "not base64": lambda it: changed(it, data="???"),
    "a number": lambda it: changed(it, data=7),
    "not a key": lambda it: changed(it, key="7"),
    "a key that is a number": lambda it: changed(it, key=7),
    "not a subject": lambda it: changed(it, subject="a\nb"),
    "no subject": lambda it: changed(it, subject=None),
    "more": lambda it: changed(it, more=1),
    "less": lambda _: {"name": {"$personal": {"subject": "c"}}},
    "not a dict": lambda _: {"name": {"$personal": "x"}},
    "a list": lambda _: {"name": {"$personal": []}},
}


def changed(payload: Any, **fields: Any) -> Any:
    made = copy.deepcopy(payload)
    made["name"]["$personal"].update(fields)
    return made


def flipped(data: str, at: int) -> str:
    return data[:at] + ("A" if data[at] != "A" else "B") + data[at + 1 :]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_was_changed_does_not_decrypt(
    memory: MemoryEventStore,
    store: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    change: Callable[[Any], Any],
) -> None:
    await keys.key_for(["c"])
    secret = {"name": PersonalValue("c", "Ada"), "town": PersonalValue("c", "London")}
    await store.persist_events(stream_id, [NewEvent(secret, "t")])
    table = memory._table._streams[stream_id]
    (event,) = await stored(memory, stream_id)
    (sealed,) = table.rows
    forged = await put(memory, event, change(event.payload))
    (row,) = memory._table._streams[forged].rows
    table.rows[0] = type(sealed)(
        row.payload,
        sealed.content_type,
        sealed.metadata,
        sealed.type,
        sealed.event_id,
        sealed.timestamp,
    )
    await store.persist_events(stream_id, [{"name": PersonalValue("c", "Grace")}])

    events = store.read_events(stream_id)
    with pytest.raises(UndecryptableField) as caught:
        await anext(events)
    assert (caught.value.stream_id, caught.value.version) == (stream_id, 1)
    assert "Ada" not in str(caught.value)
    assert await payloads(store, stream_id, from_version=2) == [{"name": "Grace"}]


async def test_events_before_it_are_read_and_those_after_it_can_be(
    memory: MemoryEventStore, keys: WatchedKeys, store: PrivateEventStore, stream_id: UUID
) -> None:
    for name in ("Ada", "Grace"):
        await store.persist_events(stream_id, [PersonalValue(name, name)])
    await memory.persist_events(stream_id, [{"$personal": 7}])
    await store.persist_events(stream_id, [PersonalValue("e", "Edith")])

    seen = []
    with pytest.raises(UndecryptableField) as caught:
        async for event in PrivateEventStore(memory, keys).read_events(stream_id):
            seen.append(event.payload)
    assert seen == ["Ada", "Grace"]
    assert (caught.value.version, caught.value.path) == (3, "")
    assert await payloads(store, stream_id, from_version=4) == ["Edith"]
    assert await payloads(store, stream_id, backward=True, max_count=1) == ["Edith"]


async def test_in_the_feed_it_is_a_broken_event(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [NewEvent(PersonalValue("c", "Ada"), "t")])
    await memory.persist_events(stream_id, [NewEvent({"$personal": 7}, "t")])
    await store.persist_events(stream_id, [NewEvent(PersonalValue("c", "Grace"), "t")])

    one, broken, two = (await store.feed().page()).events
    assert not isinstance(one, BrokenEvent)
    assert not isinstance(two, BrokenEvent)
    assert (one.payload, two.payload) == ("Ada", "Grace")
    assert isinstance(broken, BrokenEvent)
    assert isinstance(broken.error, UndecryptableField)
    assert (broken.version, broken.type) == (2, "t")
    with pytest.raises(UndecryptableField) as caught:
        assert [event async for event in store.feed().read()] == []
    later = store.feed().read(caught.value.position)
    assert [event.payload async for event in later] == ["Grace"]


async def test_a_key_of_another_subject_is_not_used(
    store: PrivateEventStore, memory: MemoryEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"name": PersonalValue("c", "Ada")}])
    await store.keys.key_for(["d"])
    (event,) = await stored(memory, stream_id)
    other = await put(memory, event, changed(event.payload, subject="d"))

    # The key that it names is not that of the subject, so it must have been destroyed.
    assert await payloads(store, other) == [{"name": FORGOTTEN}]


async def test_what_is_stored_deeper_than_a_stack_can_be_read(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    deep: Any = {"$personal": None}
    for _ in range(240):
        deep = [deep]
    await memory.persist_events(stream_id, [deep])

    (found,) = await payloads(store, stream_id)
    for _ in range(240):
        (found,) = found
    assert found is FORGOTTEN


async def test_an_event_that_was_stored_in_plain_text_is_read_as_it_is(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    old = {"name": "Ada", "lines": [{"$personal_": 1}], "$personal!": {}}
    await memory.persist_events(stream_id, [old])
    assert await payloads(store, stream_id) == [old]
