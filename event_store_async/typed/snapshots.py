"""Snapshots: stored snapshots whose aggregates are of an application's own types."""

from typing import Any, Final, TypeVar

from ..checks import check_instance, check_methods, is_int
from ..ports import SnapshotStore
from .types import EventTypes

A = TypeVar("A")

_TYPE: Final = "$type"
_REVISION: Final = "$revision"
_STATE: Final = "$state"


def typed_snapshots(snapshots: SnapshotStore[Any], types: EventTypes[A]) -> SnapshotStore[A]:
    """
    Return snapshots whose aggregates are of one union of types, kept in those of a store.

    They are converted as events are: the stored name and the revision are stored with each, and
    upcasters convert those of earlier revisions. An aggregate that would be read back as another is
    refused with `InvalidSnapshot`. One whose type or revision is not registered, or that does not
    fit its type, is an `UndecodableSnapshot`.

    For example:

        STATES = EventTypes[Account](EventType(Account, "account"))
        repository = Repository(
            store, ACCOUNT, snapshots=typed_snapshots(store.snapshots, STATES), kind="account/1"
        )

    Raise the revision, and give an upcaster, if the class has changed but not its meaning. If the
    reducer computes something else, change the *kind*.

    Args:
        snapshots: The snapshots of a store whose codec encodes plain data, like `JsonCodec`.
        types: The types of the aggregates, by their stored names.

    Raises:
        InvalidArgument: an argument is of the wrong kind.
    """
    check_methods("snapshots", snapshots, "a SnapshotStore", "converted", hint="store.snapshots")
    check_instance("types", types, EventTypes, "an EventTypes")
    return snapshots.converted(_Conversion(types))


class _Conversion:
    def __init__(self, types: EventTypes[Any]) -> None:
        self._types = types

    @property
    def is_marked(self) -> bool:
        """Whether one of the types has personal fields; see `PrivateSnapshots`."""
        return self._types.are_marked

    def plain(self, aggregate: Any) -> Any:
        name, revision, plain = self._types.stored(aggregate)
        return {_TYPE: name, _REVISION: revision, _STATE: plain}

    def aggregate(self, plain: Any) -> Any:
        if not isinstance(plain, dict) or plain.keys() != {_TYPE, _REVISION, _STATE}:
            raise ValueError("it has no type")
        name, revision = plain[_TYPE], plain[_REVISION]
        known = self._types.revision(name) if isinstance(name, str) else 0
        if not known:
            raise ValueError(f"the type {name!r} is not registered")
        if not is_int(revision) or not 1 <= revision <= known:
            raise ValueError(f"revision {revision} of {name!r} is not registered")
        return self._types.event(name, revision, plain[_STATE])
