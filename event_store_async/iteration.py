"""Iteration: an async generator that is written out as a class."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Iteration(AsyncGenerator[T, None]):
    """
    Private. An async generator whose steps may be cancelled.

    A generator ends at the first exception that passes through it, so a step that was cancelled, by
    a timeout for example, would be its last. Here the next step goes on where it was. It holds no
    task between two steps.

    Attributes:
        USABLE_AFTER: The exceptions after which the next step goes on.
    """

    USABLE_AFTER: tuple[type[BaseException], ...] = (asyncio.CancelledError,)

    def __init__(self) -> None:
        self._running = self._ended = False

    @abstractmethod
    async def _step(self) -> T:
        """Return the next item."""

    @abstractmethod
    async def _close(self) -> None:
        """Free what it holds."""

    async def __anext__(self) -> T:
        self._check_idle()
        if self._ended:
            raise StopAsyncIteration
        self._running = True
        try:
            return await self._step()
        except self.USABLE_AFTER:
            raise
        except BaseException:
            self._ended = True
            raise
        finally:
            self._running = False

    async def asend(self, value: None) -> T:
        """Return the next item; *value* is None."""
        del value
        return await self.__anext__()

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: BaseException | object = None,
        tb: TracebackType | None = None,
    ) -> T:
        """End it, and raise an exception."""
        await self.aclose()
        raise _thrown(typ, val).with_traceback(tb)

    async def aclose(self) -> None:
        """End it; further steps raise `StopAsyncIteration`."""
        self._check_idle()
        self._ended = True
        await self._close()

    def _check_idle(self) -> None:
        if self._running:
            raise RuntimeError("another step of this iterator is in progress")


def _thrown(typ: type[BaseException] | BaseException, val: BaseException | object) -> BaseException:
    """Return the exception that the arguments of `athrow` mean."""
    if isinstance(typ, BaseException):
        return typ
    if isinstance(val, BaseException):
        return val
    return typ() if val is None else typ(val)
