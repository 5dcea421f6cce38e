"""Scenarios: given past events, when a command is decided, then these events or a rejection."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, NoReturn, Self, TypeAlias, TypeVar

from ..aggregates import Decision, Reducer, Rejected
from ..checks import attribute, check_callable, check_instance, is_event_list
from ..events import NewEvent, UnidentifiedEvent
from ..excerpt import excerpt
from .rendering import difference, message, summary

A = TypeVar("A")
E = TypeVar("E")

_Outcome: TypeAlias = tuple[NewEvent, ...] | Rejected | Exception


def given(reducer: Reducer[A, E], *events: E | NewEvent[E]) -> "Given[A, E]":
    """
    Begin a scenario with the events that have happened so far.

    Args:
        reducer: The reducer of the aggregate.
        events: Payloads or `NewEvent`s, in order; without any, the aggregate is the initial one.

    Raises:
        InvalidArgument: *reducer* is not a `Reducer`.
        Exception: what the reducer raises.
    """
    return Given(reducer, [_new(event).payload for event in events])


class Given(Generic[A, E]):
    """The events that have happened so far, and the aggregate after them; `given` returns one."""

    def __init__(self, reducer: Reducer[A, E], payloads: Sequence[E]) -> None:
        check_instance("reducer", reducer, Reducer, "a Reducer")
        self.reducer = reducer
        self.payloads = payloads
        self.aggregate = reducer.reduce(reducer.initial, payloads)

    def when(self, decide: Callable[[A], Decision[E]]) -> "Then[A, E]":
        """
        Call *decide*, a function like `Command.to_events`, with the aggregate.

        An exception that it raises is an outcome too: check it with `Then.then_raises`.

        Raises:
            InvalidArgument: *decide* is not callable.
            TypeError: *decide* is asynchronous; use `when_async`.
        """
        check_callable("decide", decide)
        try:
            decision: Any = decide(self.aggregate)
            outcome = decision if inspect.isawaitable(decision) else _outcome(decision)
        except Exception as error:  # noqa: BLE001 - then_raises is to judge it
            outcome = error
        if inspect.isawaitable(outcome):
            if inspect.iscoroutine(outcome):
                outcome.close()
            raise TypeError(f"{_name(decide)} is asynchronous: await when_async({_name(decide)})")
        return Then(self, _name(decide), outcome)

    async def when_async(self, decide: Callable[[A], Awaitable[Decision[E]]]) -> "Then[A, E]":
        """
        Call an asynchronous *decide* with the aggregate; otherwise like `when`.

        Raises:
            InvalidArgument: *decide* is not callable.
        """
        check_callable("decide", decide)
        outcome: _Outcome
        try:
            outcome = _outcome(await decide(self.aggregate))
        except Exception as error:  # noqa: BLE001 - then_raises is to judge it
            outcome = error
        return Then(self, _name(decide), outcome)

    def then_aggregate(self, expected: A) -> Self:
        """
        Assert that the events result in this aggregate.

        Raises:
            AssertionError: they do not; the message shows the difference.
        """
        __tracebackhide__ = True
        if self.aggregate != expected:
            raise AssertionError(
                message(
                    "the events result in another aggregate",
                    ("given", map(summary, self.payloads)),
                    *_compared([expected], [self.aggregate]),
                )
            )
        return self


class Then(Generic[A, E]):
    """
    What was decided, for comparison with what is expected.

    Each method returns the scenario, or raises an `AssertionError`. Its message shows what was
    given, what was decided, and how that differs from what was expected.
    """

    def __init__(self, given: Given[A, E], decider: str, outcome: _Outcome) -> None:
        self._given = given
        self._decider = decider
        self._outcome = outcome

    def then(self, *events: E | NewEvent[E]) -> Self:
        """
        Assert that exactly these events were decided, in this order.

        Payloads are compared, and the type and metadata of a `NewEvent` if it has them.
        """
        __tracebackhide__ = True
        expected = [_new(event) for event in events]
        if not isinstance(self._outcome, tuple):
            self._fail("events were expected", expected, [self._outcome])
        actual = [
            _as_stated(event, expected[index] if index < len(expected) else None)
            for index, event in enumerate(self._outcome)
        ]
        if [_facts(event) for event in actual] != [_facts(event) for event in expected]:
            self._fail("other events were expected", expected, actual)
        return self

    def then_nothing(self) -> Self:
        """Assert that no events were decided, and that it was not a rejection."""
        return self.then()

    def then_rejected(self, reason: Any) -> Self:
        """Assert that the decision was a rejection for this reason."""
        __tracebackhide__ = True
        if self._outcome != Rejected(reason):
            self._fail("a rejection was expected", [Rejected(reason)], self._shown())
        return self

    def then_raises(self, error: type[Exception], match: str | None = None) -> Self:
        """Assert that an exception of this type was raised, with *match*, a regex, in its text."""
        __tracebackhide__ = True
        fits = isinstance(self._outcome, error)
        if not fits or not re.search(match or "", str(self._outcome)):
            expected = error.__name__ + ("" if match is None else f": … {match} …")
            self._fail("an exception was expected", [_Text(expected)], self._shown())
        return self

    def then_aggregate(self, expected: A) -> Self:
        """Assert that the given and the decided events together result in this aggregate."""
        if not isinstance(self._outcome, tuple):
            self._fail("an aggregate was expected", [expected], [self._outcome])
        payloads = [event.payload for event in self._outcome]
        actual = self._given.reducer.reduce(self._given.aggregate, payloads)
        if actual != expected:
            self._fail("another aggregate was expected", [expected], [actual])
        return self

    def _shown(self) -> list[Any]:
        if isinstance(self._outcome, tuple):
            return [_simple(event) for event in self._outcome]
        return [self._outcome]

    def _fail(self, title: str, expected: Sequence[Any], actual: Sequence[Any]) -> NoReturn:
        __tracebackhide__ = True
        failure = AssertionError(
            message(
                title,
                ("given", map(summary, self._given.payloads)),
                ("when", [self._decider]),
                *_compared([*map(_simple, expected)], [*map(_simple, actual)]),
            )
        )
        # If the decision raised an exception, its traceback says most about the failure.
        raise failure from self._outcome if isinstance(self._outcome, Exception) else None


class _Text(str):
    """A str that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _compared(expected: Sequence[Any], actual: Sequence[Any]) -> list[tuple[str, Iterable[str]]]:
    return [
        ("expected", map(summary, expected)),
        ("actual", map(summary, actual)),
        ("difference (- expected, + actual)", difference(expected, actual)),
    ]


def _outcome(decision: Any) -> _Outcome:
    if isinstance(decision, Rejected):
        return decision
    if not is_event_list(decision):
        raise TypeError(
            f"a decision must be a list of events or Rejected, not a {type(decision).__name__}"
        )
    return tuple(_new(event) for event in decision)


def _new(event: Any) -> NewEvent:
    if isinstance(event, UnidentifiedEvent):
        return NewEvent(event.payload, event.type, event.metadata)
    return event if isinstance(event, NewEvent) else NewEvent(event)


def _as_stated(event: NewEvent, expected: NewEvent | None) -> NewEvent:
    """Return an event without the type or the metadata that the expected event leaves open."""
    if expected is None:
        return event
    return NewEvent(
        event.payload,
        None if expected.type is None else event.type,
        None if expected.metadata is None else event.metadata,
    )


def _facts(event: NewEvent) -> tuple[Any, ...]:
    return event.payload, event.type, event.metadata


def _simple(item: Any) -> Any:
    bare = isinstance(item, NewEvent) and item.type is None and item.metadata is None
    return item.payload if bare else item


def _name(decide: Any) -> str:
    name = attribute(decide, "__qualname__") or excerpt(decide)
    return str(name).rpartition("<locals>.")[2]
