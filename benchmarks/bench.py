"""The bench: a node, peers, and rounds in which each case has one turn."""

import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from .pace import LEAST, Pace
from .peer import Peer, PeerFailed, run_peer
from .results import Key, Results, round_of
from .server_clock import ServerClock

RAW: Final = "raw_acsylla"
OURS: Final = "ours"

_WARMING: Final = 4000
"""Appends of each manner that warm up a node, and the peer that makes them."""
AGAIN: Final = 1000
"""Appends of each manner that warm up a peer whose node is warm."""
_COMPILED: Final = 0.2
"""Warm is a node whose compilers use less than this, relative to the threads that serve."""


@dataclass(frozen=True, slots=True)
class Size:
    """
    The size of a run.

    Attributes:
        rounds: Repetitions of each measurement.
        seconds: The approximate time of one measurement of appends.
        events: The number of events in the stream that is read.
        quick: Whether to measure as little as possible, in about three minutes.
    """

    rounds: int
    seconds: float
    events: int
    quick: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A measurement: the command that a peer gets in each round."""

    key: Key
    peer: Peer
    command: dict[str, Any]


class Bench:
    """
    The tools of a scenario.

    Args:
        results: Receives the numbers.
        size: The size of the run.
        contact: The node's address.
        port: The node's port.
        data: The node's data directory.
        stack: Ends the peers after the run.
        say: Shows the progress: a text, and the share that is done, from 0 to 1.
        node_pid: The node's process, for its CPU time; None if that is not to be measured.
        pace: Says how many rounds there is time for; None if for all of them.
    """

    def __init__(
        self,
        results: Results,
        size: Size,
        contact: str,
        port: int,
        data: Path,
        stack: AsyncExitStack,
        say: Callable[[str, float], None],
        node_pid: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.results = results
        self.size = size
        self.contact = contact
        self.port = port
        self.data = data
        self.stack = stack
        self.say = say
        self.node_pid = node_pid
        self._pace = pace
        self._peers: dict[str, Peer] = {}

    def rounds(self, wanted: int, least: int = LEAST) -> int:
        """Return how many of the wanted rounds of the present scenario there is time for."""
        return wanted if self._pace is None else self._pace.rounds(wanted, least)

    async def peer(self, name: str, keyspace: str = "") -> Peer | None:
        """Return a peer, started on first use; None if it cannot take part."""
        if name not in self._peers:
            started = await self._started(name, keyspace or f"bench_{name}", self.stack)
            self._peers[name] = started
        return _taking_part(self._peers[name])

    async def guest(self, name: str, stack: AsyncExitStack) -> Peer | None:
        """Return a new process of a peer, which *stack* ends; None if it cannot take part."""
        return _taking_part(await self._started(name, f"bench_{name}_guest", stack))

    async def required(self, name: str) -> Peer:
        """Return a peer that the scenario cannot do without; raises `PeerFailed`."""
        peer = await self.peer(name)
        if peer is None:
            raise PeerFailed(f"{name} did not take part")
        return peer

    async def start(self, name: str, keyspace: str, port: int) -> Peer:
        """Start one more process of a peer."""
        return await self.stack.enter_async_context(run_peer(name, self.contact, port, keyspace))

    async def _started(self, name: str, keyspace: str, stack: AsyncExitStack) -> Peer:
        self.say(f"starting {name}", 0)
        running = run_peer(name, self.contact, self.port, keyspace)
        peer = await stack.enter_async_context(running)
        self.results.peers[name] = peer.about
        if peer.process is None:
            reason = f"{peer.about['reason']} ({peer.about['hint']})"
            note = f"{name} did not take part: {reason}"
            if note not in self.results.notes:
                self.results.notes.append(note)
        else:
            await self.warm(peer, appends=_WARMING if name in {RAW, OURS} else AGAIN)
        return peer

    async def warm(
        self, peer: Peer, manners: Iterable[str] = ("own", "hot"), *, appends: int = _WARMING
    ) -> None:
        """Warm up a peer, and the server's code for it, with so many appends of each manner."""
        count = 500 if self.size.quick else appends
        for manner in manners:
            await peer.ask(do="append", count=count, concurrency=16, manner=manner)

    async def warm_node(
        self, scenario: str, lap: Callable[[], Awaitable[object]], laps: int
    ) -> None:
        """
        Warm up until Java has compiled what a scenario needs, for some laps at most.

        Args:
            scenario: The scenario's name.
            lap: Does what the scenario does, for about half a second or longer.
            laps: The most laps.
        """
        if self.node_pid is None:
            return
        clock = ServerClock(self.node_pid)
        for number in range(laps):
            self.say(f"{scenario}: warming up", number / laps)
            clock.lap()
            await lap()
            used = clock.lap()
            if used.compiling < _COMPILED * used.serving:
                return

    async def count(self, peer: Peer, concurrency: int, manner: str = "own") -> int:
        """Return the number of appends that take about `Size.seconds`."""
        probe = max(100, concurrency * 4)
        answer = await peer.ask(do="append", count=probe, concurrency=concurrency, manner=manner)
        wanted = int(probe / answer["seconds"] * self.size.seconds)
        return max(probe, concurrency * 4, min(wanted, 60_000))

    async def fill(self, peer: Peer, events: int) -> str:
        """Write a stream to be read; return its id."""
        stream = str(uuid4())
        self.say(f"{peer.name}: filling a stream with {events:,} events", 0)
        await peer.ask(do="fill", stream=stream, count=events)
        return stream

    async def interleave(self, cases: Sequence[Case], rounds: int | None = None) -> None:
        """
        Measure the cases in rounds; each round starts with another case.

        Args:
            cases: The cases.
            rounds: How many rounds, if there is time for them; None is `Size.rounds`.

        A temporary disturbance of the machine therefore affects all of them, and ratios are taken
        within rounds. A case that fails gets no more turns; the others go on.
        """
        rounds = self.rounds(rounds or self.size.rounds)
        turns = len(cases) * rounds
        done = itertools.count(1)
        failed: set[Key] = set()
        for number in range(rounds):
            shift = number * 7 % len(cases)
            for case in [*cases[shift:], *cases[:shift]]:
                key = case.key
                what = f"{key.scenario}: {key.subject}, {key.case} {key.x or ''}"
                self.say(what, next(done) / turns)
                if key in failed:
                    continue
                try:
                    await self.turn(case, number)
                except PeerFailed as error:
                    failed.add(key)
                    self.results.notes.append(f"{what.strip()}, round {number + 1}: {error}")

    async def turn(self, case: Case, number: int) -> dict[str, float]:
        """
        Measure a case once, with the round's number as the seed; return the numbers.

        Raises `PeerFailed`.
        """
        answer = await case.peer.ask(**case.command, **_seed(case.command, number))
        numbers = round_of(answer)
        self.results.add(case.key, numbers)
        return numbers


def _taking_part(peer: Peer) -> Peer | None:
    return None if peer.process is None else peer


def _seed(command: dict[str, Any], number: int) -> dict[str, int]:
    return {"seed": number + 1} if command["do"] in {"append", "batches"} else {}


def append_case(
    scenario: str, peer: Peer, case: str, x: int, count: int, manner: str = "own"
) -> Case:
    """Return a measurement of appends by *x* callers."""
    command = {"do": "append", "count": count, "concurrency": x, "manner": manner}
    return Case(Key(scenario, peer.name, case, x), peer, command)


def read_case(
    scenario: str, peer: Peer, case: str, stream: str, page_size: int | None = None
) -> Case:
    """Return a measurement of reading a whole stream."""
    command = {"do": "read", "stream": stream, "page_size": page_size}
    return Case(Key(scenario, peer.name, case, page_size or 0), peer, command)
