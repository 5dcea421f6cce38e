"""Handler: a process with a member of each group, ``python -m tests.faults.handler PLAN``."""

import asyncio
import json
import logging
import random
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from event_store_async import (
    Backoff,
    EventStore,
    FeedEvent,
    Settings,
    SubscriptionMismatch,
)
from event_store_async.subscriptions import Pace, Projection, Recovery, Subscription

from ..history.feed.recorder import FeedRecorder
from ..history.groups.lines import GroupRecorder
from ..history.groups.noted import NotedDelivery
from ..history.recorder import Recorder
from ..history.stalls import Stalls
from .events import check_payload
from .seat import Seat, WrongClock, end_of_input, tell
from .view import View

EVENTS: Final = "events"
"""The group whose handlers only note what they get."""
VIEW: Final = "view"
"""The group that keeps a view in PostgreSQL."""
SLICES: Final = 3
LEASE: Final = 8.0
"""Seconds; processes stand still for longer than that at times."""

_PACE: Final = Pace(page=20, commit_seconds=0.5, drain=5.0, beat=2.0, lease=LEASE)
_RECOVERY: Final = Recovery(
    attempts=3, backoff=Backoff(initial=0.02, maximum=0.5), timeout=30.0, max_parked=10_000
)
_AGAIN: Final = 0.5
_POISONED: Final = 32
"""One event in so many fails until it is mended."""

Runner = Subscription[Any] | Projection[Any, Any]


@dataclass(frozen=True, kw_only=True)
class HandlerPlan(Seat):
    """
    The parameters of a handler process.

    Attributes:
        groups: The folder for what it does.
        mended: A file that exists once nothing fails any more.
        postgres: Where the view is; None without PostgreSQL.
    """

    MODULE: ClassVar[str] = "tests.faults.handler"

    groups: str
    mended: str
    postgres: str | None


class Handlers:
    """
    What the members do: they take a while at times, and fail for some events.

    Args:
        plan: The parameters.
        rng: Makes every choice.
    """

    def __init__(self, plan: HandlerPlan, rng: random.Random) -> None:
        self._mended = Path(plan.mended)
        self._rng = rng

    async def handle(self, event: FeedEvent[Any]) -> None:
        """Handle an event of the group `EVENTS`."""
        check_payload(event)
        await self._take_time()
        self._check(event)

    async def apply(self, connection: Any, events: Sequence[FeedEvent[Any]]) -> None:
        """Apply events of the group `VIEW`."""
        await View.add(connection, events)
        await self._take_time()
        for event in events:
            self._check(event)

    async def _take_time(self) -> None:
        if self._rng.random() < 0.05 and not self._mended.exists():
            await asyncio.sleep(self._rng.choice((0.05, 0.5, 2.0)))

    def _check(self, event: FeedEvent[Any]) -> None:
        assert event.event_id is not None
        if event.event_id.bytes[4] % _POISONED == 0 and not self._mended.exists():
            raise ValueError("poison")


def _is_alarm(record: logging.LogRecord) -> bool:
    """Return whether an error is wrong: poison and other numbers of slices are meant."""
    text = record.getMessage()
    return "parks stream" not in text and "has ended: SubscriptionMismatch" not in text


async def work(plan: HandlerPlan) -> None:
    """Run a member of each group until standard input ends."""
    stop = end_of_input()
    rng = random.Random(plan.seed)
    async with AsyncExitStack() as stack:
        recorder = stack.enter_context(Recorder(Path(plan.history), plan.name))
        stack.enter_context(Stalls(recorder.stalled))
        alarms = stack.enter_context(FeedRecorder(Path(str(plan.alarms)), plan.name))
        alarms.addFilter(_is_alarm)
        clock = WrongClock(plan.clock, rng, recorder, plan.name)
        store = await plan.connect(Settings(sequences=plan.sequences, clock=clock), stop)
        if store is None:
            return
        await stack.enter_async_context(store)
        handlers = Handlers(plan, rng)
        options: dict[str, Any] = {"pace": _PACE, "recovery": _RECOVERY}
        feed, subscriptions = store.feed(), store.subscriptions

        def events(slices: int) -> Runner:
            return Subscription(
                EVENTS, feed, handlers.handle, subscriptions, slices=slices, **options
            )

        members = [Member(EVENTS, events, store, plan)]
        if plan.postgres is not None:
            view = await stack.enter_async_context(View(plan.postgres))

            def projected(slices: int) -> Runner:
                return Projection(
                    VIEW,
                    feed,
                    handlers.apply,
                    subscriptions,
                    transactions=view.transactions,
                    clear=View.clear,
                    slices=slices,
                    **options,
                )

            members.append(Member(VIEW, projected, store, plan))
        async with asyncio.TaskGroup() as group:
            for member in members:
                group.create_task(member.run(stop))
            telling = group.create_task(_tell(members))
            await stop.wait()
            for member in members:
                member.stop()
            telling.cancel()


class Member:
    """
    Runs a member of a group, again and again, as a supervisor would.

    Args:
        name: The group.
        make: Makes a runner with a number of slices.
        store: The store.
        plan: The parameters.
    """

    def __init__(
        self, name: str, make: Callable[[int], Runner], store: EventStore, plan: HandlerPlan
    ) -> None:
        self._name = name
        self._make = make
        self._store = store
        self._recorder = GroupRecorder(Path(plan.groups) / f"{name}.{plan.name}.jsonl", plan.name)
        self._runner: Runner | None = None

    @property
    def handled(self) -> int:
        """How many calls succeeded."""
        return self._recorder.handled

    def stop(self) -> None:
        """Let it end."""
        if self._runner is not None:
            self._runner.stop()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until *stop* is set and the events in hand are handled."""
        slices = SLICES
        while not stop.is_set():
            runner = self._runner = self._make(slices)
            runner._work.delivery = NotedDelivery(runner._work.delivery, self._recorder)
            try:
                await runner.run()
            except SubscriptionMismatch as error:
                slices = error.actual  # it is deployed again with the number that there is now
            except Exception as error:  # noqa: BLE001 - the run looks for any error
                self._recorder.trouble(error)
                await asyncio.sleep(_AGAIN)


async def _tell(members: Sequence[Member]) -> None:
    with suppress(asyncio.CancelledError):
        while True:
            tell({"handled": sum(member.handled for member in members)})
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    asyncio.run(work(HandlerPlan(**given)))
