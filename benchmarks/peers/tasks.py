"""Runs a peer that uses asyncio tasks."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

from anyio import to_thread

from .payloads import Payload, make_payloads, stream_ids
from .protocol import (
    Answer,
    Append,
    Appended,
    Batches,
    Command,
    CommandRefused,
    Counted,
    Deliver,
    Delivered,
    Fill,
    Filled,
    FillStreams,
    NotReady,
    Options,
    Project,
    Quit,
    Read,
    ReadFeed,
    ReadStreams,
    Ready,
    Subscribe,
    Unavailable,
    Usage,
    Used,
    encode,
    failure,
    parse_command,
    parse_options,
)

_FILLING: Final = 64
"""Tasks that fill short streams."""

Writer = Callable[[Payload], Awaitable[int]]
"""Appends one event; returns the number of retries after conflicts."""


class TaskPeer(Protocol):
    """A peer on asyncio."""

    def ready(self) -> Ready:
        """Return its version and what it promises."""

    def own(self, stream: UUID) -> Writer:
        """Return a writer of a new stream that only it writes to, at expected versions."""

    def hot(self, stream: UUID) -> Writer:
        """Return a writer that many tasks share, without expected versions."""

    async def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Write a stream as fast as possible."""

    async def read(self, stream: UUID, page_size: int | None) -> int:
        """Read a stream and decode each payload; return the number of events."""


OpenPeer = Callable[[Options], AbstractAsyncContextManager[TaskPeer]]


def main(name: str, open_peer: OpenPeer) -> None:
    """Run a peer until the command to quit, or the end of its input."""
    asyncio.run(_serve(name, open_peer, parse_options()))


async def _serve(name: str, open_peer: OpenPeer, options: Options) -> None:
    async with AsyncExitStack() as stack:
        try:
            peer = await stack.enter_async_context(open_peer(options))
        except Unavailable as error:
            _say(NotReady(name, error.reason, error.hint))
            return
        _say(peer.ready())
        # In a thread, so that the driver's work on the loop continues between commands.
        while line := await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            answer = await _answer(peer, line)
            if answer is None:
                break
            _say(answer)


def _say(answer: Answer) -> None:
    sys.stdout.write(encode(answer))
    sys.stdout.flush()


async def _answer(peer: TaskPeer, line: str) -> Answer | None:
    try:
        command = parse_command(line)
        return None if isinstance(command, Quit) else await _carry_out(peer, command)
    except Exception as error:  # noqa: BLE001 - any error is the peer's answer
        return failure(error)


async def _carry_out(peer: TaskPeer, command: Command) -> Answer:
    match command:
        case Append():
            return await _append(peer, command)
        case Fill():
            payloads = make_payloads(command.count, command.payload_bytes, 0)
            begin = time.perf_counter()
            await peer.fill(command.stream, payloads)
            return Filled(command.count, time.perf_counter() - begin)
        case Read():
            return await _read(peer, command)
        case Batches():
            done: Appended = await _able(peer, "batches", "append batches of its own")(command)
            return done
        case _:
            return await _carry_out_feed(peer, command)


async def _carry_out_feed(peer: TaskPeer, command: Command) -> Answer:
    match command:
        case FillStreams():
            return await _fill_streams(peer, command)
        case ReadStreams():
            return await _read_streams(peer, command)
        case ReadFeed():
            return await _read_feed(peer, command)
        case Subscribe() | Project():
            clock = Clock()
            if isinstance(command, Subscribe):
                count = await _able(peer, "subscribe", "subscribe")(command.slices)
            else:
                count = await _able(peer, "project", "keep a view")(command)
            seconds, cpu_seconds, loop_seconds = clock.read()
            return Counted(seconds, cpu_seconds, count, loop_seconds)
        case Deliver():
            payloads = make_payloads(command.count, 200, command.seed)
            deliver = _able(peer, "deliver", "deliver events")
            latencies = await deliver(payloads, command.pause_ms / 1000)
            return Delivered(latencies, len(latencies))
        case Usage():
            return Used(time.process_time(), await _able(peer, "end", "read a feed")())
    raise CommandRefused(f"this peer does not know {type(command).__name__}")


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and CPU time since it was made; used only on the event loop's thread."""

    began: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    loop: float = field(default_factory=time.thread_time)

    def read(self) -> tuple[float, float, float]:
        """Return the seconds passed, and the CPU seconds of the process and the loop's thread."""
        now = time.perf_counter(), time.process_time(), time.thread_time()
        return now[0] - self.began, now[1] - self.cpu, now[2] - self.loop


async def _read(peer: TaskPeer, command: Read) -> Counted:
    resident: list[float] = []
    clock = Clock()
    if command.every is None:
        count = await peer.read(command.stream, command.page_size)
    else:
        watch = getattr(peer, "watch", None)
        if watch is None:
            raise CommandRefused("this peer cannot watch its memory")
        count = await watch(command.stream, command.every, resident.append)
    seconds, cpu_seconds, loop_seconds = clock.read()
    return Counted(seconds, cpu_seconds, count, loop_seconds, resident)


def _able(peer: TaskPeer, method: str, what: str) -> Any:
    """Return a method that only some peers have."""
    found = getattr(peer, method, None)
    if found is None:
        raise CommandRefused(f"this peer cannot {what}")
    return found


async def _fill_streams(peer: TaskPeer, command: FillStreams) -> Filled:
    fill = _able(peer, "fill_stream", "fill short streams")
    streams = iter(stream_ids(command.streams, command.seed))
    payloads = make_payloads(command.events, 200, command.seed)
    begin = time.perf_counter()

    async def work() -> None:
        for stream in streams:  # shared: each task takes the next
            await fill(stream, payloads)

    async with asyncio.TaskGroup() as group:
        for _ in range(_FILLING):
            group.create_task(work())
    return Filled(command.streams * command.events, time.perf_counter() - begin)


async def _read_streams(peer: TaskPeer, command: ReadStreams) -> Counted:
    streams = iter(stream_ids(command.streams, command.seed))
    count = 0

    async def work() -> None:
        nonlocal count
        for stream in streams:  # shared: each task takes the next
            read = await peer.read(stream, None)
            count += read

    clock = Clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(command.concurrency):
            group.create_task(work())
    seconds, cpu_seconds, loop_seconds = clock.read()
    return Counted(seconds, cpu_seconds, count, loop_seconds)


async def _read_feed(peer: TaskPeer, command: ReadFeed) -> Counted:
    read = _able(peer, "read_feed", "read a feed")
    resident: list[float] = []
    clock = Clock()
    count = await read(command.every, resident.append)
    seconds, cpu_seconds, loop_seconds = clock.read()
    return Counted(seconds, cpu_seconds, count, loop_seconds, resident)


async def _append(peer: TaskPeer, command: Append) -> Appended:
    payloads = iter(make_payloads(command.count, command.payload_bytes, command.seed))
    match command.manner:
        case "own":
            writers = [peer.own(uuid4()) for _ in range(command.concurrency)]
        case "hot":
            writers = [peer.hot(command.stream or uuid4())] * command.concurrency
        case "locked" | "exact" as manner:
            make = _able(peer, manner, f"append in the manner {manner!r}")
            stream = command.stream or uuid4()
            writers = [make(stream) for _ in range(command.concurrency)]
    latencies: list[int] = []
    conflicts = 0

    async def work(write: Writer) -> None:
        nonlocal conflicts
        for payload in payloads:  # shared: each task takes the next
            begin = time.perf_counter_ns()
            retries = await write(payload)
            latencies.append((time.perf_counter_ns() - begin) // 1000)
            conflicts += retries

    before = _conflicts(peer)
    clock = Clock()
    async with asyncio.TaskGroup() as group:
        for write in writers:
            group.create_task(work(write))
    seconds, cpu_seconds, loop_seconds = clock.read()
    conflicts += _conflicts(peer) - before
    return Appended(seconds, cpu_seconds, len(latencies), latencies, conflicts, loop_seconds)


def _conflicts(peer: TaskPeer) -> int:
    """Return how many conflicts a peer has settled by itself; not all peers count them."""
    counted: Callable[[], int] = getattr(peer, "conflicts", lambda: 0)
    return counted()
