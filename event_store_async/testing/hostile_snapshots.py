"""Hostile snapshots: the stored snapshots of any store, made to behave as real ones may."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from ..errors import StoreUnavailable, UndecodableSnapshot
from ..ports import SnapshotConversion, SnapshotStore
from ..snapshot import Snapshot, StoredSnapshot
from ..versions import MAX_VERSION
from .injections import SNAPSHOT_LOADS, SNAPSHOT_WRITES, Choice, Chooser, Injection

B = TypeVar("B")

_FAR: Final = 1_000_000
"""By how many events a snapshot is above the head."""


class HostileSnapshots(SnapshotStore[Any]):
    """
    Passes calls to stored snapshots and injects faults; see `Injection`.

    Args:
        snapshots: The wrapped ones.
        chooser: Chooses the fault of a call that does not wait.
        choose: Chooses the fault of a call on a stream, and waits for its delay.
        record: Notes a fault that was injected.
    """

    def __init__(
        self,
        snapshots: SnapshotStore[Any],
        chooser: Chooser,
        choose: Callable[[UUID | None, frozenset[Injection]], Awaitable[Choice]],
        record: Callable[[Injection, UUID | None], object],
    ) -> None:
        self._snapshots = snapshots
        self._chooser = chooser
        self._choose = choose
        self._record = record
        self._seen: dict[tuple[UUID, str], StoredSnapshot[Any]] = {}

    async def load(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str
    ) -> StoredSnapshot[Any] | None:
        injection = (await self._choose(stream_id, SNAPSHOT_LOADS)).injection
        if injection is Injection.UNAVAILABLE:
            self._record(injection, stream_id)
            raise StoreUnavailable(f"injected: loading a snapshot of stream {stream_id}")
        found = await self._snapshots.load(stream_id, kind)
        key = stream_id, kind
        seen = self._seen.get(key)
        if found is not None and (seen is None or seen.version > found.version):
            self._seen[key] = found
        if found is None or injection in {Injection.NONE, Injection.DELAY}:
            return found
        if injection is Injection.STALE_SNAPSHOT and seen is None:
            return found
        self._record(injection, stream_id)
        if injection is Injection.STALE_SNAPSHOT:
            return seen
        if injection is Injection.NO_SNAPSHOT:
            return None
        if injection is Injection.UNDECODABLE_SNAPSHOT:
            reason = "injected: no codec of this store has this content type"
            raise UndecodableSnapshot(stream_id, kind, found.version, "text/injected", reason)
        version = min(found.version + _FAR, MAX_VERSION)
        return StoredSnapshot(found.aggregate, version, found.timestamp, found.recent)

    async def save(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        await self._write(stream_id, "saving")
        await self._snapshots.save(stream_id, kind, snapshot)

    def save_soon(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        if self._chooser.choose(SNAPSHOT_WRITES).injection is Injection.UNAVAILABLE:
            self._record(Injection.UNAVAILABLE, stream_id)
            return
        self._snapshots.save_soon(stream_id, kind, snapshot)

    async def reject(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, version: int, reason: str
    ) -> None:
        await self._write(stream_id, "rejecting")
        await self._snapshots.reject(stream_id, kind, version, reason)

    async def forget(self, stream_id: UUID) -> None:  # noqa: D102 - inherited from the port
        await self._write(stream_id, "forgetting")
        await self._snapshots.forget(stream_id)
        for key in [key for key in self._seen if key[0] == stream_id]:
            del self._seen[key]

    def converted(  # noqa: D102 - inherited from the port
        self, conversion: SnapshotConversion[B]
    ) -> SnapshotStore[B]:
        inner = self._snapshots.converted(conversion)
        return HostileSnapshots(inner, self._chooser, self._choose, self._record)

    @property
    def check_sealed(self) -> Callable[[str], None] | None:
        """As the wrapped ones have it: see `ports.snapshots.check_sealed`."""
        check: Callable[[str], None] | None = getattr(self._snapshots, "check_sealed", None)
        return check

    async def _write(self, stream_id: UUID, doing: str) -> None:
        choice = await self._choose(stream_id, SNAPSHOT_WRITES)
        if choice.injection is Injection.UNAVAILABLE:
            self._record(choice.injection, stream_id)
            raise StoreUnavailable(f"injected: {doing} a snapshot of stream {stream_id}")
