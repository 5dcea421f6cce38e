"""Reducer: what a stream of events amounts to."""

from collections.abc import Callable, Iterable
from typing import Generic

from ..values import value
from .variables import A, E


@value
class Reducer(Generic[A, E]):
    """
    Makes an aggregate of events.

    Aggregates must be immutable values: they are shared, and kept in caches. `handle` returns a
    new one, or the same where an event changes nothing; it must not fail on an event that stands
    in a stream, and must depend on nothing but its arguments.

    Attributes:
        initial: The aggregate of a stream without events.
        handle: Returns what becomes of an aggregate by one event's payload.
    """

    initial: A
    handle: Callable[[A, E], A]

    def reduce(self, aggregate: A, payloads: Iterable[E]) -> A:
        """Return what becomes of an aggregate by these payloads; raises what `handle` raises."""
        for payload in payloads:
            aggregate = self.handle(aggregate, payload)
        return aggregate
