"""Scenario: given events, when a command is decided, then events or a rejection."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, NoReturn, Self, TypeAlias, TypeVar

from ..aggregates import Decision, Reducer, Rejected
from ..checks import is_event_list
from ..events import NewEvent, UnidentifiedEvent
from .rendering import difference, message, summary

A = TypeVar("A")
E = TypeVar("E")

_Outcome: TypeAlias = tuple[NewEvent, ...] | Rejected | Exception


def given(reducer: Reducer[A, E], *events: E | NewEvent[E]) -> "Given[A, E]":
    """
    Begin a scenario with what has happened so far.

    Args:
        reducer: The reducer of the aggregate.
        events: Payloads or `NewEvent`s, in order; none at all is a new aggregate.

    Raises:
        Exception: what the reducer raises.
    """
    return Given(reducer, [_new(event).payload for event in events])


class Given(Generic[A, E]):
    """What has happened so far; `given` makes one."""

    def __init__(self, reducer: Reducer[A, E], payloads: Sequence[E]) -> None:
        self.reducer = reducer
        self.payloads = payloads
        self.aggregate = reducer.reduce(reducer.initial, payloads)

    def when(self, decide: Callable[[A], Decision[E]]) -> "Then[A, E]":
        """
        Decide on the aggregate, by what could be a `Command.to_events`.

        What it raises is an outcome too, for `Then.then_raises`.

        Raises:
            TypeError: it is asynchronous, and wants `when_async`.
        """
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
        """Decide as `when` does, asynchronously."""
        outcome: _Outcome
        try:
            outcome = _outcome(await decide(self.aggregate))
        except Exception as error:  # noqa: BLE001 - then_raises is to judge it
            outcome = error
        return Then(self, _name(decide), outcome)

    def then_aggregate(self, expected: A) -> Self:
        """
        Demand that the events amount to this aggregate.

        Raises:
            AssertionError: they do not; the message shows the difference.
        """
        __tracebackhide__ = True
        if self.aggregate != expected:
            raise AssertionError(
                message(
                    "the events amount to another aggregate",
                    ("given", map(summary, self.payloads)),
                    *_compared([expected], [self.aggregate]),
                )
            )
        return self


class Then(Generic[A, E]):
    """
    What was decided, to be compared with what was expected.

    Each method returns the scenario, or raises an `AssertionError` whose message shows what was
    given, what was decided, and how it differs from what was expected.
    """

    def __init__(self, given: Given[A, E], decider: str, outcome: _Outcome) -> None:
        self._given = given
        self._decider = decider
        self._outcome = outcome

    def then(self, *events: E | NewEvent[E]) -> Self:
        """
        Demand these events, in this order, and no others.

        Payloads are compared; of a `NewEvent`, its type and metadata too where it states them.
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
        """Demand no events, and no rejection."""
        return self.then()

    def then_rejected(self, reason: Any) -> Self:
        """Demand a rejection for this reason."""
        __tracebackhide__ = True
        if self._outcome != Rejected(reason):
            self._fail("a rejection was expected", [Rejected(reason)], self._shown())
        return self

    def then_raises(self, error: type[Exception], match: str | None = None) -> Self:
        """Demand an exception of a type; *match* is a regular expression found in its text."""
        __tracebackhide__ = True
        fits = isinstance(self._outcome, error)
        if not fits or not re.search(match or "", str(self._outcome)):
            expected = error.__name__ + ("" if match is None else f": … {match} …")
            self._fail("an exception was expected", [_Text(expected)], self._shown())
        return self

    def then_aggregate(self, expected: A) -> Self:
        """Demand that the events, those given and those decided, amount to this aggregate."""
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
        # Where the decision failed, its own traceback is what one wants to see.
        raise failure from self._outcome if isinstance(self._outcome, Exception) else None


class _Text(str):
    """A text that is shown as it is."""

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
            f"a list of events or Rejected is needed, not one {type(decision).__name__}"
        )
    return tuple(_new(event) for event in decision)


def _new(event: Any) -> NewEvent:
    if isinstance(event, UnidentifiedEvent):
        return NewEvent(event.payload, event.type, event.metadata)
    return event if isinstance(event, NewEvent) else NewEvent(event)


def _as_stated(event: NewEvent, expected: NewEvent | None) -> NewEvent:
    """Return an event without what is not stated of the one that is expected in its place."""
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
    name = getattr(decide, "__qualname__", None) or repr(decide)
    return str(name).rpartition("<locals>.")[2]
