"""Mutants of how groups are kept on Cassandra: one rule of the tables or their changes broken."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from event_store_async.cassandra.subscriptions import changes
from event_store_async.cassandra.subscriptions import store as stores
from event_store_async.cassandra.subscriptions.changes import Decide
from event_store_async.cassandra.subscriptions.generations import Generations
from event_store_async.cassandra.subscriptions.rows import SliceState
from event_store_async.cassandra.subscriptions.store import CassandraSubscriptions
from event_store_async.cassandra.subscriptions.tables import SubscriptionTables, Written
from event_store_async.feeds import Position
from event_store_async.ports.slices import Lease, ParkedStream
from event_store_async.subscriptions.member import Member

from . import cql_tables
from .breaking import Broken, both, patch
from .cassandra_group_world import CassandraPlan
from .group_mutants import GroupMutant, long_validity
from .group_process import Trouble
from .session import Weather

ROUGH = Weather(lost=0.03, unanswered=0.06, late=0.06, unsent=0.02, half=0.5, slow=0.1, pause=0.004)
SHAKY = Trouble(lost=0.01, frozen=0.002, crash=0.0005, slow=0.01)
BUSY = CassandraPlan(
    members=3, slices=3, streams=4, rounds=14, kills=0.1, slow=0.5, weather=ROUGH, trouble=SHAKY
)
LEASES = replace(
    BUSY, kills=0.0, cuts=0.6, slow=0.8, commit_seconds=0.0, trouble=replace(SHAKY, frozen=0.01)
)
OPERATORS = replace(BUSY, poison=0.25, flaky=0.3, parkings=0.8, slow=0.1)
VIEW = replace(OPERATORS, kind="transactions")
ZOMBIES = replace(
    OPERATORS,
    poison=0.4,
    operations=("replay", "mend"),
    trouble=replace(SHAKY, frozen=0.01),
    commit_seconds=0.0,
    cuts=0.6,
)
LOSSES = replace(LEASES, kills=0.3, weather=Weather(lost=0.25, unanswered=0.05))
GENERATIONS = replace(BUSY, reslices=0.5, resets=0.1, poison=0.2, parkings=0.3, slow=0.3)
DIVIDED = replace(GENERATIONS, kind="transactions", resets=0.0)
FORGOTTEN = replace(BUSY, forgets=0.2, resets=0.1, reslices=0.2, poison=0.1, parkings=0.3)


# Conditions

_parsed = cql_tables.parsed


def _without(*texts: str) -> Broken:
    """Leave a condition out of each statement that has it."""

    def parsed(text: str) -> Any:
        for each in texts:
            text = text.replace(each, "")
        return _parsed(text)

    return patch(cql_tables, "parsed", parsed)


def _commits_whatever_is_stored(
    lease: Lease,
    position: Position,
    parked: Mapping[UUID, ParkedStream | None],
) -> Decide:
    def decide(state: SliceState, _: bool) -> SliceState | None:
        wanted = replace(state, position=position, parked=changes._changed(state.parked, parked))
        return None if wanted == state else wanted

    return decide


def _claims_whatever_was_seen(member: UUID, seen_fence: int) -> Decide:
    def decide(state: SliceState, _: bool) -> SliceState | None:
        return replace(state, fence=state.fence + 1, holder=member, closed=None)

    return decide


# Outcomes


_change: Any = SubscriptionTables._change


async def _trusts_what_timed_out(self: SubscriptionTables, batch: Any) -> Written:
    """Take a compare-and-set that was sent again for applied."""
    written: Written = await _change(self, batch)
    written.applied = written.applied or written.doubtful
    return written


# Generations


_on_lease: Any = CassandraSubscriptions._on_lease


async def _commits_to_what_there_is(
    self: CassandraSubscriptions, lease: Lease, decide: Decide
) -> SliceState:
    """Change the slice of the generation that there is now, whichever the lease is of."""
    known = await self._registry.get(lease.key.name)
    number = lease.key.slice % known.public.slices

    def decide_anyway(state: SliceState, doubtful: bool) -> SliceState | None:
        as_held = replace(state, fence=lease.fence, holder=lease.member)
        moved = decide(replace(as_held, position=lease.position, parked=lease.parked), doubtful)
        if moved is None or moved.holder is None:
            return None
        return replace(state, position=max(moved.position, state.position))

    if known.public.generation == lease.key.generation:
        found: SliceState = await _on_lease(self, lease, decide)
        return found
    await self._slices.change(known, number, decide_anyway)
    raise changes.lost(lease)


async def _fills_nothing(*_: object) -> None:
    """Put no parked stream into the slices of the next generation."""


MUTANTS: Sequence[GroupMutant[CassandraPlan]] = [
    GroupMutant(
        "a slice is changed whatever its revision is",
        ("LOST", "ORDER", "TWICE", "VIEW", "UNACCOUNTED", "AT ONCE"),
        _without(" IF revision = :seen"),
        LEASES,
    ),
    GroupMutant(
        "a registration is changed whatever its revision is",
        ("LOST", "ORDER", "AT ONCE", "STUCK"),
        _without(" AND revision = :seen"),
        GENERATIONS,
    ),
    GroupMutant(
        "a claim ignores the fence that was seen",
        ("AT ONCE",),
        patch(stores, "claiming", _claims_whatever_was_seen),
        LEASES,
    ),
    GroupMutant(
        "a late commit of an earlier generation is accepted",
        ("LOST", "ORDER"),
        patch(CassandraSubscriptions, "_on_lease", _commits_to_what_there_is),
        replace(GENERATIONS, resets=0.4),
    ),
    GroupMutant(
        "parked streams do not move along",
        ("LOST", "ORDER"),
        patch(Generations, "_fill", _fills_nothing),
        GENERATIONS,
    ),
    GroupMutant(
        "leases outlast the patience of others, and commits are not fenced",
        ("LOST", "ORDER", "UNACCOUNTED"),
        both(
            patch(Member, "_valid_until", property(long_validity)),
            patch(stores, "committing", _commits_whatever_is_stored),
        ),
        ZOMBIES,
    ),
    GroupMutant(
        "a compare-and-set that timed out is taken for applied",
        ("AT ONCE",),
        patch(SubscriptionTables, "_change", _trusts_what_timed_out),
        LOSSES,
    ),
]
