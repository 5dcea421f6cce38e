"""Lane: the announcements of one store. No append is sent before its own is acknowledged."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import anyio

from ...errors import EventStoreError, StoreClosed, StoreUnavailable
from ...ids import random_uuid
from ...retry import Deadline, nearest
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.request import Request
from .announcement import Address, Content, Types, address_of, packed
from .bell import Bell
from .rows import FeedRow
from .tables import FeedTables

_LOG: Final = logging.getLogger("event_store_async")
_AT_ONCE: Final = 256
_SHORTEST_TIMER: Final = 0.01
"""Seconds. Thousands of appends may wait, and the timer looks at all of them each time."""

_T = TypeVar("_T")


# Without a constructor, like `EncodedEvent`.
@dataclass(slots=True, init=False)
class _Waiting:
    content: Content
    deadline: Deadline
    told: Callable[[Any, Address | None, Exception | None], object]
    of: Any
    left: bool

    def fail(self, error: Exception) -> None:
        """Tell an error, unless it waits no more."""
        if not self.left:
            self.left = True
            self.told(self.of, None, error)


@dataclass(slots=True)
class _Batch:
    """
    Announcements that are written together, as one row of one part.

    Attributes:
        writer: The writer.
        part: The part.
        before: The seq before the first one.
        contents: The announcements.
        text: The same as they are stored: what is repeated is the same, byte for byte.
        waiting: Who waits for them, in order.
    """

    writer: UUID
    part: int
    before: int
    contents: Sequence[Content]
    text: str
    waiting: list[_Waiting]

    @property
    def row(self) -> tuple[UUID, int, int, str]:
        """The values of the row: with the seq of the last one, and all of them as text."""
        return self.writer, self.part, self.before + len(self.waiting), self.text


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
        on_acknowledged: Called with the writer, a seq and the announcements that follow it, once
            they are acknowledged, and before their appends are sent.
        on_news: Called with the address of an append whose stream is worth a look, and with whether
            its own batch was applied.
        is_heard: Returns whether a sequencer of this process works: then no bell needs to ring.
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
        self.on_acknowledged: Callable[[UUID, int, Sequence[Content]], object] = _ignore
        self.on_news: Callable[[tuple[UUID, int], bool], object] = _ignore
        self.is_heard: Callable[[], bool] = _ignore
        self._registered: tuple[FeedRow, UUID] | None = None  # the feed, and who we are
        self._prev: UUID | None = None
        self._seq = 0  # the last one that was given out
        self._waiting: list[_Waiting] = []
        self._in_flight: _Batch | None = None
        self._is_due = False  # what waits is written at the end of the event loop's turn
        self._task: asyncio.Task[None] | None = None  # registers, or repeats a batch
        self._timer: asyncio.TimerHandle | None = None
        self._expires = 0.0  # when the timer does
        self._bell = Bell(tables, settings)
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
        answer: asyncio.Future[Address] = asyncio.get_running_loop().create_future()

        def told(_: None, address: Address | None, error: Exception | None) -> None:
            if answer.done():  # its caller was cancelled
                return
            if address is None:
                answer.set_exception(error or StoreClosed())
            else:
                answer.set_result(address)

        waiting = self.begin(stream_id, expected, events, types, category, deadline, told, None)
        try:
            return await answer
        except asyncio.CancelledError:
            waiting.left = True
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                self._open -= 1  # the address came at the same moment
            raise

    def begin(
        self,
        stream_id: UUID,
        expected: int,
        events: int,
        types: Types,
        category: str | None,
        deadline: Deadline,
        told: Callable[[_T, Address | None, Exception | None], object],
        of: _T,
    ) -> _Waiting:
        """
        Announce an append without waiting; *told* is called later, never at once.

        It is called with *of*, the address and None, or with *of*, None and an error. If it is told
        an address, the outcome must be reported to `settled`. If it is told an error, one of those
        that `announce` raises, the append must not be sent.
        """
        waiting = _Waiting()
        waiting.content = (stream_id, expected, events, types, category)
        waiting.deadline = deadline
        waiting.told = told
        waiting.of = of
        waiting.left = False
        self._waiting.append(waiting)
        if self._timer is None or deadline.at < self._expires:
            self._expire_at(deadline)
        if self._in_flight is None and not self._is_due:
            self._proceed()
        return waiting

    def settled(self, address: tuple[UUID, int], *, applied: bool, news: bool = False) -> None:
        """
        Note the outcome of an announced append, once it is certain.

        Args:
            address: Its announcement.
            applied: Whether its own batch was applied: it can be published without a look.
            news: Whether its stream is worth a look, even so.
        """
        if is_news := applied or news:
            self.on_news(address, applied)
        writer, seq = address
        # By identity: this lane gave the address out, and a UUID is slow to compare.
        if self._registered is None or writer is not self._registered[1]:
            return  # it was announced in a lane that was given up
        self._open -= 1
        if is_news:
            bell = self._bell
            bell.note(seq if applied else None)
            if bell.ringing is None and not self._closed and not self.is_heard():
                bell.ring()

    async def close(self) -> None:
        """End the lane, in good order if the outcome of every append is known (W9)."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._bell.close()
        unacknowledged = bool(self._waiting) or self._in_flight is not None
        self._fail(StoreClosed())
        if self._timer is not None:
            self._timer.cancel()
        if self._registered is None or self._open or unacknowledged:
            return
        feed, writer = self._registered
        try:
            await self._tables.close_writer(feed.log_id, writer, self._seq)
        except EventStoreError as error:
            _LOG.info("the lane of a closed store stays open: %s", error)

    def _proceed(self) -> None:
        """Write what waits, once the event loop's turn is over: all of a turn share a batch."""
        if self._waiting and not self._is_due and self._in_flight is None and self._task is None:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._write_next)

    def _write_next(self) -> None:
        """Write what waits, up to the end of a part."""
        self._is_due = False
        if self._closed:
            self._fail(StoreClosed())
        elif self._registered is None:
            self._task = asyncio.get_running_loop().create_task(self._begin_lane())
        elif (batch := self._next_batch(*self._registered)) is not None:
            self._in_flight = batch
            request = self._begin(batch)
            if request is None:
                self._repeat(batch)
            else:
                request.then(self._answered, batch, request)

    def _refuse(self, waiting: Sequence[_Waiting]) -> None:
        """Tell those whose announcements cannot be encoded that they are not sent."""
        for each in waiting:
            try:
                packed([each.content])
            except TypeError as error:
                each.fail(error)

    def _begin(self, batch: _Batch) -> Request | None:
        """Send a batch for the first time; no task is needed while all goes well."""
        return self._tables.begin_announcing(*batch.row, Deadline(self._settings.timeout))

    def _answered(self, batch: _Batch, request: Request) -> None:
        try:
            self._tables.acknowledge(request)
        except Exception:  # noqa: BLE001 - whatever it is, the repetition meets it again
            self._repeat(batch)
        else:
            self._acknowledged(batch)

    def _repeat(self, batch: _Batch) -> None:
        if self._closed:
            return  # in flight for ever: the lane is not closed in good order
        self._task = asyncio.get_running_loop().create_task(self._carry_out(batch))

    def _acknowledged(self, batch: _Batch) -> None:
        self._in_flight = None
        writer = batch.writer
        self.on_acknowledged(writer, batch.before, batch.contents)
        for seq, waiting in enumerate(batch.waiting, batch.before + 1):
            if not waiting.left:
                self._open += 1
                waiting.left = True
                waiting.told(waiting.of, address_of((writer, seq)), None)
        self._proceed()

    async def _begin_lane(self) -> None:
        try:
            await self._register()
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers raise it
            self._fail(error)
        finally:
            self._task = None
        self._proceed()

    async def _carry_out(self, batch: _Batch) -> None:
        """Write a batch until it is acknowledged."""
        try:
            await self._write(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers raise it
            # Perhaps written, perhaps not: this lane can never be written to again. Its appends are
            # not sent, so they are certainly not stored.
            self._in_flight = None
            self._give_up(batch.before)
            self._waiting[:0] = batch.waiting
            self._fail(error)
        else:
            self._acknowledged(batch)
        finally:
            self._task = None
        self._proceed()

    def _next_batch(self, feed: FeedRow, writer: UUID) -> _Batch | None:
        part, done = divmod(self._seq, feed.part_rows)
        waiting = self._waiting = [each for each in self._waiting if not each.left]
        if not waiting:
            return None
        some = waiting[: min(_AT_ONCE, feed.part_rows - done)]
        contents = [each.content for each in some]
        try:
            count, text = packed(contents)
        except TypeError:  # one that no caller should have given must not stop the others
            self._refuse(some)
            return self._next_batch(feed, writer)
        before, self._seq = self._seq, self._seq + count
        self._waiting = waiting[count:]
        return _Batch(writer, part, before, contents[:count], text, waiting[:count])

    def _fail(self, error: Exception) -> None:
        """Tell an error to all that wait, those of the batch in flight included."""
        waiting = [*(self._in_flight.waiting if self._in_flight else ()), *self._waiting]
        self._waiting.clear()
        for each in waiting:
            each.fail(error)

    # Deadlines: one timer for all, since hardly any ever passes

    def _expire_at(self, deadline: Deadline) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._expires = deadline.at
        later = max(deadline.remaining(), _SHORTEST_TIMER)
        self._timer = asyncio.get_running_loop().call_later(later, self._expire)

    def _expire(self) -> None:
        self._timer = None
        waiting = [*(self._in_flight.waiting if self._in_flight else ()), *self._waiting]
        for each in waiting:
            if each.deadline.remaining() <= 0:
                text = f"announcing an append to stream {each.content[0]}: no answer in time"
                each.fail(StoreUnavailable(text))
        staying = [each.deadline for each in waiting if not each.left]
        if staying:
            self._expire_at(nearest(staying))

    async def _register(self) -> tuple[FeedRow, UUID]:
        feed = await self._tables.made(random_uuid())
        # Not by `Settings.new_event_id`: two processes that seed it alike would share a lane.
        writer = random_uuid()
        await self._tables.register(feed.log_id, writer, feed.part_rows, self._prev)
        self._registered = feed, writer
        self._bell.writer = writer
        self._on_open()
        return self._registered

    async def _write(self, batch: _Batch) -> None:
        """Write a batch of announcements, again and again until it is acknowledged."""
        pauses = self._settings.backoff.pauses()
        while True:
            try:
                deadline = Deadline(self._settings.timeout)
                # The node that was asked first may hang.
                await self._tables.announce(*batch.row, deadline, elsewhere=True)
            except Fault as fault:
                if fault.certainty is Certainty.REFUSED:
                    raise fault.as_error("announcing appends", writing=True) from fault
                _LOG.info("announcing appends: %s; it is repeated", fault)
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
        self._bell.forget()


def _ignore(*_: object) -> bool:
    """Do nothing with what is told, and answer no to what is asked."""
    return False
