"""Attempt: one call of a handler, within its time, with what went wrong as a value."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from ..errors import HandlerCancelled, HandlerTimedOut, LeaseLost, MisuseError

_HANDLING: Final[ContextVar[frozenset[str]]] = ContextVar(
    "event_store_handling", default=frozenset()
)


def is_handling(name: str) -> bool:
    """Return whether this code was called by a handler of a subscription."""
    return name in _HANDLING.get()


class NotBegun(Exception):
    """The database of a view did not begin a transaction in time: that is not the event's fault."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the view's database did not begin a transaction within {seconds} s")


class _Attempt:
    """Where an attempt is."""

    __slots__ = ("is_beginning",)

    def __init__(self) -> None:
        self.is_beginning = False


_ATTEMPT: Final[ContextVar[_Attempt | None]] = ContextVar("event_store_attempt", default=None)


def transaction_begins() -> None:
    """Note that an attempt asks a database for a transaction, before it calls the handler."""
    if (attempt := _ATTEMPT.get()) is not None:
        attempt.is_beginning = True


def transaction_began() -> None:
    """Note that the database has answered: from here on it is the handler that takes time."""
    if (attempt := _ATTEMPT.get()) is not None:
        attempt.is_beginning = False


@contextmanager
def _handling(name: str) -> Iterator[_Attempt]:
    token = _HANDLING.set(_HANDLING.get() | {name})
    made = _Attempt()
    place = _ATTEMPT.set(made)
    try:
        yield made
    finally:
        _ATTEMPT.reset(place)
        _HANDLING.reset(token)


async def attempted(
    name: str, call: Callable[[], Awaitable[object]], timeout: float
) -> Exception | None:
    """
    Call a handler once, and return what it raised; None if it succeeded.

    A cancellation from outside is none of these, and goes on.

    Args:
        name: The subscription.
        call: Calls the handler.
        timeout: The most seconds that it may take.

    Raises:
        MisuseError: the program is wrong, and trying again does not mend it.
        LeaseLost: the database of the view knows a later lease.
    """
    error: Exception | None = None
    with anyio.move_on_after(timeout) as scope, _handling(name) as attempt:
        try:
            await call()
            # A handler may swallow its cancellation, or turn it into an error of its own. Then its
            # event was neither handled, nor did it fail.
            await checkpoint_if_cancelled()
        except (MisuseError, LeaseLost):
            raise
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # It waited for something that was cancelled. That would end this task without a word.
            error = HandlerCancelled()
        except Exception as caught:  # noqa: BLE001 - it is the event's, and is told as such
            await checkpoint_if_cancelled()
            error = caught
    if not scope.cancelled_caught:
        return error
    return NotBegun(timeout) if attempt.is_beginning else HandlerTimedOut(timeout)


def is_transient(error: BaseException, is_outage: Callable[[BaseException], bool]) -> bool:
    """Return whether an error is an outage, or a group of nothing else."""
    if isinstance(error, NotBegun) or is_outage(error):
        return True
    return isinstance(error, BaseExceptionGroup) and all(
        is_transient(each, is_outage) for each in error.exceptions
    )
