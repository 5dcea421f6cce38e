"""The port of stored snapshots: `SnapshotStore`."""

from typing import Any, Protocol, TypeVar
from uuid import UUID

from .._typevars import A
from ..errors import InvalidArgument
from ..snapshot import Snapshot, StoredSnapshot

B = TypeVar("B")


class SnapshotConversion(Protocol[A]):
    """Converts aggregates to plain data, which a codec can encode, and back."""

    def plain(self, aggregate: A) -> Any:
        """Return an aggregate as plain data; any exception refuses the snapshot."""

    def aggregate(self, plain: Any) -> A:
        """Return plain data as an aggregate; any exception makes the snapshot undecodable."""


class SnapshotStore(Protocol[A]):
    """
    Keeps snapshots of aggregates, so that a load need not read a stream from its beginning.

    A snapshot is a hint about the first events of a stream. It may be old, or missing, or even
    wrong: whoever loads it reads the events after it, and checks that it fits the stream. Only the
    newest few of a stream and kind are kept.

    A *kind* is the name of the aggregate and the revision of its reducer, as in ``"account/1"``: a
    str of 1 to 200 printable characters. A reducer that computes something else has another kind,
    so it never meets the snapshots of the old one.
    """

    async def load(self, stream_id: UUID, kind: str) -> StoredSnapshot[A] | None:
        """
        Return the newest snapshot of a stream, None if there is none.

        Args:
            stream_id: The stream.
            kind: The kind; snapshots of other kinds are not looked at.

        Raises:
            InvalidArgument: before anything is sent.
            UndecodableSnapshot: it cannot be decoded.
            StoreUnavailable: no quorum answered in time.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table of snapshots is missing, or its schema has another version.
        """
        raise NotImplementedError

    async def save(self, stream_id: UUID, kind: str, snapshot: Snapshot[A]) -> None:
        """
        Keep a snapshot, in the place of the oldest one.

        One that is older than all that are kept is not stored. Saving it again changes nothing.

        Args:
            stream_id: The stream.
            kind: The kind.
            snapshot: The snapshot, of version 1 or above. The ids of a `StoredSnapshot` are kept.

        Raises:
            InvalidSnapshot: it cannot be stored, or another aggregate would be read back; nothing
                is sent.
            InvalidArgument: before anything is sent.
            StoreUnavailable: no quorum answered in time. It may be stored all the same.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table of snapshots is missing, or its schema has another version.
        """
        raise NotImplementedError

    def save_soon(self, stream_id: UUID, kind: str, snapshot: Snapshot[A]) -> None:
        """
        Save a snapshot in the background; return at once, and never raise.

        A failure is a record for the hooks of the store, and nothing more. Few are saved at a time;
        of the snapshots of one stream and kind that wait, only the newest is saved. If too many
        wait, this one is given up. A store that closes saves those that wait first.

        Args:
            stream_id: The stream.
            kind: The kind.
            snapshot: As for `save`.
        """
        raise NotImplementedError

    async def reject(self, stream_id: UUID, kind: str, version: int, reason: str) -> None:
        """
        Report that a snapshot does not fit its stream, and delete it.

        Args:
            stream_id: The stream.
            kind: The kind.
            version: The version of the snapshot.
            reason: Why, in a few words, for the hooks.

        Raises:
            EventStoreError: as `forget` does.
        """
        raise NotImplementedError

    async def forget(self, stream_id: UUID) -> None:
        """
        Delete all snapshots of a stream, of every kind. It is safe to repeat.

        Those of the stream that wait to be saved here are given up. One that is saved meanwhile,
        by another process for example, may be kept.

        Args:
            stream_id: The stream.

        Raises:
            InvalidArgument: before anything is sent.
            StoreUnavailable: no quorum answered in time. They may be deleted all the same.
            RequestRefused: the server refuses for good, for lack of permissions for example.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: the table of snapshots is missing, or its schema has another version.
        """
        raise NotImplementedError

    def converted(self, conversion: SnapshotConversion[B]) -> "SnapshotStore[B]":
        """
        Return these snapshots with aggregates of another type; see `typed_snapshots`.

        Args:
            conversion: Converts them to the plain data that is stored here, and back.

        Raises:
            InvalidArgument: *conversion* is no `SnapshotConversion`.
        """
        raise NotImplementedError


def snapshots_of(store: object) -> SnapshotStore:
    """Return the snapshots of a wrapped store; raises `InvalidArgument` if it keeps none."""
    found = getattr(store, "snapshots", None)
    if found is None:
        raise InvalidArgument(f"{type(store).__name__} has no snapshots")
    kept: SnapshotStore = found
    return kept


def check_sealed(reader: object, snapshots: object, kind: str) -> None:
    """
    Refuse snapshots that would keep personal values in plain text.

    Args:
        reader: What the events of the aggregates are read from.
        snapshots: The snapshots. Those that encrypt have a method ``check_sealed``, which refuses a
            kind of which nothing says what is personal.
        kind: The kind of the snapshots.

    Raises:
        InvalidArgument: *reader* decrypts personal values, and *snapshots* do not encrypt them.
    """
    check = getattr(snapshots, "check_sealed", None)
    if callable(check):
        check(kind)
    elif reads_personal(reader):
        raise InvalidArgument(
            "the events are read in plain text, and these snapshots would be stored in plain text",
            hint="use those of the PrivateEventStore: snapshots=private.snapshots",
        )


def reads_personal(reader: object) -> bool:
    """Return whether events are read from a `PrivateEventStore`, or from a store around one."""
    return bool(getattr(reader, "reads_personal", False))
