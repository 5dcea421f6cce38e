"""Changes: what is changed of a slice, and when it must not be. Pure functions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ...errors import LeaseLost, NotParked
from ...feeds import Position
from ...ports.changes import after_skip, parked_by_operator
from ...ports.slices import Lease, ParkedStream
from .rows import SliceState

Decide = Callable[[SliceState, bool], SliceState | None]
"""
Returns a slice as it is to be; None if it is so already. Its second argument is whether a request
of the same call may have been applied, whose answer was lost.
"""


class NotClaimed(Exception):
    """Somebody else was quicker."""


def claiming(member: UUID, seen_fence: int) -> Decide:
    """Let a member claim a slice whose fence it saw; raises `NotClaimed`."""

    def decide(state: SliceState, doubtful: bool) -> SliceState | None:
        if doubtful and (state.fence, state.holder) == (seen_fence + 1, member):
            return None
        if state.fence != seen_fence:
            raise NotClaimed
        return replace(state, fence=state.fence + 1, holder=member, closed=None)

    return decide


def refreshing(lease: Lease) -> Decide:
    """Change nothing; raises `LeaseLost`."""

    def decide(state: SliceState, _: bool) -> None:
        _check_held(state, lease)

    return decide


def committing(
    lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
) -> Decide:
    """Move a slice on, and change its parked streams; raises `LeaseLost`."""

    def decide(state: SliceState, _: bool) -> SliceState | None:
        _check_held(state, lease)
        if state.position == position and all(
            state.parked.get(stream_id) == row for stream_id, row in parked.items()
        ):
            return None
        if state.position != lease.position or any(
            state.parked.get(stream_id) != lease.parked.get(stream_id) for stream_id in parked
        ):
            raise lost(lease)
        return replace(state, position=position, parked=_changed(state.parked, parked))

    return decide


def releasing(lease: Lease) -> Decide:
    """Give a slice back; raises `LeaseLost`."""

    def decide(state: SliceState, doubtful: bool) -> SliceState | None:
        if doubtful and state.fence > lease.fence:
            return None  # given back, or taken: it is not held any more
        _check_held(state, lease)
        return replace(state, fence=state.fence + 1, holder=None)

    return decide


def closing(series: UUID) -> Decide:
    """Close a slice for a series: its lease is lost, and nobody can claim it."""

    def decide(state: SliceState, _: bool) -> SliceState | None:
        if state.closed == series:
            return None
        return replace(state, fence=state.fence + 1, holder=None, closed=series)

    return decide


def parking(stream_id: UUID, now: datetime) -> Decide:
    """Park a stream, unless it is parked."""

    def decide(state: SliceState, _: bool) -> SliceState | None:
        if stream_id in state.parked:
            return None
        row = parked_by_operator(stream_id, state.position, now)
        return replace(state, parked={**state.parked, stream_id: row})

    return decide


def replaying(name: str, stream_id: UUID | None) -> Decide:
    """Ask for a replay of a stream, or of all that are parked; raises `NotParked`."""

    def decide(state: SliceState, doubtful: bool) -> SliceState | None:
        if stream_id is not None and stream_id not in state.parked:
            if doubtful:
                return None  # it was asked for, and is done by now
            raise NotParked(name, stream_id, None)
        rows = {
            each: replace(row, replay=True) if stream_id in {None, each} else row
            for each, row in state.parked.items()
        }
        return None if rows == state.parked else replace(state, parked=rows)

    return decide


def first_parked(name: str, state: SliceState, stream_id: UUID, version: int) -> ParkedStream:
    """Return the row of a stream whose first parked event this is; raises `NotParked`."""
    row = state.parked.get(stream_id)
    if row is None or not row.waits:
        raise NotParked(name, stream_id, None)
    if row.version != version:
        raise NotParked(name, stream_id, row.version)
    return row


def skipping(name: str, stream_id: UUID, version: int) -> Decide:
    """Skip the first parked event of a stream; raises `NotParked`."""

    def decide(state: SliceState, doubtful: bool) -> SliceState | None:
        known = state.parked.get(stream_id)
        # Skipped perhaps, and replayed since. If in doubt the record stays: there is no skip
        # without one.
        if doubtful and (known is None or known.version > version):
            return None
        row = first_parked(name, state, stream_id, version)
        return replace(state, parked={**state.parked, stream_id: after_skip(row)})

    return decide


def lost(lease: Lease) -> LeaseLost:
    """Return the error of a lease that has ended."""
    return LeaseLost(lease.key.name, lease.key.generation, lease.key.slice)


def _check_held(state: SliceState, lease: Lease) -> None:
    if (state.fence, state.holder) != (lease.fence, lease.member):
        raise lost(lease)


def _changed(
    rows: Mapping[UUID, ParkedStream], changes: Mapping[UUID, ParkedStream | None]
) -> dict[UUID, ParkedStream]:
    found = {**rows, **changes}
    return {stream_id: row for stream_id, row in found.items() if row is not None}
