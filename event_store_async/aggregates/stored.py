"""Stored aggregates: the stored snapshots of a repository, found, saved and rejected."""

import logging
from typing import Any, Final, Generic
from uuid import UUID

from .._typevars import A
from ..checks import check_instance, check_methods
from ..errors import UndecodableSnapshot
from ..ports import SnapshotStore
from ..snapshot import Snapshot, StoredSnapshot, check_snapshot
from .cache import Known
from .proof import Disproved

_LOG: Final = logging.getLogger("event_store_async")


class StoredAggregates(Generic[A]):
    """
    The stored snapshots of a repository's aggregates.

    A snapshot is a hint. So no failure of its store is an error of the repository: the store
    reports it to its hooks, and the stream is read from its beginning.

    Args:
        snapshots: Keeps them.
        kind: Their kind, checked.
        every: After how many events a snapshot is saved.

    Raises:
        InvalidArgument: *snapshots* is no `SnapshotStore`.
    """

    def __init__(self, snapshots: SnapshotStore[A], kind: str, every: int) -> None:
        methods = ("load", "save", "save_soon", "reject", "forget")
        hint = "snapshots=store.snapshots"
        check_methods("snapshots", snapshots, "a SnapshotStore", *methods, hint=hint)
        self._snapshots = snapshots
        self._kind = kind
        self._every = every
        self._warned: set[type[BaseException]] = set()

    async def find(self, stream_id: UUID) -> StoredSnapshot[A] | UndecodableSnapshot | None:
        """
        Return the newest snapshot, None if there is none or it cannot be loaded.

        One that cannot be decoded is returned as that error: it may be the program that is too old.
        """
        try:
            found = await self._snapshots.load(stream_id, self._kind)
            if found is not None:
                # Those of an application's own store may be anything.
                check_instance("a snapshot", found, StoredSnapshot, "a StoredSnapshot")
                check_snapshot(stream_id, self._kind, found)
        except UndecodableSnapshot as error:
            self.warn(stream_id, error)
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, the stream can be read
            self.warn(stream_id, error)
            return None
        return found

    async def reject(self, stream_id: UUID, version: int, reason: str) -> None:
        """Report and delete a snapshot that does not fit its stream."""
        if Disproved not in self._warned:
            self._warned.add(Disproved)
            _LOG.warning(
                "a snapshot of %r, stream %s, version %s, was not used: %s; further ones are only "
                "reported to hooks",
                self._kind,
                stream_id,
                version,
                reason,
            )
        try:
            await self._snapshots.reject(stream_id, self._kind, version, reason)
        except Exception as error:  # noqa: BLE001 - the aggregate is loaded all the same
            self.warn(stream_id, error)

    def loaded(self, stream_id: UUID, before: int, known: Known[A]) -> None:
        """Save what a load has read if it read many events after version *before*."""
        if known.snapshot.version - before >= self._every:
            self._save(stream_id, known.snapshot, known.recent)

    def appended(self, stream_id: UUID, before: int, known: Known[A], last_id: UUID) -> None:
        """Save what was appended at version *before* if it passes a multiple of *every*."""
        # The same in every process, without asking: of all appends one passes the multiple.
        if known.snapshot.version // self._every > before // self._every:
            recent = known.recent
            if not recent or recent[-1] != last_id:
                recent = (*recent, last_id)
            self._save(stream_id, known.snapshot, recent)

    def _save(self, stream_id: UUID, of: Snapshot[A], recent: tuple[UUID, ...]) -> None:
        snapshot: StoredSnapshot[Any] = StoredSnapshot(
            of.aggregate, of.version, of.timestamp, recent
        )
        try:
            self._snapshots.save_soon(stream_id, self._kind, snapshot)
        except Exception as error:  # noqa: BLE001 - the events are stored, or read, all the same
            self.warn(stream_id, error)

    def warn(self, stream_id: UUID, error: Exception) -> None:
        """Log the first error of each kind: a store without hooks would never show one."""
        if type(error) not in self._warned:
            self._warned.add(type(error))
            _LOG.warning(
                "the snapshots of %r cannot be used for stream %s; further errors of this kind are "
                "only reported to hooks",
                self._kind,
                stream_id,
                exc_info=error,
            )
