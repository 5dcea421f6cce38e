"""Runs a peer that uses threads."""

import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from threading import Lock
from typing import Any, Protocol
from uuid import UUID, uuid4

from .payloads import Payload, make_payloads
from .protocol import (
    Answer,
    Append,
    Appended,
    CommandRefused,
    Counted,
    Deliver,
    Delivered,
    Fill,
    Filled,
    NotReady,
    Options,
    Project,
    Quit,
    Read,
    Ready,
    Unavailable,
    encode,
    failure,
    parse_command,
    parse_options,
)

Writer = Callable[[Payload], int]
"""Appends one event; returns the number of retries after conflicts."""


class ThreadPeer(Protocol):
    """A peer on threads; otherwise like `tasks.TaskPeer`."""

    def ready(self) -> Ready:
        """Return its version and what it promises."""

    def own(self, stream: UUID) -> Writer:
        """Return a writer of a new stream that only it writes to, at expected versions."""

    def hot(self, stream: UUID) -> Writer:
        """Return a writer that many threads share, without expected versions."""

    def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Write a stream as fast as possible."""

    def read(self, stream: UUID, page_size: int | None) -> int:
        """Read a stream and decode each payload; return the number of events."""


OpenPeer = Callable[[Options], AbstractContextManager[ThreadPeer]]


def main(name: str, open_peer: OpenPeer) -> None:
    """Run a peer until the command to quit, or the end of its input."""
    # Its server is a child of this process, and must end with it on SIGTERM too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with ExitStack() as stack:
        try:
            peer = stack.enter_context(open_peer(parse_options()))
        except Unavailable as error:
            _say(NotReady(name, error.reason, error.hint))
            return
        _say(peer.ready())
        while line := sys.stdin.readline():
            answer = _answer(peer, line)
            if answer is None:
                break
            _say(answer)


def _say(answer: Answer) -> None:
    sys.stdout.write(encode(answer))
    sys.stdout.flush()


def _answer(peer: ThreadPeer, line: str) -> Answer | None:
    try:
        match parse_command(line):
            case Append() as command:
                return _append(peer, command)
            case Fill() as command:
                payloads = make_payloads(command.count, command.payload_bytes, 0)
                begin = time.perf_counter()
                peer.fill(command.stream, payloads)
                return Filled(command.count, time.perf_counter() - begin)
            case Read() as command:
                begin, cpu = time.perf_counter(), time.process_time()
                count = peer.read(command.stream, command.page_size)
                return Counted(time.perf_counter() - begin, time.process_time() - cpu, count)
            case Project() | Deliver() as command:
                return _handled(peer, command)
            case Quit():
                return None
            case _:
                raise CommandRefused("this peer has no such feed")
    except Exception as error:  # noqa: BLE001 - any error is the peer's answer
        return failure(error)


def _handled(peer: ThreadPeer, command: Project | Deliver) -> Answer:
    name = "project" if isinstance(command, Project) else "deliver"
    handle: Any = getattr(peer, name, None)
    if handle is None:
        raise CommandRefused(f"this peer cannot {name} events")
    if isinstance(command, Project):
        counted: Counted = handle(command)
        return counted
    payloads = make_payloads(command.count, 200, command.seed)
    latencies = handle(payloads, command.pause_ms / 1000)
    return Delivered(latencies, len(latencies))


def _append(peer: ThreadPeer, command: Append) -> Appended:
    payloads = iter(make_payloads(command.count, command.payload_bytes, command.seed))
    if command.stream is not None:
        raise CommandRefused("this peer cannot share a stream with another")
    match command.manner:
        case "own":
            writers = [peer.own(uuid4()) for _ in range(command.concurrency)]
        case "hot":
            writers = [peer.hot(uuid4())] * command.concurrency
        case manner:
            raise CommandRefused(f"this peer cannot append in the manner {manner!r}")
    latencies: list[int] = []
    conflicts: list[int] = []
    lock = Lock()

    def take() -> Payload | None:
        with lock:
            return next(payloads, None)

    def work(write: Writer) -> None:
        while (payload := take()) is not None:
            begin = time.perf_counter_ns()
            retries = write(payload)
            latencies.append((time.perf_counter_ns() - begin) // 1000)
            if retries:
                conflicts.append(retries)

    begin, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(command.concurrency) as pool:
        for done in [pool.submit(work, write) for write in writers]:
            done.result()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
    return Appended(seconds, cpu_seconds, len(latencies), latencies, sum(conflicts))
