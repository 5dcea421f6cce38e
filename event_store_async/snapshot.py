"""Snapshots: aggregates at one version, in memory and as they are stored."""

from datetime import datetime
from typing import Final, Generic
from uuid import UUID

from ._typevars import A_co
from .checks import is_int
from .errors import InvalidArgument, InvalidSnapshot
from .excerpt import excerpt
from .moments import MAX_TIMESTAMP, MIN_TIMESTAMP, to_milliseconds
from .values import value
from .versions import MAX_VERSION

_LONGEST_KIND: Final = 200
_KIND_HINT: Final = "the aggregate's name and the revision of its reducer: 'account/1'"


@value
class Snapshot(Generic[A_co]):
    """
    An aggregate at one version of its stream. It stays true for that version.

    Attributes:
        aggregate: What the events up to `version` amount to.
        version: The version of the last of them; 0 if there are none.
        timestamp: That event's timestamp: aware, in UTC; None if there are no events.
    """

    aggregate: A_co
    version: int
    timestamp: datetime | None


@value
class StoredSnapshot(Snapshot[A_co]):
    """
    A snapshot as a `SnapshotStore` keeps it.

    It is a hint: whoever uses it checks that the event at its version is the one that it names.

    Attributes:
        recent: Ids of the last events up to its version, that of the event at its version last. A
            repeated command is recognised by them. Empty if they are not known.
    """

    recent: tuple[UUID, ...] = ()


def check_kind(kind: object) -> str:
    """
    Return the kind of a snapshot as a plain str.

    Raises:
        InvalidArgument: it is not a str of 1 to 200 printable characters.
    """
    if not isinstance(kind, str):
        raise InvalidArgument(f"kind must be a str, not {excerpt(kind)}", hint=_KIND_HINT)
    text = str.__str__(kind)  # of a member of an enum, too: its value
    if not text or len(text) > _LONGEST_KIND or not text.isprintable():
        raise InvalidArgument(
            f"kind must be 1 to {_LONGEST_KIND} printable characters, not {excerpt(text)}",
            hint=_KIND_HINT,
        )
    return text


def check_snapshot(stream_id: UUID, kind: str, snapshot: object) -> int:
    """
    Return the timestamp of a snapshot in milliseconds, if it can be stored whatever its aggregate.

    Raises:
        InvalidSnapshot: it is no `Snapshot`, or has no version above 0 or no aware timestamp, or
            ids that are none.
    """

    def invalid(reason: str) -> InvalidSnapshot:
        return InvalidSnapshot(stream_id, kind, reason)

    if not isinstance(snapshot, Snapshot):
        raise invalid(f"a Snapshot is needed, not {excerpt(snapshot)}")
    version, moment = snapshot.version, snapshot.timestamp
    if not is_int(version) or not 1 <= version <= MAX_VERSION:
        raise invalid(f"its version must be 1 to {MAX_VERSION}, not {excerpt(version)}")
    aware = isinstance(moment, datetime) and moment.utcoffset() is not None
    timestamp = to_milliseconds(moment) if aware and moment else None
    if timestamp is None or not MIN_TIMESTAMP <= timestamp <= MAX_TIMESTAMP:
        raise invalid(
            "its timestamp must be that of the event at its version, an aware datetime, "
            f"not {excerpt(moment)}"
        )
    recent = snapshot.recent if isinstance(snapshot, StoredSnapshot) else ()
    if not isinstance(recent, tuple) or not all(isinstance(each, UUID) for each in recent):
        raise invalid("the ids of its recent events must be a tuple of UUIDs")
    return timestamp
