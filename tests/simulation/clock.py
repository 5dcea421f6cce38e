"""Virtual time, and an event loop that runs in it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterable, Iterator, MutableSet
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

from anyio._backends._asyncio import CancelScope

T = TypeVar("T")

PATCHED = (
    "event_store_async.retry.monotonic",
    "event_store_async.cassandra.engine.monotonic",
    "event_store_async.cassandra.schema.explainer.monotonic",
)


class _Selector(selectors.BaseSelector):
    """Waits for nothing: it moves the clock instead."""

    def __init__(self) -> None:
        self.now = 0.0
        self._inner = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def get_map(self) -> Any:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everything waits for something that nothing will do")
        self.now += max(timeout, 0.0)
        return []


class Loop(asyncio.SelectorEventLoop):
    """An event loop in which time passes only while everything waits."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


class InsertionOrdered(MutableSet[T]):
    """A set that shows what it holds in the order in which it came."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._items = dict.fromkeys(items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def add(self, value: T) -> None:
        self._items[value] = None

    def discard(self, value: T) -> None:
        self._items.pop(value, None)


@contextmanager
def virtual_time(loop: Loop) -> Iterator[None]:
    """Let the library's clocks show the loop's time."""
    patches = [mock.patch(name, loop.time) for name in PATCHED]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


@contextmanager
def ordered_cancellation() -> Iterator[None]:
    """
    Let a cancel scope cancel its tasks, and the scopes within it, in the order in which they began.

    anyio keeps both in sets, whose order is that of addresses: it differs from run to run.
    """
    init: Any = CancelScope.__init__

    def in_order(self: Any, *args: Any, **options: Any) -> None:
        init(self, *args, **options)
        self._tasks = InsertionOrdered(self._tasks)
        self._child_scopes = InsertionOrdered(self._child_scopes)

    with mock.patch.object(CancelScope, "__init__", in_order):
        yield


def run(make: Callable[[Loop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end in virtual time; the same one always runs in the same order."""
    loop = Loop()
    with virtual_time(loop), ordered_cancellation():
        asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(make(loop))
        finally:
            _cancel_all(loop)
            asyncio.set_event_loop(None)
            loop.close()


def _cancel_all(loop: Loop) -> None:
    loop.set_exception_handler(lambda _loop, _context: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks, timeout=1000))
