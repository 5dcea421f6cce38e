"""Ledger: what a slice has handled, what of it is stored, and its parked streams."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio

from ..errors import LeaseLost, StoreOverloaded, StoreUnavailable
from ..feeds import BrokenEvent, FeedEvent, Position
from ..hooks.subscription_watch import SliceWatch
from ..ports.slices import Lease, ParkedStream
from ..ports.subscriptions import SubscriptionStore

Item = FeedEvent[Any] | BrokenEvent
"""What a page of a feed holds."""


class Ledger:
    """
    The books of one slice: what is handled, and what of that is stored.

    A parked stream and the position behind its event are stored in one step. If the database of the
    view keeps the position, the parked stream is stored *before* that database passes the event:
    otherwise a crash between the two would lose it.

    Args:
        store: Keeps the subscription.
        lease: The lease of the slice.
        now: The clock, for parked streams.
        watch: Reports what is stored, if there are hooks.

    Attributes:
        lease: The lease, as the store returned it last.
        position: Up to here every event of the slice is handled, or waits in a parked stream.
        committed: When the books were stored last, by the clock of the event loop.
        handled: How many events were handled since.
    """

    def __init__(
        self,
        store: SubscriptionStore,
        lease: Lease,
        now: Callable[[], datetime],
        watch: SliceWatch | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._watch = watch or SliceWatch(None, lease.key.name, lease.key.slice)
        self._changes: dict[UUID, ParkedStream | None] = {}
        self.lease = lease
        self.position = lease.position
        self.committed = anyio.current_time()
        self.handled = 0

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to store."""
        return self.has_changes or self.position > self.lease.position

    @property
    def has_changes(self) -> bool:
        """Whether parked streams have changed that are not stored."""
        return bool(self._changes)

    @property
    def parked(self) -> Mapping[UUID, ParkedStream]:
        """The parked streams, by id."""
        if not self._changes:
            return self.lease.parked
        rows = {**self.lease.parked, **self._changes}
        return {stream_id: row for stream_id, row in rows.items() if row is not None}

    def row(self, stream_id: UUID) -> ParkedStream | None:
        """Return the row of a stream; None if it is not parked."""
        if stream_id in self._changes:
            return self._changes[stream_id]
        return self.lease.parked.get(stream_id)

    def change(self, stream_id: UUID, row: ParkedStream | None) -> None:
        """Note another row for a stream; None ends its parking."""
        self._changes[stream_id] = row

    def moved(self, position: Position) -> None:
        """Note that everything up to a position is handled, or waits."""
        self.position = max(self.position, position)

    def passes_by(self, item: Item) -> bool:
        """Let an event wait if its stream is parked; return whether it does."""
        row = self.row(item.stream_id)
        if row is None:
            return False
        if item.version > row.last_version:
            if not row.waits:
                row = replace(row, version=item.version, type=item.type)
            self.change(
                item.stream_id,
                replace(row, last_version=item.version, last_position=item.position),
            )
        return True

    def park(self, item: Item, error: Exception, attempts: int) -> None:
        """Park the stream of an event: the event waits, and so will those behind it."""
        self.change(
            item.stream_id,
            ParkedStream(
                item.stream_id,
                version=item.version,
                last_version=item.version,
                after=self.position,
                last_position=item.position,
                type=item.type,
                error=described(error),
                attempts=attempts,
                since=self._now(),
            ),
        )

    async def store_rows(self) -> None:
        """Store the parked streams, and leave the stored position where it is."""
        if self._changes:
            await self._commit(self.lease.position, handled=0)

    async def store_all(self) -> None:
        """Store the position and the parked streams, in one step."""
        if self.is_dirty:
            # The database of a view may have been restored from a copy: then it is behind the
            # store, and is right.
            await self._commit(max(self.position, self.lease.position), handled=self.handled)
        self.committed = anyio.current_time()
        self.handled = 0

    async def refresh(self) -> None:
        """Take over what operators have changed; everything must be stored."""
        self.lease = await self._store.refresh(self.lease)

    async def _commit(self, position: Position, *, handled: int) -> None:
        changes = dict(self._changes)
        watch = self._watch.committing()
        try:
            self.lease = await self._store.commit(self.lease, position, changes)
        except LeaseLost:
            watch.ended("lost", position, handled)
            raise
        except (StoreUnavailable, StoreOverloaded):
            watch.ended("unavailable", position, handled)
            raise
        self._changes.clear()
        watch.ended("committed", position, handled)


def described(error: BaseException) -> str:
    """Return an error in words, with its class."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text if len(text) <= 2000 else f"{text[:1997]}..."
