"""Reducers compute aggregates from events."""

from collections.abc import Callable, Iterable
from typing import Generic

from .._typevars import A, E
from ..checks import check_callable, check_instance
from ..values import value


@value
class Reducer(Generic[A, E]):
    """
    Computes an aggregate from events.

    Aggregates must be immutable values: they are shared, and kept in caches. `handle` returns a
    new aggregate, or the same one if an event changes nothing. It must depend on nothing but its
    arguments, and must not fail on an event that is stored in a stream.

    Attributes:
        initial: The aggregate of a stream without events.
        handle: Takes an aggregate and one event's payload, and returns the aggregate after it.

    Raises:
        InvalidArgument: `handle` is not callable.
    """

    initial: A
    handle: Callable[[A, E], A]

    def __post_init__(self) -> None:
        """Check that events can be handled; raises `InvalidArgument`."""
        check_callable("handle", self.handle)

    def reduce(self, aggregate: A, payloads: Iterable[E]) -> A:
        """
        Return the aggregate after these payloads.

        Raises:
            InvalidArgument: *payloads* cannot be iterated over.
            Exception: what `handle` raises.
        """
        check_instance("payloads", payloads, Iterable, "a list of payloads")
        for payload in payloads:
            aggregate = self.handle(aggregate, payload)
        return aggregate
