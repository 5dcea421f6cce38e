"""Reader: a process that reads the feed, ``python -m tests.faults.reader PLAN``."""

import asyncio
import json
import random
import sys
from collections import Counter
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from event_store_async import (
    EventStore,
    Feed,
    FeedEvent,
    Position,
    Settings,
    StoreOverloaded,
    StoreUnavailable,
)

from ..history.feed.recorder import FeedRecorder, item_of
from ..history.recorder import Recorder
from .events import check_payload
from .seat import Seat, WrongClock, end_of_input, tell

TIMEOUT: Final = 5.0
_PAGES: Final = (1, 7, 100, 500)
_ASKS: Final = 0.5
"""How likely a reader asks where an event of a page stands."""
_OLD: Final = 50
"""How many of the last positions are kept: a process may begin at any of them."""


@dataclass(frozen=True, kw_only=True)
class ReaderPlan(Seat):
    """
    The parameters of a reader.

    Attributes:
        reader: The reader that this process goes on with.
        positions: The file of the reader's last positions.
        types: The types of events that it selects; none is all.
    """

    MODULE: ClassVar[str] = "tests.faults.reader"

    reader: str
    positions: str
    types: tuple[str, ...]


class Reader:
    """
    Reads the feed, and records what it gets before it stores the position.

    Args:
        feed: The feed, or a part of it.
        plan: The parameters.
        recorder: Records what it gets.
        rng: Makes every choice.
    """

    def __init__(
        self, feed: Feed[object], plan: ReaderPlan, recorder: FeedRecorder, rng: random.Random
    ) -> None:
        self._feed = feed
        self._plan = plan
        self._recorder = recorder
        self._rng = rng
        self._path = Path(plan.positions)
        self._positions = self._load()
        self._position = self._begin()
        self._delivered = 0

    @property
    def counts(self) -> Counter[str]:
        """How many events were delivered, and the ordinal of the position."""
        ordinal = self._position.ordinal if self._position is not None else 0
        return Counter({"delivered": self._delivered, "ordinal": ordinal})

    async def run(self, stop: asyncio.Event) -> None:
        """Read until *stop* is set; an outage is waited out."""
        while not stop.is_set():
            try:
                if self._plan.types or self._rng.random() < 0.5:
                    await self._page()
                else:
                    await self._follow(stop)
            except (StoreUnavailable, StoreOverloaded):
                await asyncio.sleep(0.3)
            except Exception as error:  # noqa: BLE001 - the run looks for any error
                self._recorder.trouble(repr(error))
                await asyncio.sleep(0.3)
            tell(self.counts)

    async def _page(self) -> None:
        after = self._position
        page = await self._feed.page(after, self._rng.choice(_PAGES))
        events = []
        for event in page.events:
            if not isinstance(event, FeedEvent):
                raise event.error
            check_payload(event)
            events.append(event)
        items = [item_of(event) for event in events]
        if items or page.position != after:
            types = self._plan.types
            self._recorder.delivered(after, items, page.position, head=page.head, types=types)
            self._reach(page.position, len(items))
        if events and self._rng.random() < _ASKS:
            await self._locate(self._rng.choice(events))
        if page.caught_up:
            await asyncio.sleep(self._rng.uniform(0.0, 0.2))

    async def _follow(self, stop: asyncio.Event) -> None:
        """Follow for some seconds; it is cancelled wherever it is then."""
        del stop
        with suppress(TimeoutError):
            async with asyncio.timeout(self._rng.uniform(1.0, 8.0)):
                async with aclosing(self._feed.follow(self._position)) as events:
                    async for event in events:
                        check_payload(event)
                        self._recorder.delivered(self._position, [item_of(event)], event.position)
                        self._reach(event.position, 1)
                        if self._rng.random() < _ASKS / 10:
                            await self._locate(event)

    async def _locate(self, event: FeedEvent) -> None:
        found = await self._feed.locate(event.stream_id, event.version)
        if found is not None:
            self._recorder.located(str(event.stream_id), event.version, found)

    def _reach(self, position: Position, events: int) -> None:
        self._position = position
        self._delivered += events
        self._positions = [*self._positions, position][-_OLD:]
        draft = self._path.with_suffix(".draft")
        draft.write_text("".join(f"{each}\n" for each in self._positions))
        draft.replace(self._path)

    def _load(self) -> list[Position]:
        if not self._path.exists():
            return []
        return [Position.parse(line) for line in self._path.read_text().split()]

    def _begin(self) -> Position | None:
        if not self._positions:
            return None
        old = self._rng.random() < 0.2
        return self._rng.choice(self._positions) if old else self._positions[-1]


async def read(plan: ReaderPlan) -> None:
    """Read until standard input ends."""
    stop = end_of_input()
    rng = random.Random(plan.seed)
    with (
        Recorder(Path(plan.history), plan.name) as history,
        FeedRecorder(Path(str(plan.alarms)), plan.name, plan.reader) as recorder,
    ):
        clock = WrongClock(plan.clock, rng, history, plan.name)
        settings = Settings(timeout=TIMEOUT, sequences=plan.sequences, clock=clock)
        store: EventStore | None = await plan.connect(settings, stop)
        if store is None:
            return
        async with store:
            await Reader(store.feed(types=plan.types), plan, recorder, rng).run(stop)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(read(ReaderPlan(**given)))
