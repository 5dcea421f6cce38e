"""Worker: handles the events of one slice for as long as its lease lasts."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import anyio

from ..errors import SliceHeld
from ..feeds import BrokenEvent, FeedEvent, FeedPage, Position, Selection
from ..hooks.subscription_watch import Handling
from ..retry import Backoff
from ..tasks import task_group
from .attempt import is_transient
from .ledger import Item, described
from .slice_replay import SliceReplay
from .slice_task import LONGEST_WAIT, LOOKS, OUTAGES, Ended

_LOG: Final = logging.getLogger("event_store_async")
_HOLDS: Final = Backoff(initial=1.0, maximum=60.0)

LONGEST_FINISH: Final = 5.0
"""The most seconds in which a worker that ends stores what it handled, and gives the slice back."""


class SliceWorker(SliceReplay):
    """
    Handles the events of one slice.

    One task runs it. Whatever waits in it, but the call of a handler, ends at once when the worker
    is asked to end.
    """

    async def run(self) -> None:
        """
        Handle events until asked to end; then store what was handled.

        Raises:
            LeaseLost: another member or generation has the slice.
            SliceHeld: the slice stays at an event, and is to end at a position.
            MisuseError: a store is closed, or the handler waited for itself.
            SchemaError: a table is missing.
        """
        try:
            await self._begin()
            while True:
                await self._attend()
                await self._replay()
                await self._handle_page()
        except Ended:
            await self.finish()

    async def finish(self) -> None:
        """
        Store what was handled, and give the slice back, as far as that can be done in time.

        What is not stored is handled again. A slice that is not given back is taken over.

        Raises:
            LeaseLost: another member or generation has the slice.
        """
        self.is_finishing = True
        with anyio.move_on_after(LONGEST_FINISH):
            await self._store_all()
        lease = self.ledger.lease
        with anyio.move_on_after(LONGEST_FINISH):
            await self._persist(lambda: self._work.store.release(lease))
            self.is_released = True

    # Between two events

    async def _begin(self) -> None:
        key = self.ledger.lease.key
        if key.slice == 0 and not self._registration.ready:
            registration, lease = self._registration, self.ledger.lease
            stopped = await self._persist(
                lambda: self._work.delivery.prepare(registration, lease),
                view=True,
                limit=math.inf,  # to clear a view may take long
            )
            self.tell(await self._persist(lambda: self._work.store.prepared(registration, stopped)))
            self._work.prepared()
        while not self._registration.ready:
            await self._sleep(LONGEST_WAIT)
        known = await self._persist(lambda: self._work.delivery.open(self.ledger.lease), view=True)
        if self._work.delivery.has_position:
            self.ledger.position = known or self._registration.start

    # Pages

    async def _handle_page(self) -> None:
        ledger, work = self.ledger, self._work
        self._check_end()
        page = await self._read(ledger.position, work.pace.page, self._selection())
        before = ledger.position
        self.head = page.head
        batch: list[FeedEvent[Any]] = []
        for item in page.events:
            if self._registration.passed(item.stream_id, item.position):
                continue
            if isinstance(item, BrokenEvent) or not work.delivery.takes_pages:
                await self._deliver(batch, item)
                batch.clear()
                await self._attend()
                await self._handle(item)
                await self._store_if_due()
            else:
                batch.append(item)
        await self._deliver(batch, page)
        ledger.moved(page.position)
        if work.delivery.takes_pages and not work.delivery.has_position and page.events:
            await self._store_all()
        await self._store_if_due()
        self._looked(page)
        if page.caught_up or ledger.position == before:
            self._check_end()
            await self._wait(moved=ledger.position != before)

    def _looked(self, page: FeedPage[Any]) -> None:
        was_caught_up, self.caught_up = self.caught_up, page.caught_up
        if self.caught_up:
            self.oldest = None
        self.watch.looked(page.position, was_caught_up=was_caught_up, is_caught_up=self.caught_up)

    def _selection(self) -> Selection:
        wanted = self._work.feed.selection
        return replace(wanted, slice=self.number, slices=self._registration.slices)

    def _check_end(self) -> None:
        if self._until is None or self.ledger.position < self._until:
            return
        if not any(row.replay for row in self.ledger.parked.values()):
            self.is_at_end = True
            raise Ended

    async def _wait(self, *, moved: bool) -> None:
        """Wait for more events, but not for longer than what was handled may stay unstored."""
        if self._until is not None:
            await self._sleep(next(self._looks))
            return
        if moved:
            self._looks = LOOKS.pauses()
        seconds = LONGEST_WAIT
        if self.ledger.is_dirty:
            due = self.ledger.committed + self._work.pace.commit_seconds
            seconds = min(seconds, max(due - anyio.current_time(), 0.001))
        told = await self._changed(seconds)
        await self._store_if_due()
        if told and not moved:
            await self._sleep(next(self._looks))  # a hint may be wrong, and be so again at once

    async def _changed(self, seconds: float) -> bool:
        """Wait for a sign of new events, or until something is asked for."""
        reader, position = self._work.feed.reader, self.ledger.position
        told = False

        async def listen() -> None:
            nonlocal told
            try:
                told = await reader.changed(position, seconds)
            except OUTAGES:
                await anyio.sleep(next(self._looks))  # the next read tells
            self._wake.set()

        async with task_group() as group:
            group.start_soon(listen)
            await self._wake.wait()
            group.cancel_scope.cancel()
        self._wake.clear()
        return told

    # Events

    async def _deliver(self, batch: Sequence[FeedEvent[Any]], end: Item | FeedPage[Any]) -> None:
        """Hand a page over; if it fails, its events one by one, so that the one at fault shows."""
        if not batch:
            return
        await self._attend()
        self.oldest = batch[0].timestamp
        wanted = [event for event in batch if not self.ledger.passes_by(event)]
        # The last event of a part of a page, or the end of the page with what was not selected.
        up_to = end.position if isinstance(end, FeedPage) else batch[-1].position
        if len(wanted) > 1 and await self._try_page(wanted, up_to):
            self.ledger.moved(up_to)
            self.ledger.handled += len(wanted)
            for event in batch if len(wanted) < len(batch) else ():
                if self.ledger.row(event.stream_id) is not None:
                    self.watch.settled(event, "parked_behind")
            return
        for event in batch:
            await self._attend()
            await self._handle(event)
            await self._store_if_due()

    async def _try_page(self, events: Sequence[FeedEvent[Any]], up_to: Position) -> bool:
        """Hand a page over; return whether it succeeded."""
        outages = self._work.outages.pauses()
        with self.watch.applying(events, up_to) as handling:
            while True:
                error = await self._attempt(
                    lambda: self._work.delivery.deliver(self.ledger.lease, events, up_to)
                )
                if error is None or not is_transient(error, self._work.is_outage):
                    self.holding = None
                    handling.applied(error)
                    return error is None
                await self._pass_outage(error, outages)
                await self._attend()
                if any(self.ledger.row(event.stream_id) is not None for event in events):
                    self.holding = None
                    return False  # one by one: an operator has parked a stream

    async def _handle(self, item: Item) -> None:
        """Handle one event, or let it wait behind a parked one, or park its stream."""
        ledger = self.ledger
        if ledger.passes_by(item):
            ledger.moved(item.position)
            self.watch.settled(item, "parked_behind")
            return
        if isinstance(item, FeedEvent):
            self.oldest = item.timestamp
        with self.watch.handling(item) as handling:
            failed = await self._try(item, handling)
            if failed is None or await self._is_applied(item):
                ledger.moved(item.position)
                ledger.handled += 1
                handling.ended("handled")
                return
            if ledger.passes_by(item):
                ledger.moved(item.position)
                handling.ended("parked", failed[0])
                return
            if self._has_room():
                await self._park(item, *failed)
                handling.ended("parked", failed[0])
                return
            handling.ended("held", failed[0])
        await self._hold(item, *failed)

    async def _try(self, item: Item, handling: Handling) -> tuple[Exception, int] | None:
        """Try an event; return its last error and the number of attempts if it still fails."""
        if isinstance(item, BrokenEvent):
            return item.error, 0

        async def deliver() -> None:
            handling.attempts += 1
            await self._work.delivery.deliver(self.ledger.lease, (item,), item.position)

        async def is_parked() -> bool:
            await self._attend()  # in an outage without end, an operator may pause, or park it
            return self.ledger.row(item.stream_id) is not None

        return await self._try_often(deliver, is_parked)

    async def _is_applied(self, item: Item) -> bool:
        """Return whether the view has an event whose last attempt seemed to fail."""
        if isinstance(item, BrokenEvent) or not self._work.delivery.has_position:
            return False
        # Its transaction may have been committed, though the answer was lost, or came too late.
        known = await self._persist(lambda: self._work.delivery.open(self.ledger.lease), view=True)
        return known is not None and known >= item.position

    def _has_room(self) -> bool:
        recovery = self._work.recovery
        return recovery.then == "park" and len(self.ledger.parked) < recovery.max_parked

    async def _park(self, item: Item, error: Exception, attempts: int) -> None:
        _LOG.error(
            "subscription %s parks stream %s at version %d after %d attempts: %s",
            self._registration.name,
            item.stream_id,
            item.version,
            attempts,
            described(error),
        )
        self.ledger.park(item, error, attempts)
        self.ledger.moved(item.position)
        await self._store_all()

    async def _hold(self, item: Item, error: Exception, attempts: int) -> None:
        """Stay at an event until it succeeds, or an operator parks its stream."""
        pauses = _HOLDS.pauses()
        while True:
            reason = f"holds at version {item.version} of stream {item.stream_id}"
            self._waits(reason, error)
            if self._until is not None:
                await self._store_all()
                raise SliceHeld(self._registration.name, self.number, self.holding or "") from error
            await self._sleep(next(pauses))  # what operators do ends the pause
            await self._attend()
            await self._replay()  # which may make room
            if self.ledger.passes_by(item):
                self.watch.settled(item, "parked", error)
                break
            if await self._is_applied(item):
                self.watch.settled(item, "handled")
                self.ledger.handled += 1
                break
            if self._has_room():
                self.holding = None
                with self.watch.handling(item) as handling:
                    await self._park(item, error, attempts)
                    handling.ended("parked", error)
                return
            with self.watch.handling(item) as handling:
                again = await self._again(item, handling)
                handling.ended("handled" if again is None else "held", again)
            if again is None:
                self.ledger.handled += 1
                break
            error = again
            attempts += 1
        self.holding = None
        self.ledger.moved(item.position)

    async def _again(self, item: Item, handling: Handling) -> Exception | None:
        """Try a held event once more; return its error."""
        if isinstance(item, BrokenEvent):
            return item.error
        handling.attempts += 1
        return await self._attempt(
            lambda: self._work.delivery.deliver(self.ledger.lease, (item,), item.position)
        )
