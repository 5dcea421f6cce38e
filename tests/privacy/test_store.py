"""A private store: what is stored, what is read, and what a forgotten person leaves."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    AppendTooLarge,
    ConcurrentModification,
    ExpectedVersion,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    JsonCodec,
    MemoryEventStore,
    NewEvent,
    PayloadNotEncodable,
    StreamClosed,
    UnidentifiedEvent,
)
from event_store_async.errors import SubjectForgotten, WrongEventLoop
from event_store_async.events import SoughtEvent
from event_store_async.privacy import (
    FORGOTTEN,
    CachedKeys,
    Encrypted,
    ForgottenSubject,
    MemoryKeyStore,
    PersonalFields,
    PersonalValue,
    PrivateEventStore,
    SubjectKey,
    WrappedKey,
)
from event_store_async.typed import TypedEventStore

from .key_stores import WatchedKeys
from .people import TYPES
from .readings import payloads, stored_bytes

FIELDS = {"registered": PersonalFields("customer", ["name", "address"])}
ADA = {"customer": "c-1", "name": "Ada Lovelace", "address": {"town": "London"}, "plan": "gold"}


@pytest.fixture
def dicts(memory: MemoryEventStore, keys: WatchedKeys) -> PrivateEventStore:
    return PrivateEventStore(memory, keys, FIELDS)


async def test_what_is_personal_is_stored_encrypted_and_the_rest_is_not(
    memory: MemoryEventStore, dicts: PrivateEventStore, stream_id: UUID
) -> None:
    await dicts.persist_events(stream_id, [NewEvent(ADA, "registered")])

    raw = stored_bytes(memory)
    assert b"Ada" not in raw
    assert b"London" not in raw
    (stored,) = await payloads(memory, stream_id)
    assert (stored["customer"], stored["plan"]) == ("c-1", "gold")
    assert stored["name"].keys() == {"$personal"}
    assert stored["name"]["$personal"].keys() == {"subject", "key", "data"}
    assert stored["name"] != stored["address"]
    assert await payloads(dicts, stream_id) == [ADA]
    assert [event.payload async for event in dicts.feed().read()] == [ADA]


async def test_an_append_returns_what_was_given(dicts: PrivateEventStore, stream_id: UUID) -> None:
    other = {"name": PersonalValue("c-2", "Grace")}
    result = await dicts.persist_events(stream_id, [NewEvent(ADA, "registered"), other, "plain"])

    assert result.events[0].payload is ADA
    assert result.events[1].payload is other
    assert [event.version for event in result.events] == [1, 2, 3]
    found = [event async for event in dicts.read_events(stream_id)]
    assert [event.event_id for event in found] == [event.event_id for event in result.events]


async def test_after_forgetting_the_events_stay(dicts: PrivateEventStore, stream_id: UUID) -> None:
    grace = ADA | {"customer": "c-2", "name": "Grace"}
    await dicts.persist_events(stream_id, [NewEvent(each, "registered") for each in (ADA, grace)])
    await dicts.keys.forget("c-1")

    forgotten = ADA | {"name": FORGOTTEN, "address": FORGOTTEN}
    assert await payloads(dicts, stream_id) == [forgotten, grace]
    assert await payloads(dicts, stream_id, backward=True) == [grace, forgotten]
    assert [event.payload async for event in dicts.feed().read()] == [forgotten, grace]
    assert await dicts.current_version(stream_id) == 2


@pytest.mark.parametrize(
    "value",
    ["Ada", "", None, 0, True, 1.5, [1, "a"], {"a": {"b": []}}, 2**63, "\U0001f600"],
    ids=repr,
)
@pytest.mark.parametrize(
    "around",
    [
        lambda value: value,
        lambda value: {"a/b~c": value},
        lambda value: [1, [value]],
        lambda value: {"lines": [{"n": 1}, {"who": value}]},
        lambda value: {"": value},
    ],
)
async def test_any_value_anywhere(
    store: PrivateEventStore, stream_id: UUID, value: Any, around: Any
) -> None:
    await store.persist_events(stream_id, [around(PersonalValue("c-1", value))])

    assert await payloads(store, stream_id) == [around(value)]
    await store.keys.forget("c-1")
    assert await payloads(store, stream_id) == [around(FORGOTTEN)]


async def test_a_text_that_names_the_reserved_key_is_a_value(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [PersonalValue("c", ["$personal"])])
    assert await payloads(store, stream_id) == [["$personal"]]


async def test_the_same_value_never_looks_the_same(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [[PersonalValue("c-1", "Ada")] * 3])

    (stored,) = await payloads(memory, stream_id)
    assert len({each["$personal"]["data"] for each in stored}) == 3
    assert await payloads(store, stream_id) == [["Ada"] * 3]


async def test_without_the_keys_a_field_is_encrypted(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"name": PersonalValue("c-1", "Ada"), "n": 1}])
    key = (await keys.keys.key_for(["c-1"]))["c-1"]
    others = PrivateEventStore(memory, MemoryKeyStore())

    (found,) = await payloads(others, stream_id)
    assert found == {"name": Encrypted("c-1", key.id), "n": 1}


async def test_a_person_who_comes_back_has_a_new_life(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    elsewhere = PrivateEventStore(memory, keys)
    await store.persist_events(stream_id, [PersonalValue("c-1", "old")])
    await store.keys.forget("c-1")
    assert await payloads(elsewhere, stream_id) == [FORGOTTEN]
    await store.keys.key_for(["c-1"], renew=True)
    await store.persist_events(stream_id, [PersonalValue("c-1", "new")])

    # At once: what one has in its cache says nothing about a key of a later time.
    assert await payloads(store, stream_id) == [FORGOTTEN, "new"]
    assert await payloads(elsewhere, stream_id) == [FORGOTTEN, "new"]


async def test_forgotten_values_can_be_stored_again(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    given = {"name": FORGOTTEN, "town": PersonalValue("c-1", FORGOTTEN)}
    await store.persist_events(stream_id, [given])

    assert keys.calls == []
    assert await payloads(store, stream_id) == [{"name": FORGOTTEN, "town": FORGOTTEN}]
    assert await payloads(memory, stream_id) == [
        {"name": {"$personal": None}, "town": {"$personal": None}}
    ]


# Appends


async def test_a_repeated_append_is_recognised(store: PrivateEventStore, stream_id: UUID) -> None:
    events = [NewEvent({"name": PersonalValue("c-1", "Ada")}), NewEvent("plain")]
    first = await store.persist_events(stream_id, events, NO_STREAM)
    again = await store.persist_events(stream_id, events, NO_STREAM)

    assert not first.stored_earlier
    assert again.stored_earlier
    assert [event.payload for event in again.events] == [{"name": "Ada"}, "plain"]
    assert await store.current_version(stream_id) == 2


@pytest.mark.parametrize("expected", [ANY, NO_STREAM, 0, STREAM_EXISTS], ids=str)
async def test_a_repetition_after_forgetting_is_recognised(
    store: PrivateEventStore, stream_id: UUID, expected: ExpectedVersion
) -> None:
    events = [NewEvent({"name": PersonalValue("c-1", "Ada")}), NewEvent("plain")]
    await store.persist_events(stream_id, events)
    await store.persist_events(stream_id, ["later"])
    await store.keys.forget("c-1")
    again = await store.persist_events(stream_id, events, expected)

    assert (again.stored_earlier, again.version) == (True, 2)
    assert [event.payload for event in again.events] == [{"name": FORGOTTEN}, "plain"]
    assert await store.current_version(stream_id) == 3


async def test_nothing_new_is_stored_about_a_forgotten_subject(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [PersonalValue("c-1", "Ada")])
    await store.keys.forget("c-1")

    given: Any
    for given in (PersonalValue("c-1", 1), NewEvent(PersonalValue("c-1", 1))):
        for expected in (ANY, 1, 0, NO_STREAM):
            with pytest.raises(SubjectForgotten) as caught:
                await store.persist_events(stream_id, ["other", given], expected)
            assert caught.value.subject == "c-1"
    assert await store.current_version(stream_id) == 1


async def test_a_conflict_is_that_of_the_other_store(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [PersonalValue("c-1", 1)])
    result = await store.try_persist_events(stream_id, [PersonalValue("c-1", 2)], NO_STREAM)

    assert isinstance(result, ConcurrentModification)
    with pytest.raises(ConcurrentModification):
        await store.persist_events(stream_id, [PersonalValue("c-1", 2)], 7)
    assert await store.current_version(stream_id) == 1


async def test_every_form_of_an_event(store: PrivateEventStore, stream_id: UUID) -> None:
    ids = uuid4(), uuid4()
    await store.persist_events(
        stream_id,
        [
            PersonalValue("c", 1),
            UnidentifiedEvent([PersonalValue("c", 2)], "two", {"m": 1}),
            NewEvent([PersonalValue("c", 3)], "three", {"m": 2}, ids[0]),
            SoughtEvent([PersonalValue("c", 4)], "four", None, ids[1]),
        ],
    )

    found = [event async for event in store.read_events(stream_id)]
    assert [event.payload for event in found] == [1, [2], [3], [4]]
    assert [event.type for event in found] == [None, "two", "three", "four"]
    assert [event.metadata for event in found] == [None, {"m": 1}, {"m": 2}, None]
    assert [event.event_id for event in found[2:]] == list(ids)


async def test_new_ids_are_an_argument(memory: MemoryEventStore, stream_id: UUID) -> None:
    store = PrivateEventStore(memory, MemoryKeyStore(), new_event_id=lambda: UUID(int=7))
    result = await store.persist_events(stream_id, [PersonalValue("c", 1)])

    assert result.events[0].event_id == UUID(int=7)
    assert await payloads(store, stream_id) == [1]


async def test_an_event_without_an_id_is_not_looked_for(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    # Its id is new, so a repetition of the call is another event.
    store = PrivateEventStore(memory, MemoryKeyStore(), new_event_id=lambda: UUID(int=7))
    for _ in range(2):
        await store.persist_events(stream_id, [PersonalValue("c", 1)])

    assert await payloads(store, stream_id) == [1, 1]


async def test_a_generator_of_events(store: PrivateEventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, (PersonalValue("c", number) for number in range(3)))
    assert await payloads(store, stream_id) == [0, 1, 2]


async def test_events_without_end_are_refused(
    store: PrivateEventStore, stream_id: UUID, keys: WatchedKeys
) -> None:
    with pytest.raises(AppendTooLarge):
        await store.persist_events(stream_id, (PersonalValue("c", 1) for _ in iter(int, 1)))
    assert keys.calls == []


# What is refused


@pytest.mark.parametrize("subject", [None, "", 7, "x" * 201, "a\nb", b"c", uuid4()], ids=repr)
async def test_a_subject_that_is_none_is_refused(
    memory: MemoryEventStore,
    dicts: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    subject: Any,
) -> None:
    with pytest.raises(InvalidEvent) as caught:
        await dicts.persist_events(stream_id, ["a", {"x": [PersonalValue(subject, "Ada")]}])
    assert caught.value.index == 1
    assert "payload/x/0" in str(caught.value)
    assert "Ada" not in str(caught.value)
    with pytest.raises(InvalidEvent):
        await dicts.persist_events(stream_id, [NewEvent(ADA | {"customer": subject}, "registered")])
    assert keys.calls == []
    assert await memory.current_version(stream_id) == 0


@dataclass
class Card:
    holder: Any


@pytest.mark.parametrize(
    "payload",
    [
        {"$personal": 1},
        {"$personal": {"subject": "c", "key": str(uuid4()), "data": ""}, "more": 1},
        [{"a": {"$personal": None}}],
        ({"$personal": None},),
        {"a": Card({"$personal": None})},
    ],
    ids=repr,
)
async def test_the_reserved_key_is_refused(
    memory: MemoryEventStore,
    store: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    payload: Any,
) -> None:
    with pytest.raises(InvalidEvent, match="reserved"):
        await store.persist_events(stream_id, [PersonalValue("c", 1), payload])
    assert keys.calls == []
    assert await memory.current_version(stream_id) == 0


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (Card(PersonalValue("c", "Ada")), "inside an object"),
        (Encrypted("c", uuid4()), "read without its key"),
        (PersonalValue("c", PersonalValue("d", "Ada")), "another personal value"),
        (PersonalValue("c", Encrypted("d", uuid4())), "another personal value"),
        (PersonalValue("c", object()), "cannot be encoded"),
        (PersonalValue("c", {"a": [{"$personal": 1}]}), "reserved"),
        (PersonalValue("c", [FORGOTTEN]), "another personal value"),
        (PersonalValue("c", float("nan")), "cannot be encoded"),
        ({"a": PersonalValue("c", {1: 2})}, "payload/a cannot be encoded"),
    ],
    ids=lambda each: str(each)[:30],
)
async def test_what_cannot_be_encrypted_is_refused(
    memory: MemoryEventStore,
    store: PrivateEventStore,
    keys: WatchedKeys,
    stream_id: UUID,
    payload: Any,
    reason: str,
) -> None:
    with pytest.raises(InvalidEvent, match=reason) as caught:
        await store.persist_events(stream_id, [payload])
    assert "Ada" not in str(caught.value)
    assert keys.calls == []
    assert await memory.current_version(stream_id) == 0


async def test_a_payload_that_contains_itself_is_refused(
    store: PrivateEventStore, stream_id: UUID
) -> None:
    payload: list[Any] = [PersonalValue("c", 1)]
    payload.append(payload)
    with pytest.raises(InvalidEvent, match="contains itself"):
        await store.persist_events(stream_id, [payload])


async def test_bad_arguments_ask_for_no_keys(
    store: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    personal: Any = [PersonalValue("c", 1)]
    wrong: Any = "x"
    with pytest.raises(InvalidArgument):
        await store.persist_events(wrong, personal)
    with pytest.raises(InvalidExpectedVersion):
        await store.persist_events(stream_id, personal, wrong)
    with pytest.raises(InvalidExpectedVersion):
        await store.persist_events(stream_id, personal * 2, 2**31 - 2)
    with pytest.raises(InvalidArgument):
        await store.persist_events(stream_id, personal, timeout=wrong)
    with pytest.raises(InvalidEvent):
        await store.persist_events(stream_id, personal[0])
    with pytest.raises(InvalidEvent):
        await store.persist_events(stream_id, {"a": personal[0]})
    with pytest.raises(InvalidEvent):
        await store.persist_events(stream_id, [NewEvent(personal[0], event_id=wrong)])
    with pytest.raises(InvalidArgument):
        store.read_events(stream_id, wrong)
    assert keys.calls == []


async def test_what_the_other_store_refuses_is_refused(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    wrong: Any = 7
    with pytest.raises(InvalidEvent):
        await store.persist_events(stream_id, [NewEvent(PersonalValue("c", 1), wrong)])
    with pytest.raises(AppendTooLarge):
        await store.persist_events(stream_id, [PersonalValue("c", "x" * 2_000_000)])
    (event,) = (await store.persist_events(stream_id, [PersonalValue("c", 1)])).events
    with pytest.raises(InvalidEvent, match="RecordedEvent"):
        await store.persist_events(stream_id, [event])
    assert await memory.current_version(stream_id) == 1


@pytest.mark.parametrize("codec", [JsonCodec(), JsonCodec(default=str)], ids=["json", "default"])
@pytest.mark.parametrize(
    "payload", [PersonalValue("c", "Ada"), {"a": [PersonalValue("c", "Ada")]}], ids=repr
)
async def test_a_plain_store_refuses_what_is_personal(
    codec: JsonCodec, payload: Any, stream_id: UUID
) -> None:
    memory = MemoryEventStore(codec=codec)
    with pytest.raises(PayloadNotEncodable, match="PrivateEventStore") as caught:
        await memory.persist_events(stream_id, [payload])
    assert "Ada" not in str(caught.value)
    assert await memory.current_version(stream_id) == 0
    with pytest.raises(PayloadNotEncodable, match="without its key"):
        await memory.persist_events(stream_id, [{"a": Encrypted("c", uuid4())}])
    with pytest.raises(PayloadNotEncodable, match=r"payload\.a.*FORGOTTEN has no JSON form"):
        await memory.persist_events(stream_id, [{"a": FORGOTTEN}])
    await memory.persist_events(stream_id, [{"a": FORGOTTEN.value}])


# Bare dicts


async def test_a_payload_need_not_have_all_fields(
    dicts: PrivateEventStore, keys: WatchedKeys, stream_id: UUID
) -> None:
    some: list[dict[str, Any]] = [{"customer": "c", "name": None}, {"plan": "gold"}, {}]
    await dicts.persist_events(stream_id, [NewEvent(each, "registered") for each in some])

    assert await payloads(dicts, stream_id) == some
    assert keys.calls == [("key_for", ["c"])]


async def test_events_of_other_types_are_as_they_are(
    memory: MemoryEventStore, dicts: PrivateEventStore, stream_id: UUID
) -> None:
    await dicts.persist_events(stream_id, [NewEvent(ADA, "other"), ADA])
    assert await payloads(memory, stream_id) == [ADA, ADA]


@pytest.mark.parametrize("payload", ["Ada", ["Ada"], None, Card("Ada")], ids=repr)
async def test_a_payload_of_such_a_type_must_be_a_dict(
    dicts: PrivateEventStore, stream_id: UUID, payload: Any
) -> None:
    with pytest.raises(InvalidEvent, match="must be a dict"):
        await dicts.persist_events(stream_id, [NewEvent(payload, "registered")])


async def test_a_field_may_be_marked_twice(dicts: PrivateEventStore, stream_id: UUID) -> None:
    payload = ADA | {"name": PersonalValue("c-2", "Ada"), "address": FORGOTTEN}
    await dicts.persist_events(stream_id, [NewEvent(payload, "registered")])
    await dicts.keys.forget("c-1")

    assert await payloads(dicts, stream_id) == [payload | {"name": "Ada"}]


# Around streams


async def test_a_view_of_a_category_encrypts(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    view = store.category("customer")
    await view.persist_events(stream_id, [PersonalValue("c", "Ada")])

    assert b"Ada" not in stored_bytes(memory)
    assert await payloads(view, stream_id) == ["Ada"]
    events = [event async for event in view.feed().read()]
    assert [(event.payload, event.category) for event in events] == [("Ada", "customer")]
    assert [event async for event in store.feed(categories=["order"]).read()] == []
    assert view == store.category("customer")


async def test_a_private_store_of_a_view(memory: MemoryEventStore, stream_id: UUID) -> None:
    store = PrivateEventStore(memory.category("customer"), MemoryKeyStore())
    await store.persist_events(stream_id, [PersonalValue("c", "Ada")])

    (event,) = [event async for event in store.feed().read()]
    assert (event.payload, event.category) == ("Ada", "customer")
    await store.category("customer").persist_events(stream_id, [PersonalValue("c", "Grace")])
    assert await payloads(store, stream_id) == ["Ada", "Grace"]
    with pytest.raises(InvalidArgument):
        store.category("order")


async def test_streams_are_listed_and_erased(
    memory: MemoryEventStore, store: PrivateEventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [PersonalValue("c", number) for number in range(3)])

    assert [head.version async for head in store.streams()] == [3]
    await store.truncate_stream(stream_id, before=2)
    assert await payloads(store, stream_id) == [1, 2]
    await store.delete_stream(stream_id)
    assert await payloads(store, stream_id) == []
    await store.close_stream(stream_id)
    with pytest.raises(StreamClosed):
        await store.persist_events(stream_id, [PersonalValue("c", 1)])
    assert (await store.health()).connected


class Bare:
    """A store with nothing but streams."""

    def __init__(self, memory: MemoryEventStore) -> None:
        self.read_events = memory.read_events
        self.try_persist_events = memory.try_persist_events
        self.current_version = memory.current_version


async def test_what_the_other_store_lacks_is_said(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    bare: Any = Bare(memory)
    store = PrivateEventStore(bare, MemoryKeyStore())
    await store.persist_events(stream_id, [PersonalValue("c", 1)])

    assert await payloads(store, stream_id) == [1]
    lacking: list[Callable[[], Any]] = [
        store.streams,
        store.feed,
        lambda: store.category("a"),
        lambda: store.snapshots,
        lambda: store.subscriptions,
    ]
    for call in lacking:
        with pytest.raises(InvalidArgument, match="Bare"):
            call()
    with pytest.raises(InvalidArgument):
        await store.close_stream(stream_id)
    with pytest.raises(InvalidArgument):
        await store.health()


def test_what_is_no_store_or_key_store_is_refused(
    memory: MemoryEventStore, store: PrivateEventStore, keys: WatchedKeys
) -> None:
    wrong: Any = {"a": 1}
    makers: list[Callable[[], Any]] = [
        lambda: PrivateEventStore(wrong, keys),
        lambda: PrivateEventStore(memory, wrong),
        lambda: PrivateEventStore(store, keys),
        lambda: PrivateEventStore(store.category("a"), keys),
        lambda: PrivateEventStore(TypedEventStore(memory, TYPES), keys),
        lambda: PrivateEventStore(TypedEventStore(store, TYPES), keys),
        lambda: PrivateEventStore(memory, keys, wrong),
        lambda: PrivateEventStore(memory, keys, {"": FIELDS["registered"]}),
        lambda: PrivateEventStore(memory, keys, [FIELDS["registered"]]),  # type: ignore[arg-type]
        lambda: PrivateEventStore(memory, keys, cache_seconds=-1),
        lambda: PrivateEventStore(memory, keys, cache_seconds=wrong),
        lambda: PrivateEventStore(memory, keys, clock=wrong),
        lambda: PrivateEventStore(memory, keys, new_event_id=wrong),
        lambda: PrivateEventStore(memory, CachedKeys(keys), cache_seconds=1),
    ]
    for make in makers:
        with pytest.raises(InvalidArgument):
            make()


def test_nothing_is_followed_without_an_event_loop(store: PrivateEventStore) -> None:
    typed = TypedEventStore(store, TYPES)
    for each in (store, typed, store.category("a"), MemoryEventStore()):
        with pytest.raises(WrongEventLoop):
            each.follow(uuid4())


@pytest.mark.parametrize(
    "make",
    [
        lambda: SubjectKey(7, uuid4(), b"x"),  # type: ignore[arg-type]
        lambda: SubjectKey("", uuid4(), b"x"),
        lambda: SubjectKey("a", 1, b"x"),  # type: ignore[arg-type]
        lambda: SubjectKey("a", uuid4(), "SECRET"),  # type: ignore[arg-type]
        lambda: WrappedKey(1, b"x"),  # type: ignore[arg-type]
        lambda: WrappedKey("a", "SECRET"),  # type: ignore[arg-type]
        lambda: ForgottenSubject("a", 1),  # type: ignore[arg-type]
        lambda: ForgottenSubject("", datetime.now(UTC)),
    ],
)
def test_keys_are_checked(make: Callable[[], Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        make()
    assert "SECRET" not in str(caught.value)


def test_what_is_personal_is_not_shown() -> None:
    value = PersonalValue("c-1", "Ada")

    assert repr(value) == "PersonalValue('c-1', …)"
    assert pickle.loads(pickle.dumps(value)) == value
    assert value != PersonalValue("c-2", "Ada")
    assert value != "Ada"
    assert (str(FORGOTTEN), repr(FORGOTTEN)) == ("(forgotten)", "FORGOTTEN")
    assert pickle.loads(pickle.dumps(FORGOTTEN)) is FORGOTTEN


@pytest.mark.parametrize(
    ("subject", "fields"),
    [
        (7, ["a"]),
        ("a", "b"),
        ("a", []),
        ("a", None),
        ("a", [7]),
        ("a", ["b", "a"]),
        ("a", [str(number) for number in range(1001)]),
    ],
    ids=lambda each: str(each)[:20],
)
def test_fields_are_checked(subject: Any, fields: Any) -> None:
    with pytest.raises(InvalidArgument):
        PersonalFields(subject, fields)
