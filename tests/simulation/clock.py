"""Virtual time, and an event loop that runs in it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from unittest import mock

T = TypeVar("T")

PATCHED = (
    "event_store_async.retry.monotonic",
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


def run(make: Callable[[Loop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end in virtual time."""
    loop = Loop()
    with virtual_time(loop):
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
