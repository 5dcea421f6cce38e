"""The observer: passes records to the hooks of one store."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from .records import Hook, Record
from .source import Source
from .subscription_records import HandlerHook, HandlingBegun

_W = TypeVar("_W")

_LOG: Final = logging.getLogger("event_store_async")


class Observer:
    """
    Passes records to the hooks of one store.

    Args:
        source: The store that the records come from.
        hooks: The hooks, in the order in which they are called.

    Attributes:
        source: The store that the records come from.
        is_around: Whether a hook is around the calls of handlers.
    """

    __slots__ = ("_around", "_broken", "_hooks", "is_around", "source")

    def __init__(self, source: Source, hooks: Sequence[Hook]) -> None:
        self.source = source
        self._hooks = tuple(hooks)
        self._broken: set[int] = set()
        self._around: list[tuple[int, HandlerHook]] = [
            (index, hook) for index, hook in enumerate(self._hooks) if isinstance(hook, HandlerHook)
        ]
        self.is_around = bool(self._around)

    @classmethod
    def of(cls, source: Source, hooks: Sequence[Hook]) -> "Observer | None":
        """Return an observer for these hooks; None if there are none."""
        return cls(source, hooks) if hooks else None

    def report(self, record: Record) -> None:
        """Call every hook with a record; the first exception of each hook is logged."""
        for index, hook in enumerate(self._hooks):
            try:
                hook(record)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - a hook must not break its store
                self._note(index)

    def enter(self, begun: HandlingBegun) -> list[tuple[int, AbstractContextManager[object]]]:
        """Enter what hooks have around a handler; return what must be left."""
        entered: list[tuple[int, AbstractContextManager[object]]] = []
        for index, hook in self._around:
            try:
                manager = hook.around_handler(begun)
                manager.__enter__()
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - nor must it break a handler
                self._note(index)
            else:
                entered.append((index, manager))
        return entered

    def leave(self, entered: list[tuple[int, AbstractContextManager[object]]]) -> None:
        """Leave what was entered, the last one first."""
        while entered:
            index, manager = entered.pop()
            try:
                manager.__exit__(None, None, None)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 - nor must it break a handler
                self._note(index)

    def _note(self, index: int) -> None:
        """Log the exception that is handled, if it is the first one of a hook."""
        if index not in self._broken:
            self._broken.add(index)
            _LOG.exception(
                "hook %r failed; it is still called, but further failures are not logged",
                self._hooks[index],
            )


def word_for(
    error: BaseException | None, words: Iterable[tuple[type[BaseException], _W]], otherwise: _W
) -> _W:
    """Return the word of the first class that an error is of."""
    return next((word for of, word in words if isinstance(error, of)), otherwise)


class Stopwatch:
    """
    Measures the time since it was created.

    Attributes:
        started: When it was created, as seconds since the epoch.
    """

    __slots__ = ("_start", "started")

    def __init__(self) -> None:
        self.started = time.time()
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it was created, by a clock that never jumps."""
        return time.perf_counter() - self._start
