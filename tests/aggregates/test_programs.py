"""Random programs: a handler with a cache, rivals and faults gives the same results as a list."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from event_store_async import AppendOutcomeUnknown, MemoryEventStore, StoreUnavailable
from event_store_async.aggregates import (
    Command,
    CommandHandled,
    CommandHandler,
    InvalidAggregateVersion,
    Rejected,
    SnapshotCache,
)
from event_store_async.testing import HostileEventStore

from .bank import (
    REDUCER,
    Account,
    Decider,
    Event,
    deposit,
    deposited,
    new_handler,
    payloads,
    withdraw,
    withdrawn,
)


def nothing(_: Account) -> list[Event]:
    return []


def both(amount: int) -> Decider:
    return lambda _: [deposited(amount), withdrawn(amount)]


AMOUNTS = st.integers(1, 9)
DECIDERS = st.one_of(
    AMOUNTS.map(deposit), AMOUNTS.map(withdraw), AMOUNTS.map(both), st.just(nothing)
)
STEPS = st.one_of(
    st.tuples(st.just("command"), DECIDERS, st.sampled_from([None, None, None, -1, 0, 0, 1])),
    st.tuples(st.just("rival"), AMOUNTS),
    st.tuples(st.just("repeat"), st.integers(0, 30)),
)


class Model:
    """What the stream must hold, and what each command stored."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.done: dict[UUID, tuple[int, list[Event]]] = {}

    def handle(self, command: Command[Account, Event]) -> Any:
        """Return the expected result: events and the version before them, or a refusal."""
        if command.command_id in self.done:
            return (*self.done[command.command_id], True)
        version, expected = len(self.events), command.expected_version
        if expected is not None and version != expected:
            return InvalidAggregateVersion(command.aggregate_id, expected, version)
        account = REDUCER.reduce(REDUCER.initial, self.events)
        decision: Any = command.to_events(account)
        if isinstance(decision, Rejected):
            return decision
        if decision:
            self.done[command.command_id] = version, decision
        self.events += decision
        return version, decision, False


async def settled(handler: CommandHandler[Account, Event], command: Command[Account, Event]) -> Any:
    while True:
        try:
            return await handler.handle(command)
        except (AppendOutcomeUnknown, StoreUnavailable):
            continue


async def run(program: list[Any], seed: int, faults: float, cached: bool) -> None:
    memory, account, model = MemoryEventStore(), uuid4(), Model()
    store = HostileEventStore(
        memory, seed=seed, unknown_stored=faults, unknown_lost=faults, broken_read=faults
    )
    handler = new_handler(store, cache=SnapshotCache() if cached else None)
    commands: list[Command[Account, Event]] = []
    for kind, *arguments in program:
        if kind == "rival":
            await memory.persist_events(account, [deposited(arguments[0])])
            model.events.append(deposited(arguments[0]))
            continue
        if kind == "repeat" and arguments[0] >= len(commands):
            continue
        if kind == "repeat":
            command = commands[arguments[0]]
        else:
            decide, distance = arguments
            at = None if distance is None else max(0, len(model.events) + distance)
            command = Command(account, decide, at)
            commands.append(command)
        expected = model.handle(command)
        before = len(model.events)
        result = await settled(handler, command)
        check(result, expected, command, model, faults)
        assert len(model.events) == before
        assert await payloads(memory, account) == model.events


def check(
    result: Any, expected: Any, command: Command[Account, Event], model: Model, faults: float
) -> None:
    if isinstance(expected, Rejected | InvalidAggregateVersion):
        if isinstance(expected, InvalidAggregateVersion) and not isinstance(result, type(expected)):
            # It expected the cached version, which was not the newest.
            assert result.expected_version == expected.expected_version
            assert result.actual_version == expected.actual_version
            return
        if isinstance(expected, InvalidAggregateVersion):
            assert result.expected_version == expected.expected_version
            return  # The actual version may be the cached one, if that is above the expected one.
        assert result == expected
        return
    version, events, earlier = expected
    assert isinstance(result, CommandHandled)
    assert [event.payload for event in result.events] == events
    assert result.before.version == version
    assert result.after.version == version + len(events)
    history = model.events[:version]
    assert result.before.aggregate == REDUCER.reduce(REDUCER.initial, history)
    assert result.after.aggregate == REDUCER.reduce(result.before.aggregate, events)
    assert command.command_id in model.done or not events
    if not faults:
        assert result.handled_earlier is earlier
    assert result.handled_earlier or not earlier


@settings(max_examples=200, deadline=None)
@given(
    st.lists(STEPS, max_size=25), st.integers(0, 999), st.sampled_from([0.0, 0.2]), st.booleans()
)
def test_a_program_gives_the_results_of_a_list(
    program: list[Any], seed: int, faults: float, cached: bool
) -> None:
    with asyncio.Runner() as runner:
        runner.run(run(program, seed, faults, cached))
