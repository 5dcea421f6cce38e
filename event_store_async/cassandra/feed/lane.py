"""Lane: the announcements of one store. No append is sent before its own is acknowledged."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import anyio

from ...errors import EventStoreError, StoreClosed, StoreUnavailable
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from .announcement import Address, Announcement, Types
from .tables import Doorbell, FeedRow, FeedTables

_LOG: Final = logging.getLogger("event_store_async")
_AT_ONCE: Final = 256
_REMEMBERED: Final = 256


@dataclass(slots=True)
class _Waiting:
    stream_id: UUID
    expected: int
    events: int
    types: Types
    category: str | None
    address: "asyncio.Future[Address]"


class Lane:
    """
    Announces appends before they are sent.

    The rules, by their names in docs/explanation/feed-protocol.md: a store has one lane, which is
    registered before its first announcement (W1). Numbers are dense, given out when a batch is
    assembled, and a batch lies in one part; one batch is in flight, and until it is acknowledged
    it is repeated unchanged, and nothing else is written (W3).

    Args:
        tables: The feed's tables.
        settings: The store's.
        on_open: Called once the writer is registered.

    Attributes:
        on_stored: Called with the address of an append that is known to be stored.
    """

    def __init__(
        self,
        tables: FeedTables,
        settings: Settings,
        *,
        on_open: Callable[[], object],
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._on_open = on_open
        self.on_stored: Callable[[Address], object] = _ignore
        self._registered: tuple[FeedRow, UUID] | None = None  # the feed, and who we are
        self._prev: UUID | None = None
        self._seq = 0  # the last one that was given out
        self._waiting: deque[_Waiting] = deque()
        self._announcing: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[None] | None = None
        self._rung = 0
        self._stored: deque[int] = deque(maxlen=_REMEMBERED)
        self._news = 0  # grows with each stored append
        self._open = 0  # announced appends whose outcome is not known
        self._closed = False

    @property
    def writer(self) -> UUID | None:
        """This store, as a writer; None until it is registered."""
        return None if self._registered is None else self._registered[1]

    async def announce(
        self,
        stream_id: UUID,
        expected: int,
        events: int,
        types: Types,
        category: str | None,
        deadline: Deadline,
    ) -> Address:
        """
        Announce an append, and wait until that is acknowledged.

        Its outcome must be reported to `settled` afterwards.

        Raises:
            StoreUnavailable: it was not acknowledged in time. The append must not be sent.
            StoreClosed, RequestRefused, SchemaError, FeedDisabled: the same.
        """
        if self._closed:
            raise StoreClosed
        address = asyncio.get_running_loop().create_future()
        waiting = _Waiting(stream_id, expected, events, types, category, address)
        self._waiting.append(waiting)
        if self._announcing is None:
            self._announcing = asyncio.ensure_future(self._announce_all())
        with anyio.move_on_after(max(0.0, deadline.remaining())):
            found: Address = await asyncio.shield(address)
            self._open += 1
            return found
        address.cancel()
        raise StoreUnavailable(f"announcing an append to stream {stream_id}: no answer in time")

    def settled(self, address: Address, *, is_news: bool, stored: bool) -> None:
        """
        Note the outcome of an announced append, once it is certain.

        Args:
            address: The address of its announcement.
            is_news: Whether a sequencer should look at it soon.
            stored: Whether the events that stand there are known to bear this very address.
        """
        if stored:
            self.on_stored(address)
        if address.writer != self.writer:
            return  # it was announced in a lane that was given up
        self._open -= 1
        if stored:
            self._stored.append(address.seq)
        if is_news:
            self._news += 1
            self._ring()

    async def close(self) -> None:
        """End the lane, in good order if the outcome of every append is known (W9)."""
        self._closed = True
        for task in (self._announcing, self._ringing):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        unacknowledged = bool(self._waiting)
        for waiting in self._waiting:
            _fail(waiting, StoreClosed())
        if self._registered is None or self._open or unacknowledged:
            return
        feed, writer = self._registered
        try:
            await self._tables.close_writer(feed.log_id, writer, self._seq)
        except EventStoreError as error:
            _LOG.info("the lane of a closed store stays open: %s", error)

    async def _announce_all(self) -> None:
        try:
            while self._waiting:
                await self._announce_next()
        except EventStoreError as error:
            for waiting in self._waiting:
                _fail(waiting, error)
            self._waiting.clear()
        finally:
            self._announcing = None

    async def _announce_next(self) -> None:
        """Announce what waits, up to the end of a part."""
        feed, writer = self._registered or await self._register()
        part, done = divmod(self._seq, feed.part_rows)
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < min(_AT_ONCE, feed.part_rows - done):
            waiting = self._waiting[0]
            if not waiting.address.cancelled():
                batch.append(waiting)
            self._waiting.popleft()
        if not batch:
            return
        rows = [
            Announcement(
                self._seq + at,
                each.stream_id,
                each.expected,
                each.events,
                each.types,
                each.category,
            )
            for at, each in enumerate(batch, 1)
        ]
        self._seq += len(batch)
        try:
            await self._write(writer, part, rows)
        except BaseException:
            # Perhaps written, perhaps not: this lane can never be written to again. Its appends are
            # not sent, so they are certainly not stored.
            self._waiting.extendleft(reversed(batch))
            self._give_up(self._seq - len(batch))
            raise
        for row, waiting in zip(rows, batch, strict=True):
            if not waiting.address.done():
                waiting.address.set_result(Address(writer, row.seq))

    async def _register(self) -> tuple[FeedRow, UUID]:
        feed = await self._tables.made(self._settings.new_event_id())
        writer = self._settings.new_event_id()
        await self._tables.register(feed.log_id, writer, feed.part_rows, self._prev)
        self._registered = feed, writer
        self._on_open()
        return self._registered

    async def _write(self, writer: UUID, part: int, rows: list[Announcement]) -> None:
        """Write a batch of announcements, again and again until it is acknowledged."""
        pauses = self._settings.backoff.pauses()
        elsewhere = False
        while True:
            try:
                deadline = Deadline(self._settings.timeout)
                await self._tables.announce(writer, part, rows, deadline, elsewhere=elsewhere)
            except Fault as fault:
                if fault.certainty is Certainty.REFUSED:
                    raise fault.as_error("announcing appends", writing=True) from fault
                _LOG.info("announcing appends: %s; it is repeated", fault)
                elsewhere = True
                await anyio.sleep(next(pauses))
            else:
                return

    def _give_up(self, last: int) -> None:
        """Go on in a new lane, which names this one."""
        if last:
            self._prev = self.writer
        self._registered = None
        self._seq = 0
        self._open = 0
        self._stored.clear()

    def _ring(self) -> None:
        if self._ringing is None and not self._closed:
            self._ringing = asyncio.ensure_future(self._ring_all())

    async def _ring_all(self) -> None:
        """Ring until there is no news: a hint, so a fault is no harm."""
        try:
            while self._rung != self._news and (writer := self.writer) is not None:
                self._rung = self._news
                bell = Doorbell(writer, self._news, frozenset(self._stored))
                await self._tables.ring(bell, Deadline(self._settings.request_timeout))
        except (Fault, EventStoreError) as error:
            _LOG.debug("a doorbell was not rung: %s", error)
        finally:
            self._ringing = None


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.address.done():
        waiting.address.set_exception(error)


def _ignore(_address: Address) -> None:
    """Do nothing with an address."""
