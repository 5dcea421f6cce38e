"""Seat: what every process of a run needs to know, and how it connects and ends."""

import asyncio
import json
import os
import random
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from event_store_async import ConnectionFailed, EventStore, Settings
from event_store_async.moments import utc_now

from ..history.recorder import Recorder


@dataclass(frozen=True, kw_only=True)
class Seat:
    """
    The parameters that all processes of a run have.

    Attributes:
        name: Its name in the history.
        history: The file of its history.
        alarms: The file for what its library logs as an error, and for what it reads of the feed.
        contact_points: The addresses to connect to.
        port: The port.
        datacenter: The datacenter.
        keyspace: The keyspace.
        seed: The seed of everything random.
        clock: Seconds by which its clock is wrong.
        sequences: Whether its store sequences the feed, if there is one.
    """

    MODULE: ClassVar[str]

    name: str
    history: str
    alarms: str | None
    contact_points: tuple[str, ...]
    port: int
    datacenter: str
    keyspace: str
    seed: int
    clock: float
    sequences: bool

    def command(self) -> list[str]:
        """Return the command that runs the process."""
        return [sys.executable, "-m", self.MODULE, json.dumps(asdict(self))]

    async def connect(self, settings: Settings, stop: asyncio.Event) -> EventStore | None:
        """Return a store, as soon as the nodes can be reached; None if *stop* is set before."""
        while not stop.is_set():
            try:
                return await EventStore.connect(
                    self.contact_points,
                    port=self.port,
                    keyspace=self.keyspace,
                    local_datacenter=self.datacenter,
                    settings=settings,
                )
            except ConnectionFailed:
                await asyncio.sleep(0.5)
        return None


class WrongClock:
    """A clock that is wrong by some seconds, and sometimes jumps to another error."""

    def __init__(self, seconds: float, rng: random.Random, recorder: Recorder, name: str) -> None:
        self._seconds = seconds
        self._rng = rng
        self._recorder = recorder
        self._name = name

    def __call__(self) -> datetime:
        """Return the time that the clock shows."""
        if self._seconds and self._rng.random() < 0.002:
            self._seconds = self._rng.uniform(-86400, 86400)
            self._recorder.mark("clock", self._name, seconds=round(self._seconds))
        return utc_now() + timedelta(seconds=self._seconds)


def end_of_input() -> asyncio.Event:
    """Return an event that is set when standard input ends: the sign to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def listen() -> None:
        if not os.read(sys.stdin.fileno(), 64):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    loop.add_reader(sys.stdin.fileno(), listen)
    return stop


def tell(counts: dict[str, int]) -> None:
    """Tell the run how far this process is."""
    with suppress(BrokenPipeError):  # the reader is dead; the end of the input follows
        sys.stdout.write(json.dumps(counts) + "\n")
        sys.stdout.flush()
