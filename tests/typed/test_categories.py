"""A view of a category in place of a store: typed events, aggregates, commands, faults."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    InvalidArgument,
    MemoryEventStore,
    WrongCategory,
)
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    Reducer,
    Repository,
)
from event_store_async.testing import HostileEventStore, Injected, Injection
from event_store_async.typed import EventType, EventTypes, TypedEventStore


@dataclass(frozen=True)
class Deposited:
    amount: int


TYPES = EventTypes(EventType(Deposited, "deposited"))
SUM = Reducer[int, Deposited](0, lambda total, event: total + event.amount)


@pytest.fixture
def memory() -> MemoryEventStore:
    return MemoryEventStore()


async def test_a_typed_store_a_repository_and_a_handler_take_a_view(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    accounts = TypedEventStore(memory.category("account"), TYPES)
    repository = Repository(accounts, SUM)
    handler = CommandHandler(repository, accounts)

    first = await accounts.persist_events(stream_id, [Deposited(50)])
    handled = await handler.handle(Command(stream_id, lambda total: [Deposited(total + 1)]))
    loaded = await repository.load(stream_id)

    assert first.events[0].type == "deposited"
    assert isinstance(handled, CommandHandled)
    assert (loaded.aggregate, loaded.version) == (101, 2)
    with pytest.raises(WrongCategory) as caught:
        await memory.category("order").persist_events(stream_id, ["placed"])
    assert caught.value.actual == "account"


async def test_a_wrong_category_passes_through_them_and_is_not_tried_again(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    await memory.category("account").persist_events(stream_id, [])
    await TypedEventStore(memory.category("account"), TYPES).persist_events(
        stream_id, [Deposited(50)]
    )
    orders = TypedEventStore(memory.category("order"), TYPES)
    handler = CommandHandler(Repository(orders, SUM), orders)

    with pytest.raises(WrongCategory):
        await orders.persist_events(stream_id, [Deposited(1)])
    with pytest.raises(WrongCategory):
        await handler.handle(Command(stream_id, lambda total: [Deposited(total)]))
    assert await memory.current_version(stream_id) == 1


async def test_a_hostile_view_shares_the_faults_of_its_store(memory: MemoryEventStore) -> None:
    script = [Injection.UNKNOWN_STORED, Injection.UNKNOWN_LOST, Injection.NONE]
    hostile = HostileEventStore(memory, seed=1, script=script)
    view, stream, other = hostile.category("account"), uuid4(), uuid4()

    with pytest.raises(AppendOutcomeUnknown) as stored:
        await view.persist_events(stream, ["a"])
    with pytest.raises(AppendOutcomeUnknown):
        await hostile.category("order").persist_events(other, ["b"])
    again = await view.persist_events(stream, stored.value.events)

    assert again.stored_earlier
    assert hostile.script == ()
    assert hostile.injected == [
        Injected(Injection.UNKNOWN_STORED, stream),
        Injected(Injection.UNKNOWN_LOST, other),
    ]
    assert await memory.current_version(other) == 0
    with pytest.raises(WrongCategory):
        await memory.category("order").persist_events(stream, ["c"])


@pytest.mark.parametrize(
    "fault", [Injection.UNKNOWN_LOST, Injection.UNKNOWN_STORED, Injection.CONFLICT]
)
async def test_a_hostile_view_says_no_untruth_of_a_stream_of_another_category(
    memory: MemoryEventStore, stream_id: UUID, fault: Injection
) -> None:
    await memory.category("account").persist_events(stream_id, ["a"])
    hostile = HostileEventStore(memory, seed=1, script=[fault], rival=lambda _: ["rival"])

    with pytest.raises(WrongCategory):
        await hostile.category("order").persist_events(stream_id, ["b"])

    assert await memory.current_version(stream_id) == 1


async def test_a_rival_appends_in_the_same_category(
    memory: MemoryEventStore, stream_id: UUID
) -> None:
    hostile = HostileEventStore(
        memory, seed=1, script=[Injection.CONFLICT], rival=lambda _: ["rival"]
    )

    result = await hostile.category("account").try_persist_events(stream_id, ["mine"], 0)

    assert result == ConcurrentModification(stream_id, 0, 1)
    assert (await memory.category("account").persist_events(stream_id, ["b"])).version == 2


async def test_a_store_without_categories_is_named(memory: MemoryEventStore) -> None:
    hostile = HostileEventStore(TypedEventStore(memory, TYPES), seed=1)

    with pytest.raises(InvalidArgument, match="TypedEventStore has no categories"):
        hostile.category("account")
    assert (await memory.category("account").health()).connected
