"""Deliveries: how events are handed to the code of the user, one by one or by pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Protocol, TypeAlias

import anyio

from .._typevars import E, T
from ..errors import RolledBack, ViewOutlived
from ..feeds import FeedEvent, Position
from ..ports.slices import Lease, Registration
from ..ports.transactions import Stopped, Transaction, Transactions, tells_outage
from .attempt import NotBegun, transaction_began, transaction_begins

LONGEST_BEGIN: Final = 60.0
"""The most seconds that the database of a view may take to begin a transaction."""

Handler: TypeAlias = Callable[[FeedEvent[E]], Awaitable[None]]
"""Handles one event."""

Apply: TypeAlias = Callable[[T, Sequence[FeedEvent[E]]], Awaitable[None]]
"""Applies events to a view, through a connection; None without transactions."""

Clear: TypeAlias = Callable[[T], Awaitable[None]]
"""Empties a view, through a connection; None without transactions."""


class _NotApplied(Exception):
    """Rolls back a transaction that only looked."""


class Delivery(Protocol):
    """Hands the events of one slice to the code of the user."""

    @property
    def takes_pages(self) -> bool:
        """Whether several events are handed over at once."""

    @property
    def has_position(self) -> bool:
        """Whether the database of the view keeps the position, exactly."""

    def is_transient(self, error: BaseException) -> bool:
        """Return whether an error says that the view's database is away."""

    async def prepare(self, registration: Registration, lease: Lease) -> Stopped | None:
        """Begin a generation: empty the view if it is fresh."""

    async def open(self, lease: Lease) -> Position | None:
        """Shut out earlier leases; return the position that the view's database knows."""

    async def deliver(
        self, lease: Lease, events: Sequence[FeedEvent[Any]], up_to: Position
    ) -> None:
        """Hand events over; afterwards the slice is at a position."""

    async def redeliver(self, lease: Lease, event: FeedEvent[Any]) -> None:
        """Hand an event over that was parked; the slice stays where it is."""

    async def has_redelivered(self, lease: Lease, event: FeedEvent[Any]) -> bool:
        """Return whether the view is known to have an event that was parked."""

    async def advance(self, lease: Lease, position: Position) -> None:
        """Move the view's database on, past events that are not handed over."""


class EventDelivery:
    """
    Hands events over one by one.

    Args:
        handle: Handles an event.
    """

    takes_pages = False
    has_position = False

    def __init__(self, handle: Handler[Any]) -> None:
        self._handle = handle

    def is_transient(self, error: BaseException) -> bool:  # noqa: ARG002 - of the protocol
        """There is no database."""
        return False

    async def prepare(self, registration: Registration, lease: Lease) -> Stopped | None:
        """There is no view."""

    async def open(self, lease: Lease) -> Position | None:
        """There is no database."""

    async def deliver(
        self,
        lease: Lease,  # noqa: ARG002 - of the protocol
        events: Sequence[FeedEvent[Any]],
        up_to: Position,  # noqa: ARG002
    ) -> None:
        """Hand over each event."""
        for event in events:
            await self._handle(event)

    async def redeliver(self, lease: Lease, event: FeedEvent[Any]) -> None:  # noqa: ARG002
        """Hand over an event that was parked."""
        await self._handle(event)

    async def has_redelivered(self, lease: Lease, event: FeedEvent[Any]) -> bool:  # noqa: ARG002
        """Nobody knows: there is no database."""
        return False

    async def advance(self, lease: Lease, position: Position) -> None:
        """There is no database."""


class PageDelivery:
    """
    Hands pages over, without a transaction.

    Args:
        apply: Applies events to the view.
        clear: Empties the view, if it can be emptied.
    """

    takes_pages = True
    has_position = False

    def __init__(self, apply: Apply[Any, Any], clear: Clear[Any] | None) -> None:
        self._apply = apply
        self._clear = clear

    def is_transient(self, error: BaseException) -> bool:  # noqa: ARG002 - of the protocol
        """There is no database that is known."""
        return False

    async def prepare(
        self,
        registration: Registration,
        lease: Lease,  # noqa: ARG002 - of the protocol
    ) -> Stopped | None:
        """Empty the view if the generation is fresh."""
        if registration.fresh and self._clear is not None:
            await self._clear(None)
        return None

    async def open(self, lease: Lease) -> Position | None:
        """There is no position but the store's."""

    async def deliver(
        self,
        lease: Lease,  # noqa: ARG002 - of the protocol
        events: Sequence[FeedEvent[Any]],
        up_to: Position,  # noqa: ARG002
    ) -> None:
        """Apply events."""
        await self._apply(None, events)

    async def redeliver(self, lease: Lease, event: FeedEvent[Any]) -> None:  # noqa: ARG002
        """Apply an event that was parked."""
        await self._apply(None, (event,))

    async def has_redelivered(self, lease: Lease, event: FeedEvent[Any]) -> bool:  # noqa: ARG002
        """Nobody knows: nothing is marked."""
        return False

    async def advance(self, lease: Lease, position: Position) -> None:
        """There is no position but the store's."""


class TransactionDelivery:
    """
    Hands pages over in a transaction each, which moves the position as well.

    Args:
        apply: Applies events to the view.
        clear: Empties the view, if it can be emptied.
        transactions: Begins transactions.
    """

    takes_pages = True
    has_position = True

    def __init__(
        self,
        apply: Apply[Any, Any],
        clear: Clear[Any] | None,
        transactions: Transactions[Any],
    ) -> None:
        self._apply = apply
        self._clear = clear
        self._transactions = transactions

    def is_transient(self, error: BaseException) -> bool:
        """Ask the transactions."""
        return tells_outage(self._transactions, error)

    @asynccontextmanager
    async def _begin(self, lease: Lease) -> AsyncIterator[Transaction[Any]]:
        """Begin a transaction; raises `RolledBack` if its end hides that it was rolled back."""
        is_whole = False
        async with AsyncExitStack() as stack:
            transaction = await self._begun(stack, lease)
            if getattr(transaction, "anew", False):
                # Otherwise the view would have what the earlier subscription applied, and get it
                # once more.
                if self._clear is None:
                    raise ViewOutlived(lease.key.name)
                await self._clear(transaction.connection)
            yield transaction
            is_whole = True
        if not is_whole:
            raise RolledBack

    async def _begun(self, stack: AsyncExitStack, lease: Lease) -> Transaction[Any]:
        """Begin a transaction, in time: a host without power never says that it is away."""
        transaction_begins()
        with anyio.move_on_after(LONGEST_BEGIN):
            begun = await stack.enter_async_context(self._transactions.begin(lease))
            transaction_began()
            return begun
        raise NotBegun(LONGEST_BEGIN)

    async def prepare(self, registration: Registration, lease: Lease) -> Stopped | None:
        """Shut out earlier generations, and empty the view in the same transaction."""
        async with self._begin(lease) as transaction:
            if transaction.fresh and registration.fresh and not getattr(transaction, "anew", False):
                await transaction.forget_marks()
                if self._clear is not None:
                    await self._clear(transaction.connection)
            return transaction.stopped

    async def open(self, lease: Lease) -> Position | None:
        """Shut out earlier leases: what a member applies that was too slow must not be parked."""
        async with self._begin(lease) as transaction:
            return transaction.position

    async def deliver(
        self, lease: Lease, events: Sequence[FeedEvent[Any]], up_to: Position
    ) -> None:
        """Apply events and move on, in one transaction."""
        async with self._begin(lease) as transaction:
            known = transaction.position
            if known is not None and known >= up_to:
                return  # committed, though the answer was lost
            await self._apply(transaction.connection, events)
            await transaction.advance(up_to)

    async def redeliver(self, lease: Lease, event: FeedEvent[Any]) -> None:
        """Apply an event that was parked, unless that was done."""
        async with self._begin(lease) as transaction:
            if await transaction.first_time(event.stream_id, event.version):
                await self._apply(transaction.connection, (event,))

    async def has_redelivered(self, lease: Lease, event: FeedEvent[Any]) -> bool:
        """Return whether an event that was parked is applied; asking leaves no mark."""
        try:
            async with self._begin(lease) as transaction:
                if await transaction.first_time(event.stream_id, event.version):
                    raise _NotApplied
        except _NotApplied:
            return False
        return True

    async def advance(self, lease: Lease, position: Position) -> None:
        """Move on past events that are not applied."""
        async with self._begin(lease) as transaction:
            known = transaction.position
            if known is None or known < position:
                await transaction.advance(position)
