"""The synchronous door: many threads, errors, interruptions and forks, on both stores."""

import asyncio
import gc
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    NO_STREAM,
    AppendOutcomeUnknown,
    ConcurrentModification,
    ConnectionFailed,
    EventReaderWriter,
    EventStore,
    InvalidArgument,
    MemoryEventStore,
    NewEvent,
    StoreClosed,
    correlated,
)
from event_store_async.testing import HostileEventStore, Injection
from examples import cassandra, synchronous
from examples.synchronous import Opening, SynchronousStore, process_store

from ..fixtures.server import Server

ROOT = Path(__file__).parents[2]
OpenStore = Callable[[], Opening]


@pytest.fixture(params=["memory", "cassandra"])
def open_store(
    request: pytest.FixtureRequest,
    server: Server,
    keyspace: str,
    store: EventStore,  # creates the table
) -> OpenStore:
    """Return what opens a store, in memory or on the server under test."""
    return MemoryEventStore if request.param == "memory" else lambda: server.connect(keyspace)


@pytest.fixture
def bank(open_store: OpenStore) -> Iterator[SynchronousStore]:
    with SynchronousStore(open_store()) as opened:
        yield opened
    assert not any(thread.name == "event store" for thread in threading.enumerate())


async def test_events_are_appended_and_read(bank: SynchronousStore) -> None:
    stream = uuid4()

    first = bank.persist_events(stream, [{"n": 1}, {"n": 2}], NO_STREAM)
    bank.persist_events(stream, [{"n": 3}], expected_version=2)

    assert first.version == 2
    assert bank.current_version(stream) == 3
    assert [event.payload["n"] for event in bank.read_events(stream)] == [1, 2, 3]
    assert [event.version for event in bank.read_events(stream, backward=True)] == [3, 2, 1]
    assert [event.version for event in bank.read_events(stream, 2, 1)] == [2]
    assert list(bank.read_events(uuid4())) == []


async def test_a_read_is_longer_than_what_is_taken_at_once(bank: SynchronousStore) -> None:
    stream = uuid4()
    bank.persist_events(stream, [{"n": n} for n in range(250)])

    assert [event.version for event in bank.read_events(stream)] == list(range(1, 251))
    assert [event.version for event in islice(bank.read_events(stream), 130)][-1] == 130


async def test_many_threads_share_it(bank: SynchronousStore) -> None:
    stream = uuid4()

    def work(thread: int) -> list[int]:
        own = uuid4()
        for n in range(10):
            bank.persist_events(stream, [{"thread": thread, "n": n}])
            bank.persist_events(own, [{"n": n}], expected_version=n)
        return [event.payload["n"] for event in bank.read_events(own)]

    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(work, range(16)))

    assert results == [list(range(10))] * 16
    events = list(bank.read_events(stream))
    assert len(events) == 160
    for thread in range(16):
        mine = [event.payload["n"] for event in events if event.payload["thread"] == thread]
        assert mine == list(range(10))


async def test_errors_are_those_of_the_store(bank: SynchronousStore) -> None:
    stream = uuid4()
    bank.persist_events(stream, [{}])

    with pytest.raises(ConcurrentModification) as conflict:
        bank.persist_events(stream, [{}], NO_STREAM)
    with pytest.raises(InvalidArgument):
        bank.read_events(stream, -1)
    with pytest.raises(InvalidArgument):
        bank.persist_events("stream", [{}])  # type: ignore[arg-type]
    assert conflict.value.actual_version == 1


async def test_a_context_is_that_of_the_calling_thread(bank: SynchronousStore) -> None:
    stream = uuid4()

    with correlated("request-1"):
        bank.persist_events(stream, [{}])

    (event,) = bank.read_events(stream)
    assert event.metadata is not None
    assert event.metadata["correlation_id"] == "request-1"


async def test_a_closed_store_refuses_calls(open_store: OpenStore) -> None:
    store, stream = SynchronousStore(open_store()), uuid4()
    with pytest.raises(StoreClosed):
        store.current_version(stream)
    with store:
        store.persist_events(stream, [{}, {}])
        reading = store.read_events(stream)
        assert next(reading).version == 1

    for call in (store.current_version, store.read_events):
        with pytest.raises(StoreClosed):
            call(stream)
    store.close()
    reading.close()  # type: ignore[attr-defined]


async def test_a_reader_that_is_dropped_in_a_cycle_blocks_nothing(bank: SynchronousStore) -> None:
    stream = uuid4()
    bank.persist_events(stream, [{}] * 5)
    cycle: list[Any] = [bank.read_events(stream)]
    assert next(cycle[0]).version == 1
    cycle.append(cycle)
    del cycle

    async def collect() -> int:
        return gc.collect()

    # In the thread of the loop, where waiting for the loop would last for ever.
    asyncio.run_coroutine_threadsafe(collect(), bank._loop).result(100)

    assert bank.current_version(stream) == 5


async def test_calls_in_progress_end_before_it_is_closed(open_store: OpenStore) -> None:
    bank, results = SynchronousStore(open_store()), list[tuple[UUID, int]]()

    def append(stream: UUID) -> None:
        try:
            while True:
                results.append((stream, bank.persist_events(stream, [{}]).version))
        except StoreClosed:
            pass

    with ThreadPoolExecutor(8) as threads, bank:
        appending = [threads.submit(append, uuid4()) for _ in range(8)]
        while len(results) < 50:
            await asyncio.sleep(0)
    # Leaving the pool waited for every thread: none was left without an answer.
    assert [each.exception() for each in appending] == [None] * 8
    assert len(results) == len(set(results))


class Stuck(MemoryEventStore):
    """A store that never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupted = threading.Event()

    async def current_version(self, *_: Any, **__: Any) -> int:
        never: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        main = threading.main_thread().ident or 0
        while sys._current_frames()[main].f_code.co_name != "wait":
            await asyncio.sleep(0)  # until the caller waits for the answer
        signal.pthread_kill(main, signal.SIGINT)
        try:
            return await never
        finally:
            self.interrupted.set()


def test_an_interrupted_call_is_cancelled() -> None:
    stuck, before = Stuck(), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with SynchronousStore(stuck) as store:
            with pytest.raises(KeyboardInterrupt):
                store.current_version(uuid4())
            assert stuck.interrupted.wait(100)
            assert store.persist_events(uuid4(), [{}]).version == 1
    finally:
        signal.signal(signal.SIGINT, before)


def test_opening_may_be_interrupted() -> None:
    closed = threading.Event()

    @asynccontextmanager
    async def opening() -> AsyncGenerator[EventReaderWriter]:
        cancelled, loop = asyncio.Event(), asyncio.get_running_loop()
        opened._opened.add_done_callback(lambda _: loop.call_soon_threadsafe(cancelled.set))
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        await cancelled.wait()
        yield MemoryEventStore()
        closed.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    opened = SynchronousStore(opening())
    try:
        with pytest.raises(KeyboardInterrupt):
            opened.open()
        assert closed.wait(100)
    finally:
        signal.signal(signal.SIGINT, before)
    opened.close()


def test_an_error_while_opening_is_raised(dead_port: int) -> None:
    store = SynchronousStore(EventStore.connect("127.0.0.1", port=dead_port, keyspace="bank"))

    with pytest.raises(ConnectionFailed):
        store.open()
    store.close()


def test_an_unknown_outcome_is_settled_by_repeating_the_call() -> None:
    memory = MemoryEventStore()
    hostile = HostileEventStore(memory, seed=1, script=[Injection.UNKNOWN_STORED])
    stream, event = uuid4(), NewEvent[Any]({})

    @asynccontextmanager
    async def opening() -> AsyncGenerator[EventReaderWriter]:
        yield hostile

    with SynchronousStore(opening()) as store:
        with pytest.raises(AppendOutcomeUnknown):
            store.persist_events(stream, [event])
        assert store.persist_events(stream, [event]).stored_earlier
        assert store.current_version(stream) == 1


FORKING = """
import os, sys
from uuid import uuid4
from event_store_async import EventStore, MemoryEventStore, WrongProcess
from examples.synchronous import SynchronousStore, process_store

points, port, keyspace = sys.argv[1:]
def opening():
    if not points:
        return MemoryEventStore()
    return EventStore.connect(points, port=int(port), keyspace=keyspace, connect_timeout=30.0)

store = process_store(opening)
store.persist_events(uuid4(), [{}])
reading = store.read_events(uuid4())
child = os.fork()
if child == 0:
    try:
        store.current_version(uuid4())
    except WrongProcess:
        own = process_store(opening)
        assert own is not store
        sys.exit(own.persist_events(uuid4(), [{}]).version + 6)  # the interpreter ends as usual
_, status = os.waitpid(child, 0)
print(os.waitstatus_to_exitcode(status), store.persist_events(uuid4(), [{}]).version)
"""


def forked(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", FORKING, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


async def test_a_forked_process_opens_its_own(
    server: Server, keyspace: str, store: EventStore
) -> None:
    points = ",".join(server.contact_points)
    for arguments in (["", "0", ""], [points, str(server.port), keyspace]):
        done = forked(*arguments)

        assert (done.returncode, done.stdout, done.stderr) == (0, "7 1\n", "")


def test_a_process_has_one_store() -> None:
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(process_store, [MemoryEventStore] * 50))

    assert len(found) == 1
    found.pop().close()
    synchronous._stores.clear()


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    keyspace: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The example's own keyspace could be in use on the cluster under test.
    open_store: Callable[[str], object] = lambda _: cassandra.open_store(keyspace)  # noqa: E731
    monkeypatch.setattr(synchronous, "open_store", open_store)

    synchronous.main()

    _, _, documented = (synchronous.__doc__ or "").partition("prints::\n\n")
    assert capsys.readouterr().out.splitlines() == [
        line.strip() for line in documented.splitlines()
    ]
