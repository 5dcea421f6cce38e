"""Rows: a registration and a slice, as they are stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from ...feeds import Position
from ...ids import parse_uuid
from ...moments import since_epoch
from ...ports.slices import Beat, Division, ParkedStream, Registration, SkippedEvent
from ..driver.port import UNSET, Row

SLICE: Final = "-"
"""
The item of the row of a slice; those of parked streams are their ids.

It comes before them. A read of many rows is no snapshot: what a page shows of parked streams is
never older than the revision that the first page shows, so a change of what was read is refused.
"""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StoredRegistration:
    """
    A registration, with what only the store knows of it.

    Attributes:
        id: Tells it from others of the same name, before and after it.
        revision: Grows with every change.
        series: The slices of its generation.
        next_series: The slices that will be, if another number of slices was asked for.
        public: The registration.
    """

    id: UUID
    revision: int
    series: UUID
    next_series: UUID | None
    public: Registration

    def values(self) -> tuple[Any, ...]:
        """Return the values of what changes, from the revision on, in the order of the columns."""
        known = self.public
        return (
            self.revision,
            known.generation,
            self.series,
            known.slices,
            str(known.start),
            known.fresh,
            known.ready,
            known.paused,
            known.requests,
            _text_of(known.earlier),
        )


def registration_of(row: Row) -> StoredRegistration:
    """Return a registration of its row."""
    name, id_, revision, generation, series, slices, start, fresh, ready, paused = row[:10]
    requests, earlier, next_slices, next_series = row[10:]
    public = Registration(
        name,
        generation,
        slices,
        Position.parse(start),
        fresh=fresh,
        ready=ready,
        paused=paused,
        requests=requests,
        earlier=_divisions(earlier),
        next_slices=next_slices,
        id=parse_uuid(id_),
    )
    return StoredRegistration(
        parse_uuid(id_), revision, parse_uuid(series), _uuid(next_series), public
    )


@dataclass(frozen=True, slots=True)
class SliceState:
    """
    A slice as it is stored.

    Attributes:
        position: How far it is.
        revision: Grows with every change; 0 if there is no row yet.
        fence: Counts its claims and releases.
        holder: The member that works on it, if any.
        closed: The series that ended it, or was to end it.
        parked: Its parked streams, by id.
    """

    position: Position
    revision: int = 0
    fence: int = 0
    holder: UUID | None = None
    closed: UUID | None = None
    parked: Mapping[UUID, ParkedStream] = field(default_factory=dict)

    def values(self) -> tuple[Any, ...]:
        """Return the values of its row, in the order of the columns."""
        return (self.revision, self.fence, self.holder, str(self.position), self.closed)


def states_of(rows: Iterable[Row], slices: int, start: Position) -> list[SliceState]:
    """Return the slices of a series of their rows; a slice without one is at the start."""
    own: dict[int, Row] = {}
    parked: dict[int, dict[UUID, ParkedStream]] = {}
    for row in rows:
        if row[1] == SLICE:
            own[row[0]] = row
        elif row[7] is not None:
            found = _parked_of(row)
            parked.setdefault(row[0], {})[found.stream_id] = found
    return [_state_of(own.get(number), start, parked.get(number, {})) for number in range(slices)]


def _state_of(row: Row | None, start: Position, parked: Mapping[UUID, ParkedStream]) -> SliceState:
    if row is None or row[2] is None:
        return SliceState(start, parked=parked)
    _, _, revision, fence, holder, position, closed = row[:7]
    return SliceState(
        Position.parse(position), revision, fence, _uuid(holder), _uuid(closed), parked
    )


def _parked_of(row: Row) -> ParkedStream:
    item, version, last_version, after, last_position, type_, error = row[1], *row[7:13]
    attempts, since, replay = row[13:]
    return ParkedStream(
        parse_uuid(item),
        version,
        last_version,
        Position.parse(after),
        Position.parse(last_position),
        type_,
        error,
        attempts,
        _moment(since),
        replay=replay,
    )


def values_of(row: ParkedStream, before: ParkedStream | None) -> tuple[Any, ...]:
    """Return the values of the row of a parked stream; what was the same before is not sent."""
    values = _values(row)
    if before is None:
        return values
    return tuple(
        UNSET if now == then else now for now, then in zip(values, _values(before), strict=True)
    )


def _values(row: ParkedStream) -> tuple[Any, ...]:
    return (
        row.version,
        row.last_version,
        str(row.after),
        str(row.last_position),
        row.type,
        row.error,
        row.attempts,
        microseconds(row.since),
        row.replay,
    )


def beat_of(row: Row) -> tuple[UUID, Beat]:
    """Return a member and its last beat of its row."""
    member, generation, beats, holding = row
    return parse_uuid(member), Beat(generation, beats, holding_of(holding))


def holding_text(beat: Beat) -> str:
    """Return as text which slices stay where they are, and why."""
    return orjson.dumps({str(number): why for number, why in beat.holding.items()}).decode()


def holding_of(text: str) -> dict[int, str]:
    """Return which slices stay where they are, and why, of its text."""
    return {int(number): why for number, why in orjson.loads(text).items()}


def skipped_of(row: Row) -> SkippedEvent:
    """Return an event that was skipped, of its row."""
    stream_id, version, error, reason, by, at = row
    return SkippedEvent(parse_uuid(stream_id), version, error, reason, by, _moment(at))


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since the epoch."""
    return since_epoch(moment) // _MICROSECOND


def _moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


def _text_of(earlier: Iterable[Division]) -> str:
    found = [[each.generation, [str(position) for position in each.positions]] for each in earlier]
    return orjson.dumps(found).decode()


def _divisions(text: str) -> tuple[Division, ...]:
    return tuple(
        Division(generation, tuple(Position.parse(each) for each in positions))
        for generation, positions in orjson.loads(text)
    )


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else parse_uuid(text)
