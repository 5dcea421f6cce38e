"""
A store for synchronous code, such as Django, Flask or Celery tasks; any thread may call it.

``python -m examples.synchronous`` prints::

    10 threads, 50 deposits: the account is at version 50
    the first three: [1, 2, 3]
    conflict: expected version 0, but the account is at version 50
"""

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from event_store_async import (
    ANY,
    NO_STREAM,
    ConcurrentModification,
    EventReaderWriter,
    ExpectedVersion,
    NewEvent,
    Persisted,
    RecordedEvent,
    StoreClosed,
    WrongProcess,
)

from .cassandra import open_store

T = TypeVar("T")
Opening = AbstractAsyncContextManager[EventReaderWriter]


class SynchronousStore:
    """
    Calls a store whose event loop runs in a thread of its own, and waits for its answers.

    Open it with ``with``, or by `open` and `close`. All threads of the process may share it; in a
    process that is forked afterwards it raises `WrongProcess`. The errors are those of the store.
    An interrupted call (`KeyboardInterrupt`) is cancelled; an append may then be stored or not, and
    repeating it with the same event ids settles that.

    Args:
        opening: The store, not open yet: ``EventStore.connect(…)``, for example.
    """

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._opened: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, EventReaderWriter]]
        self._opened = Future()
        self._thread = threading.Thread(target=self._run, name="event store", daemon=True)
        # Reentrant: a reader that is dropped unfinished may be freed at any moment.
        self._sending = threading.RLock()
        self._closed = True
        self._process = os.getpid()

    def open(self) -> Self:
        """Start the thread, open the store in it, and return when it is open."""
        self._process = os.getpid()
        try:
            self._thread.start()
            self._loop, self._close, self._store = self._opened.result()
        except BaseException:
            self._opened.cancel()  # interrupted: the thread closes what it opens
            raise
        self._closed = False
        return self

    def close(self) -> None:
        """Close the store, wait until its calls have ended, and end the thread."""
        if os.getpid() != self._process:
            return  # a forked child has neither the thread nor the connections
        with self._sending:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._close.set)
        if self._thread.is_alive():
            self._thread.join()

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def persist_events(
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> Persisted:
        """Append events, as `EventWriter.persist_events` does."""

        async def persist() -> Persisted:
            return await self._store.persist_events(
                stream_id, events, expected_version, timeout=timeout
            )

        return self._call(persist)

    def current_version(self, stream_id: UUID, *, timeout: float | None = None) -> int:
        """Return a stream's version, as `EventReader.current_version` does."""

        async def current() -> int:
            return await self._store.current_version(stream_id, timeout=timeout)

        return self._call(current)

    def read_events(
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
    ) -> Iterator[RecordedEvent]:
        """Iterate over a stream's events, as `EventReader.read_events` does."""

        async def begin() -> AsyncGenerator[RecordedEvent]:
            return self._store.read_events(stream_id, from_version, max_count, backward=backward)

        return self._iterate(self._call(begin))

    def _iterate(self, events: AsyncGenerator[RecordedEvent]) -> Iterator[RecordedEvent]:
        async def take() -> list[RecordedEvent]:
            taken: list[RecordedEvent] = []
            async for event in events:
                taken.append(event)
                if len(taken) == 100:  # one change of threads for 100 events
                    break
            return taken

        async def stop() -> None:
            await events.aclose()

        try:
            while taken := self._call(take):
                yield from taken
        finally:
            # Without waiting: the garbage collector may do this, even in the thread of the loop.
            with self._sending:
                if not self._closed and os.getpid() == self._process:
                    asyncio.run_coroutine_threadsafe(stop(), self._loop)

    def _call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if os.getpid() != self._process:
            raise WrongProcess  # the thread of the loop was not copied: it would never answer
        called: Future[T] | None = None
        try:
            with self._sending:
                if self._closed:
                    raise StoreClosed
                called = asyncio.run_coroutine_threadsafe(work(), self._loop)
            return called.result()
        except BaseException:
            if called is not None:
                called.cancel()  # no effect if it has ended; else this thread was interrupted
            raise

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._opened.done():
                raise
            if self._opened.set_running_or_notify_cancel():
                self._opened.set_exception(error)

    async def _serve(self) -> None:
        close = asyncio.Event()
        async with self._opening as store:
            if self._opened.set_running_or_notify_cancel():
                self._opened.set_result((asyncio.get_running_loop(), close, store))
                await close.wait()


_stores: dict[int, SynchronousStore] = {}
_opening = threading.Lock()
# A process that forks while a thread opens its store waits until it is open.
os.register_at_fork(
    before=_opening.acquire, after_in_parent=_opening.release, after_in_child=_opening.release
)


def process_store(opening: Callable[[], Opening]) -> SynchronousStore:
    """
    Return the store of this process, opened when it is first asked for, so after every fork.

    It is closed when the interpreter ends.

    Args:
        opening: Returns the store, not open yet.
    """
    with _opening:
        store = _stores.get(os.getpid())
        if store is None:
            _stores[os.getpid()] = store = SynchronousStore(opening()).open()
            atexit.register(store.close)
        return store


def main() -> None:
    """Deposit from many threads, read, and meet a conflict."""
    with SynchronousStore(open_store("bank")) as store:
        account, deposit = uuid4(), {"type": "deposit-performed", "amount": 5}

        def make_deposits(count: int) -> None:
            for _ in range(count):
                store.persist_events(account, [deposit])

        with ThreadPoolExecutor(10) as threads:
            list(threads.map(make_deposits, [5] * 10))
        version = store.current_version(account)
        print(f"10 threads, 50 deposits: the account is at version {version}")
        events = store.read_events(account)
        print("the first three:", [event.version for event in islice(events, 3)])
        try:
            store.persist_events(account, [deposit], NO_STREAM)
        except ConcurrentModification as conflict:
            actual = conflict.actual_version
            print(f"conflict: expected version 0, but the account is at version {actual}")


if __name__ == "__main__":
    main()
