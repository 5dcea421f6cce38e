"""The port of transactions: a view and its checkpoint, kept together in the user's database."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID

from .._typevars import T_co
from ..checks import check_instance, check_int
from ..feeds import Position
from ..values import value
from .slices import Lease


@value
class Stopped:
    """
    How far a generation was in the database of its view when a later one began there.

    Attributes:
        generation: The generation.
        positions: The position of each slice that had one.

    Raises:
        InvalidArgument: a field is not valid.
    """

    generation: int
    positions: Mapping[int, Position]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("generation", self.generation, at_least=1)
        check_instance("positions", self.positions, Mapping, "a mapping")


class Transaction(Protocol[T_co]):
    """One transaction of the user's database, with the checkpoint of one slice locked in it."""

    @property
    def connection(self) -> T_co:
        """For the statements of the user."""
        raise NotImplementedError

    @property
    def position(self) -> Position | None:
        """How far the slice is in this generation, read under the lock; None before its start."""
        raise NotImplementedError

    @property
    def fresh(self) -> bool:
        """Whether this is the first transaction of its generation."""
        raise NotImplementedError

    @property
    def stopped(self) -> Stopped | None:
        """The last generation before this one that had got anywhere, if there was one."""
        raise NotImplementedError

    @property
    def anew(self) -> bool:
        """
        Whether the name was forgotten and registered anew, and this is the first transaction since.

        The database knew how far the earlier subscription was, and has forgotten it in this
        transaction. The view is still that of the earlier one: it is to be cleared in it, too.
        """
        return False

    async def advance(self, position: Position) -> None:
        """
        Move the checkpoint of the slice on. It is committed with the transaction.

        Args:
            position: How far the slice is now.
        """
        raise NotImplementedError

    async def first_time(self, stream_id: UUID, version: int) -> bool:
        """
        Mark an event as handled from parking. The mark is committed with the transaction.

        Args:
            stream_id: The stream of the event.
            version: Its version.

        Returns:
            True if it was not marked before.
        """
        raise NotImplementedError

    async def forget_marks(self) -> None:
        """Forget the marks of `first_time`: the view begins empty, in this transaction."""
        raise NotImplementedError


class Transactions(Protocol[T_co]):
    """
    Transactions of the user's database that keep the checkpoints of subscriptions, too.

    A transaction locks the checkpoint of its slice; it is committed at the end of the block, and
    rolled back if an error leaves it. A transaction of a later lease, or of a later generation,
    that was committed shuts out those of earlier ones.
    """

    @property
    def transient(self) -> tuple[type[Exception], ...]:
        """What is raised while the database is away. Such an error is never the event's fault."""
        raise NotImplementedError

    def is_transient(self, error: BaseException) -> bool:
        """
        Return whether an error says that the database is away.

        Unless this is implemented, each error of `transient` does. Drivers often have one class for
        outages and for what no repetition mends, a statement that takes too long for one.

        Args:
            error: What was raised in a transaction, or by its beginning or end.
        """
        return isinstance(error, self.transient)

    def begin(self, lease: Lease) -> AbstractAsyncContextManager[Transaction[T_co]]:
        """
        Begin a transaction for the holder of a slice.

        When the first one of a generation is committed, the positions of the last generation that
        had got anywhere are kept as `Transaction.stopped`.

        Args:
            lease: The lease of the slice.

        Raises:
            LeaseLost: the database knows a later lease of the slice, a later generation, or a later
                registration of the name.
        """
        raise NotImplementedError

    async def positions(
        self, name: str, generation: int, registration_id: UUID | None = None
    ) -> Mapping[int, Position]:
        """
        Return how far each slice is that has got anywhere.

        Args:
            name: The name of the subscription.
            generation: The generation. Of another one, nothing is returned.
            registration_id: The id of the registration, if the store gives it one. Of another one,
                nothing is returned.
        """
        raise NotImplementedError


def tells_outage(transactions: Transactions[Any], error: BaseException) -> bool:
    """
    Return whether an error says that the database of a view is away.

    Args:
        transactions: Those of the view. They may have been made before there was `is_transient`.
        error: What they raised.
    """
    judge = getattr(transactions, "is_transient", None)
    if judge is None:
        return isinstance(error, tuple(transactions.transient))
    return bool(judge(error))
