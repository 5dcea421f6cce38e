"""Cache: the aggregates that were used last, as they were then."""

from collections import OrderedDict
from typing import Generic
from uuid import UUID

from ..checks import check_int
from ..values import value
from .snapshot import Snapshot
from .variables import A_co


@value
class Known(Generic[A_co]):
    """
    What is known of an aggregate: true for its version, whatever has come behind it since.

    Attributes:
        snapshot: The aggregate.
        recent: Ids of the last events up to its version: a repeated command is known by them.
    """

    snapshot: Snapshot[A_co]
    recent: tuple[UUID, ...] = ()


class SnapshotCache:
    """
    Keeps the snapshots that were used last, in this process.

    A snapshot in it may be out of date, but is never untrue: whoever uses one finds out by
    appending at its version, or by reading what is new. It is one repository's own; another
    repository may have other events, or make something else of them.

    Args:
        max_aggregates: Snapshots kept; the one that was used least recently goes first.
        recent_events: Of how many of an aggregate's last events, at least, the ids are kept. A
            repeated command is recognised without a read while its first event is among them.

    Raises:
        InvalidArgument: a number that is not above 0.
    """

    def __init__(self, max_aggregates: int = 1000, recent_events: int = 100) -> None:
        check_int("max_aggregates", max_aggregates, at_least=1)
        check_int("recent_events", recent_events, at_least=1)
        self._max_aggregates = max_aggregates
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self.recent_events = recent_events

    def __len__(self) -> int:
        """Return how many snapshots there are."""
        return len(self._known)

    def get(self, aggregate_id: UUID) -> Known | None:
        """Return what is known of an aggregate, if anything is."""
        known = self._known.get(aggregate_id)
        if known is not None:
            self._known.move_to_end(aggregate_id)
        return known

    def put(self, aggregate_id: UUID, known: Known) -> None:
        """Keep what is known of an aggregate, unless more is known already."""
        present = self._known.get(aggregate_id)
        if present is None or present.snapshot.version < known.snapshot.version:
            self._known[aggregate_id] = known
        self._known.move_to_end(aggregate_id)
        if len(self._known) > self._max_aggregates:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
