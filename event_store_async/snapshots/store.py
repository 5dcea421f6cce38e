"""Store: `Snapshots`, the `SnapshotStore` of the library's own stores."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from ..checks import check_int, check_methods, check_stream_id, check_text
from ..errors import StoreClosed
from ..hooks.observer import Observer
from ..hooks.snapshot_watch import SnapshotWatch
from ..ports import SnapshotConversion, SnapshotStore
from ..snapshot import Snapshot, StoredSnapshot, check_kind, check_snapshot
from ..versions import MAX_VERSION
from .codec import SnapshotCodec
from .rows import SnapshotRow, SnapshotRows
from .saves import BackgroundSaves, PendingSave

B = TypeVar("B")

_LOG: Final = logging.getLogger("event_store_async")


class Snapshots(SnapshotStore[Any]):
    """
    Stored snapshots: checked, encoded, reported to the hooks, and saved in the background.

    Args:
        rows: Stores them.
        codec: Encodes and decodes them.
        observer: Reports to the hooks; None if there are none.
        check_open: Raises if the store cannot be used.
        saves: What is saved in the background, to be drained when the store closes.
    """

    def __init__(
        self,
        rows: SnapshotRows,
        codec: SnapshotCodec,
        observer: Observer | None,
        check_open: Callable[[], object],
        saves: BackgroundSaves,
    ) -> None:
        self._rows = rows
        self._codec = codec
        self._observer = observer
        self._check_open = check_open
        self._warned: set[type[BaseException]] = set()
        self._saves = saves

    async def load(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str
    ) -> StoredSnapshot[Any] | None:
        watch = SnapshotWatch(self._observer, "load", stream_id, kind)
        try:
            stream_id, kind = check_stream_id(stream_id), check_kind(kind)
            self._check_open()
            row = await self._rows.read(stream_id, kind)
            if row is None:
                watch.ended("missing")
                return None
            watch.version, watch.bytes = row.version, len(row.payload or b"")
            snapshot = self._codec.snapshot(stream_id, kind, row)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.ended("found")
        return snapshot

    async def save(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        watch = SnapshotWatch(self._observer, "save", stream_id, kind)
        try:
            stream_id, kind = check_stream_id(stream_id), check_kind(kind)
            row = self._codec.row(stream_id, kind, snapshot)
            self._check_open()
        except BaseException as error:
            watch.failed(error)
            raise
        await self._write(watch, stream_id, kind, row)

    def save_soon(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        try:
            stream_id, kind = check_stream_id(stream_id), check_kind(kind)
            check_snapshot(stream_id, kind, snapshot)
            self._check_open()
            pending = PendingSave(
                stream_id,
                kind,
                snapshot.version,
                partial(self._save_quietly, stream_id, kind, snapshot),
                partial(self._drop, stream_id, kind, snapshot),
            )
            self._saves.add(pending)
        except StoreClosed:
            self._drop(stream_id, kind, snapshot)
        except Exception as error:  # noqa: BLE001 - it never raises: the append is stored
            SnapshotWatch(self._observer, "save", stream_id, kind).failed(error)
            self._warn(error)

    async def reject(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, version: int, reason: str
    ) -> None:
        watch = SnapshotWatch(self._observer, "reject", stream_id, kind)
        try:
            stream_id, kind = check_stream_id(stream_id), check_kind(kind)
            check_int("version", version, at_least=1, at_most=MAX_VERSION)
            reason = check_text("reason", reason)
            watch.version, watch.reason = version, reason
            self._check_open()
            await self._rows.remove(stream_id, kind, version)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.ended("rejected")

    async def forget(self, stream_id: UUID) -> None:  # noqa: D102 - inherited from the port
        watch = SnapshotWatch(self._observer, "forget", stream_id, "")
        try:
            stream_id = check_stream_id(stream_id)
            self._check_open()
            await self._saves.give_up(stream_id)
            await self._rows.clear(stream_id)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.ended("forgotten")

    def converted(  # noqa: D102 - inherited from the port
        self, conversion: SnapshotConversion[B]
    ) -> SnapshotStore[B]:
        check_methods("conversion", conversion, "a SnapshotConversion", "plain", "aggregate")
        codec = self._codec.converted(conversion)
        return Snapshots(self._rows, codec, self._observer, self._check_open, self._saves)

    async def _save_quietly(self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]) -> None:
        # Whether the store is open is not asked: it waits for this when it closes.
        watch = SnapshotWatch(self._observer, "save", stream_id, kind)
        try:
            try:
                row = self._codec.row(stream_id, kind, snapshot)
            except BaseException as error:
                watch.failed(error)
                raise
            await self._write(watch, stream_id, kind, row)
        except Exception as error:  # noqa: BLE001 - it is reported, and must not end the others
            self._warn(error)

    async def _write(
        self, watch: SnapshotWatch, stream_id: UUID, kind: str, row: SnapshotRow
    ) -> None:
        watch.version, watch.bytes = row.version, len(row.payload or b"")
        try:
            kept = await self._rows.write(stream_id, kind, row)
        except BaseException as error:
            watch.failed(error)
            raise
        watch.ended("saved" if kept else "outdated")

    def _drop(self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]) -> None:
        watch = SnapshotWatch(self._observer, "save", stream_id, kind)
        watch.version = snapshot.version
        watch.ended("dropped")

    def _warn(self, error: Exception) -> None:
        """Log the first error of each kind: a store without hooks would never show one."""
        if type(error) not in self._warned:
            self._warned.add(type(error))
            _LOG.warning(
                "a snapshot was not saved; further errors of this kind are only reported to hooks",
                exc_info=error,
            )
