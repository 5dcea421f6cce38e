"""
Mutants of groups: the library with one rule of membership, parking or generations broken.

Those that only a standstill or a crash at one certain await shows are in
``tests/subscriptions/test_interruptions.py``; their functions are here, too.
"""

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from uuid import UUID

from event_store_async import memory_subscriptions
from event_store_async.memory_subscriptions import MemorySubscriptions
from event_store_async.ports.slices import Division, Lease, ParkedStream, Registration
from event_store_async.subscriptions import member as members
from event_store_async.subscriptions.ledger import Item, Ledger
from event_store_async.subscriptions.member import Member
from event_store_async.subscriptions.watch import Watch
from event_store_async.subscriptions.worker import SliceWorker

from .breaking import Broken, patch
from .group_process import Trouble
from .group_world import GroupPlan

Plan = TypeVar("Plan", bound=GroupPlan)


@dataclass(frozen=True)
class GroupMutant(Generic[Plan]):
    """
    A broken rule.

    Attributes:
        name: What is done wrong.
        shows: What the checker must find; any of them.
        broken: Breaks the library for as long as it is entered.
        plan: The runs in which it shows.
    """

    name: str
    shows: tuple[str, ...]
    broken: Broken
    plan: Plan


ROUGH = Trouble(lost=0.02, unanswered=0.02, late=0.02, frozen=0.004, crash=0.002, slow=0.05)
CRASHING = replace(ROUGH, crash=0.02)
BUSY = GroupPlan(members=3, slices=3, streams=4, rounds=14, kills=0.15, slow=0.5)
LEASES = replace(BUSY, kills=0.0, cuts=0.6, rounds=16, slow=1.0)
PARKING = replace(BUSY, poison=0.25, parkings=0.5, trouble=ROUGH, slow=0.1)
VIEW = replace(PARKING, kind="transactions")
REPLAYS = replace(
    VIEW,
    streams=2,
    slices=1,
    kills=0.0,
    flaky=0.6,
    parkings=0.9,
    operations=("replay",),
    rounds=30,
    trouble=CRASHING,
)
GENERATIONS = replace(
    BUSY, kind="transactions", reslices=0.5, kills=0.4, slow=0.1, commit_seconds=3600.0
)
RESETS = replace(BUSY, resets=0.3, slow=0.8)
DIVIDED = replace(BUSY, reslices=0.5, poison=0.2)


# Leases


def long_validity(self: Member) -> float:
    return (self.beaten or 0.0) + 3 * self._work.pace.lease


_see = Watch.see


def _hasty_watch(self: Watch, *arguments: Any) -> frozenset[UUID]:
    self._lease = 4.0
    return _see(self, *arguments)


async def _never_releases(_: MemorySubscriptions, __: Lease) -> None:
    return None


# Generations


def _may_always_begin(*_: object) -> bool:
    return True


def _forgets_earlier(*_: object) -> tuple[Division, ...]:
    return ()


def _starts_at_the_furthest(group: Any) -> None:
    _divide(group)
    known = group.registration
    if known.earlier:
        furthest = max(known.earlier[-1].positions)
        for each in group.slices:
            each.position = furthest


def _loses_parked(group: Any) -> None:
    _divide(group)
    for each in group.slices:
        each.parked.clear()


_divide = memory_subscriptions._divide


def _ignores_stopped(earlier: tuple[Division, ...], _: object) -> tuple[Division, ...]:
    return earlier


def _acknowledges_at_once(self: Member, registration: Registration) -> None:
    for worker in self.workers.values():
        worker.end()
    self._generation = registration.generation


# Parking


def _passes_by_uncounted(self: Ledger, item: Item) -> bool:
    return self.row(item.stream_id) is not None


def _skips(self: Ledger, *_: object) -> None:
    """Park nothing: the event is passed over."""


async def stores_nothing_first(_: Ledger) -> None:
    return None


async def _replays_too_early(self: SliceWorker) -> None:
    for row in [row for row in self.ledger.parked.values() if row.replay]:
        if row.waits:
            await self._replay_page(row)
        else:
            self.ledger.change(row.stream_id, None)


async def _replays_all_but_the_last(self: SliceWorker, row: ParkedStream) -> None:
    short = replace(row, last_version=row.last_version - 1)
    self.ledger.change(row.stream_id, short if short.waits else None)
    if short.waits:
        await _replay_page(self, short)


_replay_page = SliceWorker._replay_page
_finish = SliceWorker.finish


async def _counts_what_was_cancelled(self: SliceWorker) -> None:
    head = await self._work.feed.reader.head()
    page = await self._work.feed.reader.read_page(self.ledger.position, 1, self._selection())
    self.ledger.moved(min(page.position, head))
    await _finish(self)


async def _moves_before_it_hands_over(self: SliceWorker, item: Item) -> None:
    self.ledger.moved(item.position)
    await self._store_all()
    await _handle(self, item)


_handle = SliceWorker._handle


MUTANTS = [
    GroupMutant(
        "a lease outlasts the patience of others",
        ("AT ONCE",),
        patch(Member, "_valid_until", property(long_validity)),
        LEASES,
    ),
    GroupMutant(
        "others take over before a lease ends",
        ("AT ONCE",),
        patch(Watch, "see", _hasty_watch),
        LEASES,
    ),
    GroupMutant(
        "slices are never given back",
        ("LOST", "STUCK", "UNACCOUNTED"),
        patch(MemorySubscriptions, "release", _never_releases),
        replace(BUSY, kills=0.0, stops=0.0, members=3),
    ),
    GroupMutant(
        "a generation begins while others work on the one before",
        ("AT ONCE",),
        patch(members, "may_begin", _may_always_begin),
        RESETS,
    ),
    GroupMutant(
        "a generation is acknowledged with events of the one before in hand",
        ("AT ONCE",),
        patch(Member, "_change_generation", _acknowledges_at_once),
        RESETS,
    ),
    GroupMutant(
        "what earlier slices had passed is forgotten",
        ("TWICE", "VIEW"),
        patch(memory_subscriptions, "divided", _forgets_earlier),
        GENERATIONS,
    ),
    GroupMutant(
        "what the view knows better is not asked",
        ("TWICE", "VIEW"),
        patch(memory_subscriptions, "corrected", _ignores_stopped),
        GENERATIONS,
    ),
    GroupMutant(
        "new slices start where the furthest was",
        ("LOST", "ORDER"),
        patch(memory_subscriptions, "_divide", _starts_at_the_furthest),
        DIVIDED,
    ),
    GroupMutant(
        "parked streams do not move along",
        ("LOST", "ORDER"),
        patch(memory_subscriptions, "_divide", _loses_parked),
        DIVIDED,
    ),
    GroupMutant(
        "events behind a parked one are not counted",
        ("LOST", "UNACCOUNTED", "ORDER"),
        patch(Ledger, "passes_by", _passes_by_uncounted),
        PARKING,
    ),
    GroupMutant(
        "what fails is passed over",
        ("LOST", "ORDER"),
        patch(Ledger, "park", _skips),
        PARKING,
    ),
    GroupMutant(
        "a replay does not wait until the position is behind it for good",
        ("TWICE", "VIEW", "MISSING"),
        patch(SliceWorker, "_replay", _replays_too_early),
        REPLAYS,
    ),
    GroupMutant(
        "a replay ends one event early",
        ("LOST", "ORDER"),
        patch(SliceWorker, "_replay_page", _replays_all_but_the_last),
        PARKING,
    ),
    GroupMutant(
        "what was cancelled counts as handled",
        ("LOST", "ORDER"),
        patch(SliceWorker, "finish", _counts_what_was_cancelled),
        replace(BUSY, stops=0.4, kills=0.0),
    ),
    GroupMutant(
        "the position moves before the event is handled",
        ("LOST", "ORDER"),
        patch(SliceWorker, "_handle", _moves_before_it_hands_over),
        replace(BUSY, kills=0.3, commit_seconds=0.0),
    ),
]
