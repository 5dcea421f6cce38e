"""Replay: handles what waits in the parked streams of a slice; see `SliceWorker`."""

import logging
from dataclasses import replace
from typing import Any, Final

from ..feeds import BrokenEvent, FeedEvent
from ..feeds.selection import MAX_SLICES, slice_of
from ..hooks.subscription_watch import Handling
from ..ports.slices import ParkedStream
from .ledger import Item, described
from .slice_task import SliceTask

_LOG: Final = logging.getLogger("event_store_async")


class SliceReplay(SliceTask):
    """Handles what waits in the parked streams of a slice, where operators ask for it."""

    async def _replay(self) -> None:
        """Handle a page of the events that wait in each stream for which a replay is asked."""
        for stream_id in [row.stream_id for row in self.ledger.parked.values() if row.replay]:
            row = self.ledger.row(stream_id)
            if row is None or not row.replay:
                continue  # changed meanwhile
            if self.ledger.position < row.last_position:
                # What waits, or was skipped, is not all before the position yet. The database of
                # a view may not have passed it when a member died: it is passed by meanwhile.
                continue
            # Where the database of the view has the position, it must be there for good: after a
            # crash it would deliver the last of these events once more, as any other.
            await self._store_all()
            if row.waits:
                await self._replay_page(row)
            else:
                self.ledger.change(stream_id, None)
            await self._store_all()

    async def _replay_page(self, row: ParkedStream) -> None:
        # What earlier slices had passed is not left out here: they passed it by, parked.
        stream_id = row.stream_id
        selection = replace(
            self._work.feed.selection,
            slice=slice_of(stream_id, MAX_SLICES),
            slices=MAX_SLICES,
        )
        page = await self._read(row.after, self._work.pace.page, selection)
        for item in page.events:
            if item.position > row.last_position:
                break
            if item.stream_id != stream_id or item.version < row.version:
                continue
            await self._attend()
            if self.ledger.row(stream_id) != row:
                return  # an operator has changed it meanwhile
            with self.watch.handling(item) as handling:
                failed = await self._replay_event(item, row, handling)
                if self.ledger.row(stream_id) != row:
                    return
                if failed is None:
                    handling.ended("replayed")
                else:
                    handling.ended("parked", failed[0])
            if failed is not None:
                error, attempts = failed
                attempts += row.attempts if item.version == row.version else 0
                _LOG.error(
                    "subscription %s parks stream %s at version %d again, after %d attempts: %s",
                    self._registration.name,
                    stream_id,
                    item.version,
                    attempts,
                    described(error),
                )
                self.ledger.change(
                    stream_id,
                    replace(
                        row,
                        version=item.version,
                        type=item.type,
                        error=described(error),
                        attempts=attempts,
                        replay=False,
                    ),
                )
                return
            row = replace(row, version=item.version + 1, after=item.position, type=None, attempts=0)
            self.ledger.change(stream_id, row)
            self.ledger.handled += 1
            await self._store_if_due()
        if page.position >= row.last_position:
            self.ledger.change(stream_id, None)
        else:
            self.ledger.change(stream_id, replace(row, after=max(row.after, page.position)))

    async def _replay_event(
        self, item: Item, row: ParkedStream, handling: Handling
    ) -> tuple[Exception, int] | None:
        if isinstance(item, BrokenEvent):
            return item.error, 0

        async def redeliver() -> None:
            handling.attempts += 1
            await self._work.delivery.redeliver(self.ledger.lease, item)

        async def is_changed() -> bool:
            await self._attend()  # in an outage without end, an operator may pause, or skip it
            return self.ledger.row(item.stream_id) != row

        failed = await self._try_often(redeliver, is_changed)
        if failed is None or await self._is_reapplied(item):
            return None
        return failed

    async def _is_reapplied(self, item: FeedEvent[Any]) -> bool:
        """Return whether the view has an event whose last redelivery seemed to fail."""
        if not self._work.delivery.has_position:
            return False
        return await self._persist(
            lambda: self._work.delivery.has_redelivered(self.ledger.lease, item), view=True
        )
