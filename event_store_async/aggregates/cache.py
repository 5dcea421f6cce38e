"""The cache: aggregates that were used recently, at the version they had then."""

from collections import OrderedDict
from typing import Final, Generic
from uuid import UUID
from weakref import ref

from .._typevars import A_co
from ..checks import check_instance, check_int, check_stream_id
from ..errors import InvalidArgument
from ..snapshot import Snapshot
from ..values import value

RECENT: Final = 100
"""How many of an aggregate's last events are remembered by id, if nobody says how many."""


@value
class Known(Generic[A_co]):
    """
    What is known of an aggregate. It is true for its version, even if events came after that.

    Attributes:
        snapshot: The aggregate.
        recent: Ids of the last events up to its version; a repeated command is recognised by them.
    """

    snapshot: Snapshot[A_co]
    recent: tuple[UUID, ...] = ()


class SnapshotCache:
    """
    Keeps the snapshots that were used recently, in this process.

    A snapshot in it may be out of date, but it is never wrong. Whether it is the newest shows when
    events are appended at its version, or when the events after it are read. A cache belongs to one
    repository, since another one may read other events, or reduce them differently.

    Args:
        max_aggregates: Snapshots kept; the least recently used one is dropped first.
        recent_events: How many of an aggregate's last events, at least, are remembered by id. A
            repeated command is recognised without a read while its first event is among them.

    Raises:
        InvalidArgument: a number is not an int above 0.
    """

    def __init__(self, max_aggregates: int = 1000, recent_events: int = RECENT) -> None:
        check_int("max_aggregates", max_aggregates, at_least=1)
        check_int("recent_events", recent_events, at_least=1)
        self._max_aggregates = max_aggregates
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self.recent_events = recent_events
        self._owner: ref[object] | None = None

    def belong_to(self, repository: object) -> None:
        """
        Note whose cache it is.

        Raises:
            InvalidArgument: it is another repository's.
        """
        owner = None if self._owner is None else self._owner()
        if owner is not None and owner is not repository:
            raise InvalidArgument(
                "a cache belongs to one repository: another one may read other events",
                hint="give each repository a SnapshotCache of its own",
            )
        self._owner = ref(repository)

    def __len__(self) -> int:
        """Return how many snapshots there are."""
        return len(self._known)

    def get(self, aggregate_id: UUID) -> Known | None:
        """
        Return what is known of an aggregate, or None.

        Raises:
            InvalidStreamId: the id is not a UUID.
        """
        check_stream_id(aggregate_id)
        known = self._known.get(aggregate_id)
        if known is not None:
            self._known.move_to_end(aggregate_id)
        return known

    def put(self, aggregate_id: UUID, known: Known) -> None:
        """
        Keep what is known of an aggregate, unless a later version is known already.

        Raises:
            InvalidArgument: *known* is not a `Known` of a `Snapshot`, or the id is not a UUID.
        """
        check_stream_id(aggregate_id)
        check_instance("known", known, Known, "a Known", hint="Known(snapshot)")
        check_instance("snapshot", known.snapshot, Snapshot, "a Snapshot")
        present = self._known.get(aggregate_id)
        if present is None or present.snapshot.version < known.snapshot.version:
            self._known[aggregate_id] = known
        self._known.move_to_end(aggregate_id)
        if len(self._known) > self._max_aggregates:
            self._known.popitem(last=False)

    def clear(self) -> None:
        """Drop all snapshots."""
        self._known.clear()
