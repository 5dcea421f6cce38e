"""Task of a slice: what each step of the work on a slice needs; see `SliceWorker`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Any, Final, TypeVar

import anyio

from ..errors import LeaseLost, MisuseError, SchemaError, StoreOverloaded, StoreUnavailable
from ..feeds import FeedPage, Position, Selection
from ..ports.slices import Registration
from ..retry import Backoff
from .attempt import attempted, is_transient
from .ledger import Ledger, described
from .work import Work

_T = TypeVar("_T")

_LOG: Final = logging.getLogger("event_store_async")
LONGEST_WAIT: Final = 5.0
"""Seconds after which a slice looks for events even if it was not told of any."""

LONGEST_ANSWER: Final = 90.0
"""The most seconds that the database of a view may take for a step without a handler."""

LOOKS: Final = Backoff(initial=0.005, maximum=0.5)
"""The pauses of a slice that is told of events which are not there."""

OUTAGES: Final = (StoreUnavailable, StoreOverloaded)
"""What a store raises while it cannot answer: calling again may help."""


class Ended(Exception):
    """The worker was asked to end, and is between two events."""


class SliceTask:
    """
    Works on one slice: waits, stores and tries, and ends when it is asked to.

    One task runs it. Whatever waits in it, but the call of a handler, ends at once when the worker
    is asked to end.

    Args:
        work: What is to be done, the same for all slices.
        registration: The subscription.
        ledger: The books of the slice.
        until: Where to end; None for never.

    Attributes:
        ledger: The books of the slice.
        holding: Why the slice stays where it is, if it does.
        caught_up: Whether the slice was at the end of the feed when it last looked.
        is_ending: Whether it was asked to end.
        is_finishing: Whether it stores what was handled, to give the slice back.
        is_lost: Whether its lease is lost: nothing is to be stored any more.
        is_at_end: Whether it has reached the place where it was to end.
        scope: Cancels it: at the end of its lease, for one.
        head: The end of the feed, as the last page knew it; None before that.
        oldest: When the event in hand was appended, which is not handled yet; None at the end.
        is_released: Whether it has given the slice back.
        watch: Reports what becomes of events, if there are hooks.
    """

    def __init__(
        self, work: Work, registration: Registration, ledger: Ledger, until: Position | None
    ) -> None:
        self._work = work
        self._registration = registration
        self._until = until
        self._wake = asyncio.Event()
        self._is_stale = False
        self._looks = LOOKS.pauses()
        self.ledger = ledger
        self.holding: str | None = None
        self.caught_up = False
        self.is_ending = False
        self.is_finishing = False
        self.is_lost = False
        self.is_at_end = False
        self.scope = anyio.CancelScope()
        self.head: Position | None = None
        self.oldest: datetime | None = None
        self.is_released = False
        self.watch = work.watch.of_slice(ledger.lease.key.slice)

    @property
    def number(self) -> int:
        """The slice."""
        return self.ledger.lease.key.slice

    def end(self) -> None:
        """Ask the worker to end after the event in hand."""
        self.is_ending = True
        self._wake.set()

    def lose(self) -> None:
        """Cancel the worker: others have the slice."""
        self.is_lost = True
        self.scope.cancel()

    def tell(self, registration: Registration) -> None:
        """Tell the worker how the subscription is registered now."""
        if registration != self._registration:
            self._is_stale |= registration.requests != self._registration.requests
            self._registration = registration
            self._wake.set()

    # Between two events

    async def _attend(self) -> None:
        """Do what was asked for; raises `Ended`."""
        if self.is_ending:
            raise Ended
        if self._is_stale:
            self._is_stale = False
            await self._store_all()
            await self._persist(self.ledger.refresh)
        if self._registration.paused:
            await self._store_all()
            while self._registration.paused:
                await self._sleep(LONGEST_WAIT)

    async def _sleep(self, seconds: float) -> None:
        """Wait, or until something is asked for; raises `Ended`."""
        with anyio.move_on_after(seconds):
            await self._wake.wait()
        self._wake.clear()
        if self.is_ending:
            raise Ended

    async def _sleep_all(self, seconds: float) -> None:
        """Wait for so long whatever is asked for, unless it is to end; raises `Ended`."""
        end = anyio.current_time() + seconds
        while (left := end - anyio.current_time()) > 0:
            await self._sleep(left)

    async def _persist(
        self,
        call: Callable[[], Awaitable[_T]],
        *,
        view: bool = False,
        limit: float = LONGEST_ANSWER,
    ) -> _T:
        """
        Call a store until it answers: what is unknown is settled by repeating it.

        Args:
            call: The call.
            view: Whether it is the user's: then whatever it raises may be over later.
            limit: The most seconds that a call of the user's may take before it is repeated.
        """
        pauses = self._work.outages.pauses()
        kinds: tuple[type[Exception], ...] = (Exception,) if view else OUTAGES
        held = self.holding
        while True:
            try:
                answer = await (_within(limit, call) if view else call())
            except (LeaseLost, MisuseError, SchemaError):
                raise
            except kinds as error:
                self._waits(f"waits for the {'view' if view else 'store'}", error)
                if self.is_finishing:
                    await anyio.sleep(next(pauses))
                else:
                    await self._sleep_all(next(pauses))
            else:
                self.holding = held
                return answer

    def _waits(self, what: str, error: BaseException) -> None:
        holding = f"{what}: {described(error)}"
        if holding != self.holding:
            _LOG.warning(
                "slice %d of subscription %s %s", self.number, self._registration.name, holding
            )
        self.holding = holding

    async def _store_all(self) -> None:
        """Store position and parked streams: in the database of the view, then in the store."""
        ledger = self.ledger
        if self._work.delivery.has_position and ledger.is_dirty:
            await self._persist(ledger.store_rows)
            await self._persist(
                lambda: self._work.delivery.advance(ledger.lease, ledger.position), view=True
            )
        await self._persist(ledger.store_all)

    async def _store_if_due(self) -> None:
        due = self.ledger.committed + self._work.pace.commit_seconds
        if self.ledger.is_dirty and (
            anyio.current_time() >= due or self.ledger.handled >= self._work.pace.page
        ):
            await self._store_all()

    async def _read(self, after: Position, max_count: int, selection: Selection) -> FeedPage[Any]:
        reader = self._work.feed.reader
        return await self._persist(lambda: reader.read_page(after, max_count, selection))

    # Attempts

    async def _try_often(
        self,
        call: Callable[[], Awaitable[None]],
        is_given_up: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[Exception, int] | None:
        recovery = self._work.recovery
        pauses, outages, attempts = recovery.backoff.pauses(), self._work.outages.pauses(), 0
        while True:
            error = await self._attempt(call)
            if error is None:
                self.holding = None
                return None
            if is_transient(error, self._work.is_outage):
                await self._pass_outage(error, outages)
                if is_given_up is not None and await is_given_up():
                    self.holding = None
                    return error, attempts
                continue
            attempts += 1
            if attempts >= recovery.attempts:
                self.holding = None
                return error, attempts
            await self._sleep_all(next(pauses))

    async def _attempt(self, call: Callable[[], Awaitable[None]]) -> Exception | None:
        if self._work.delivery.has_position and self.ledger.has_changes:
            # What waits must be stored before the database of the view passes it.
            await self._persist(self.ledger.store_rows)
        return await attempted(self._registration.name, call, self._work.recovery.timeout)

    async def _pass_outage(self, error: Exception, pauses: Iterator[float]) -> None:
        self._waits("tries again", error)
        await self._sleep_all(next(pauses))


async def _within(seconds: float, call: Callable[[], Awaitable[_T]]) -> _T:
    """Call in time: a host without power never says that it is away."""
    with anyio.move_on_after(seconds):
        return await call()
    raise TimeoutError(f"no answer within {seconds} s")
