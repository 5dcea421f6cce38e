"""Serves a peer that works in asyncio tasks."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from anyio import to_thread

from .payloads import Payload, make_payloads
from .protocol import (
    Answer,
    Append,
    Appended,
    CommandRefused,
    Counted,
    Fill,
    Filled,
    NotReady,
    Options,
    Quit,
    Read,
    Ready,
    Unavailable,
    encode,
    failure,
    parse_command,
    parse_options,
)

Writer = Callable[[Payload], Awaitable[int]]
"""Appends one event; returns how often it had to try again because of a conflict."""


class TaskPeer(Protocol):
    """What a peer can do, in asyncio."""

    def ready(self) -> Ready:
        """Say what it is and what it promises."""

    def own(self, stream: UUID) -> Writer:
        """Return what appends to a new stream that nobody else writes to, at expected versions."""

    def hot(self, stream: UUID) -> Writer:
        """Return what appends to a stream from many tasks at once, expecting no version."""

    async def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Write a stream, as fast as may be."""

    async def read(self, stream: UUID, page_size: int | None) -> int:
        """Read a stream, decode each payload, return how many there were."""


Opening = Callable[[Options], AbstractAsyncContextManager[TaskPeer]]


def main(name: str, opening: Opening) -> None:
    """Run a peer until it is told to quit, or its input ends."""
    asyncio.run(_serve(name, opening, parse_options()))


async def _serve(name: str, opening: Opening, options: Options) -> None:
    async with AsyncExitStack() as stack:
        try:
            peer = await stack.enter_async_context(opening(options))
        except Unavailable as error:
            _say(NotReady(name, error.reason, error.hint))
            return
        _say(peer.ready())
        # Not on the loop: what a driver has to do there between commands must go on.
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
        match parse_command(line):
            case Append() as command:
                return await _append(peer, command)
            case Fill() as command:
                payloads = make_payloads(command.count, command.payload_bytes, 0)
                begin = time.perf_counter()
                await peer.fill(command.stream, payloads)
                return Filled(command.count, time.perf_counter() - begin)
            case Read() as command:
                return await _read(peer, command)
            case Quit():
                return None
    except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
        return failure(error)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Time and CPU time since its making; used on the event loop's thread alone."""

    began: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)
    loop: float = field(default_factory=time.thread_time)

    def read(self) -> tuple[float, float, float]:
        """Return the seconds passed, the CPU seconds of the process and of the loop's thread."""
        now = time.perf_counter(), time.process_time(), time.thread_time()
        return now[0] - self.began, now[1] - self.cpu, now[2] - self.loop


async def _read(peer: TaskPeer, command: Read) -> Counted:
    resident: list[float] = []
    clock = _Clock()
    if command.every is None:
        count = await peer.read(command.stream, command.page_size)
    else:
        watch = getattr(peer, "watch", None)
        if watch is None:
            raise CommandRefused("this peer does not watch its memory")
        count = await watch(command.stream, command.every, resident.append)
    seconds, cpu_seconds, loop_seconds = clock.read()
    return Counted(seconds, cpu_seconds, count, loop_seconds, resident)


async def _append(peer: TaskPeer, command: Append) -> Appended:
    payloads = iter(make_payloads(command.count, command.payload_bytes, command.seed))
    if command.locked:
        locked = getattr(peer, "locked", None)
        if locked is None:
            raise CommandRefused("this peer has no locked streams")
        writers = [locked(command.stream or uuid4()) for _ in range(command.concurrency)]
    elif command.hot:
        writers = [peer.hot(command.stream or uuid4())] * command.concurrency
    else:
        writers = [peer.own(uuid4()) for _ in range(command.concurrency)]
    latencies: list[int] = []
    conflicts = 0

    async def work(write: Writer) -> None:
        nonlocal conflicts
        for payload in payloads:  # shared: whoever is done takes the next
            begin = time.perf_counter_ns()
            retries = await write(payload)
            latencies.append((time.perf_counter_ns() - begin) // 1000)
            conflicts += retries

    clock = _Clock()
    async with asyncio.TaskGroup() as group:
        for write in writers:
            group.create_task(work(write))
    seconds, cpu_seconds, loop_seconds = clock.read()
    return Appended(seconds, cpu_seconds, len(latencies), latencies, conflicts, loop_seconds)
