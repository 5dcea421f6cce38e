"""Sequencer: a process that sequences the feed, ``python -m tests.faults.sequencer SEAT``."""

import asyncio
import json
import random
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from event_store_async import EventStore, EventStoreError, Settings

from ..history.feed.recorder import FeedRecorder
from ..history.recorder import Recorder
from .seat import Seat, WrongClock, end_of_input

_AGAIN: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Sequencer(Seat):
    """The parameters of a sequencer."""

    MODULE: ClassVar[str] = "tests.faults.sequencer"


async def sequence(seat: Sequencer) -> None:
    """Do what ``event-store feed run`` does, until standard input ends."""
    stop = end_of_input()
    with (
        Recorder(Path(seat.history), seat.name) as recorder,
        FeedRecorder(Path(str(seat.alarms)), seat.name),
    ):
        clock = WrongClock(seat.clock, random.Random(seat.seed), recorder, seat.name)
        store = await seat.connect(Settings(sequences=seat.sequences, clock=clock), stop)
        if store is None:
            return
        async with store:
            running = asyncio.ensure_future(_run(store))
            await stop.wait()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def _run(store: EventStore) -> None:
    while True:
        try:
            await store.operations.run_sequencer()
        except EventStoreError:
            # No quorum answered at the beginning. A supervisor would start the process again.
            await asyncio.sleep(_AGAIN)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(sequence(Sequencer(**given)))
