"""R1: a crash, or a standstill, at every await of a port; parking and replay are among them."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal
from unittest import mock
from uuid import UUID

import anyio
import pytest

from event_store_async import Backoff, Feed, FeedEvent, MemoryEventStore, Position
from event_store_async.subscriptions import (
    Lease,
    MemoryTransactions,
    Pace,
    Projection,
    Recovery,
    Subscription,
)
from event_store_async.subscriptions.delivery import TransactionDelivery
from event_store_async.subscriptions.ledger import Ledger

from ..simulation.clock import run
from ..simulation.group_mutants import (
    stores_nothing_first,
)
from ..simulation.group_process import (
    Process,
    ProcessReader,
    ProcessStore,
    ProcessTransactions,
    Trouble,
)
from .group import FAST, append, streams

EVERY = int(os.environ.get("EVENT_STORE_INTERRUPT_EVERY", "5"))
"""Of how many awaits one is interrupted: with 1, every one is."""

LAST = 160
"""The last await that is interrupted: by then, everything has happened to the first process."""

Kind = Literal["events", "pages", "transactions"]
A, B = streams(2)
POISON = (A, 1)
PATIENT = Recovery(attempts=4, backoff=Backoff(initial=10.0, maximum=10.0, random=lambda: 1.0))
"""Lets the first process go on while the second one still tries the event."""


@dataclass
class Interruption:
    """
    A run in which the first of two processes dies or stands still at one await.

    Attributes:
        kind: What the processes are.
        how: What happens at the await.
        at: The number of the await.
        slices: How many slices there are.
        got: What the handlers were given with success, in order.
        view: The view, for transactions.
        awaits: How many awaits the first process had.
    """

    kind: Kind
    how: Literal["crash", "freeze"]
    at: int
    slices: int = 1
    got: list[tuple[UUID, int]] = field(default_factory=list)
    view: MemoryTransactions[dict[UUID, list[int]]] = field(
        default_factory=lambda: MemoryTransactions({})
    )
    awaits: int = 0
    is_mended: bool = False

    async def live(self) -> None:
        """Run it until nothing is left to do, and check what the handlers were given."""
        store = MemoryEventStore()
        await append(store, A, A, A, B, A, B)
        admin = store.subscriptions
        first = Process(
            1,
            Trouble(),
            Random(1),
            self.at if self.how == "crash" else None,
            self.at if self.how == "freeze" else None,
        )
        tasks = [asyncio.ensure_future(self._run(store, first))]
        await asyncio.sleep(1.0)
        tasks.append(asyncio.ensure_future(self._run(store, Process(2, Trouble(), Random(2)))))
        for moment in range(14):
            # Soon, if the first process is to die: then it has much to do in few awaits.
            await asyncio.sleep(1.0 if self.how == "crash" else 5.0)
            await append(store, A, B)
            if moment == (2 if self.how == "crash" else 10):
                self.is_mended = True
            if moment in (1, 3, 11) and [each async for each in admin.all()]:
                await admin.replay("test")
        self.awaits = first.awaits
        await asyncio.sleep(60.0)
        await admin.replay("test")
        await asyncio.sleep(60.0)
        assert [row async for row in admin.parked("test")] == []
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=60.0)
        self._check()

    async def _run(self, store: MemoryEventStore, process: Process) -> None:
        feed: Feed[Any] = Feed(
            ProcessReader(store.feed().reader, process), outages=Backoff(initial=0.05, maximum=1.0)
        )
        subscriptions = ProcessStore(store.subscriptions, process)
        options: dict[str, Any] = {
            "slices": self.slices,
            "recovery": FAST if self.how == "crash" else PATIENT,
            "pace": Pace(page=3, commit_seconds=0, beat=1.0, lease=4.0)
            if self.how == "crash"
            else Pace(page=3, commit_seconds=0),
        }
        runner: Subscription[Any] | Projection[Any, Any]

        def check(event: FeedEvent[Any]) -> None:
            # If the first process stands still, the event fails in the second one only: what the
            # first one had in hand succeeds when it goes on, although others have parked it.
            fails = self.how == "crash" or process.number == 2
            if (event.stream_id, event.version) == POISON and fails and not self.is_mended:
                raise ValueError("poison")

        async def handle(event: FeedEvent[Any]) -> None:
            await process.step()
            check(event)
            self.got.append((event.stream_id, event.version))
            await process.step()

        async def apply(_: None, events: Sequence[FeedEvent[Any]]) -> None:
            await process.step()
            for event in events:
                check(event)
            self.got.extend((event.stream_id, event.version) for event in events)
            await process.step()

        async def apply_view(view: dict[UUID, list[int]], events: Sequence[FeedEvent[Any]]) -> None:
            await process.step(in_transaction=True)
            for event in events:
                check(event)
                view.setdefault(event.stream_id, []).append(event.version)
            await process.step(in_transaction=True)

        if self.kind == "events":
            runner = Subscription("test", feed, handle, subscriptions, **options)
        elif self.kind == "pages":
            runner = Projection("test", feed, apply, subscriptions, **options)
        else:
            runner = Projection(
                "test",
                feed,
                apply_view,
                subscriptions,
                transactions=ProcessTransactions(self.view, process),
                **options,
            )
            if self.how == "freeze":
                runner._work.delivery = Unstoppable(
                    apply_view, None, ProcessTransactions(self.view, process)
                )
        await runner.run()

    def _check(self) -> None:
        heads = {A: 18, B: 16}
        for stream_id, head in heads.items():
            wanted = list(range(1, head + 1))
            if self.kind == "transactions":
                assert self.view.view[stream_id] == wanted, f"await {self.at}"
                continue
            firsts = dict.fromkeys(version for stream, version in self.got if stream == stream_id)
            assert list(firsts) == wanted, f"await {self.at}"


class Unstoppable(TransactionDelivery):
    """
    Goes on in spite of a cancellation, as a driver does that works in a thread.

    So a lease that is lost does not stop it: nothing but the fence does.
    """

    async def deliver(
        self, lease: Lease, events: Sequence[FeedEvent[Any]], up_to: Position
    ) -> None:
        with anyio.CancelScope(shield=True):
            await super().deliver(lease, events, up_to)


def interrupted(interruption: Interruption) -> Interruption:
    """Run an interruption in virtual time."""
    run(lambda _: interruption.live())
    return interruption


@pytest.mark.parametrize("how", ["crash", "freeze"])
@pytest.mark.parametrize("kind", ["events", "pages", "transactions"])
def test_r1_nothing_is_lost_and_no_effect_is_doubled_at_any_await(
    kind: Kind, how: Literal["crash", "freeze"]
) -> None:
    quiet = interrupted(Interruption(kind, how, 10**9))
    assert quiet.awaits > 100
    for at in range(1, min(LAST, quiet.awaits), EVERY):
        interrupted(Interruption(kind, how, at))


MUTANTS: list[tuple[str, Kind, Literal["crash", "freeze"], Callable[[], Any]]] = [
    (
        "the view passes an event before its parked stream is stored",
        "transactions",
        "crash",
        lambda: mock.patch.object(Ledger, "store_rows", stores_nothing_first),
    ),
]


@pytest.mark.parametrize(
    ("kind", "how", "broken"), [each[1:] for each in MUTANTS], ids=[each[0] for each in MUTANTS]
)
def test_r1_every_broken_rule_is_caught(
    kind: Kind,
    how: Literal["crash", "freeze"],
    broken: Callable[[], AbstractContextManager[Any]],
) -> None:
    assert any(not _passes(Interruption(kind, how, at), broken) for at in range(1, LAST))


def _passes(
    interruption: Interruption, broken: Callable[[], AbstractContextManager[Any]] = nullcontext
) -> bool:
    with broken():
        try:
            interrupted(interruption)
        except AssertionError:
            return False
    return True
