"""What a store keeps of a subscription: registrations, leases of slices, parked streams, beats."""

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from ..checks import (
    check_bool,
    check_instance,
    check_int,
    check_moment,
    check_stream_id,
    check_tuple,
)
from ..errors import InvalidArgument
from ..excerpt import excerpt
from ..feeds import Position
from ..feeds.selection import MAX_SLICES, slice_of
from ..plain import plain_str
from ..values import value

Start: TypeAlias = Position | Literal["beginning", "now"]
"""Where a subscription starts. It counts once: when its name is first registered, or at a reset."""

_NAME: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}")


def check_subscription_name(name: object) -> str:
    """
    Return the name of a subscription as a plain str.

    Raises:
        InvalidArgument: it is not 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidArgument(
            f"{excerpt(name)} is not the name of a subscription",
            hint="use 1 to 64 letters (a to z, A to Z), digits, '-', '_' and '.'",
        )
    return plain_str(name)


def check_start(name: str, start: object) -> None:
    """Refuse anything but a position, "beginning" or "now"; raises `InvalidArgument`."""
    if isinstance(start, Position):
        return
    if not isinstance(start, str) or plain_str(start) not in ("beginning", "now"):
        raise InvalidArgument(
            f"{name} must be a Position, 'beginning' or 'now', not {excerpt(start)}",
            hint="Position.parse(text) reads the text of a position",
        )


def check_slices(slices: object) -> None:
    """Refuse anything but a number of slices; raises `InvalidArgument`."""
    check_int("slices", slices, at_least=1, at_most=MAX_SLICES)


def is_later_registration(id_: UUID, known: UUID) -> bool:
    """Return whether a name was registered with one id after it was with another."""
    return (id_.version == 7, id_.int) > (known.version == 7, known.int)


@value
class SliceKey:
    """
    A slice of a subscription.

    Attributes:
        name: The name of the subscription.
        generation: The numbering of its slices, from 1.
        slice: The slice, from 0.

    Raises:
        InvalidArgument: a field is not valid.
    """

    name: str
    generation: int
    slice: int

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_subscription_name(self.name)
        check_int("generation", self.generation, at_least=1)
        check_int("slice", self.slice, at_least=0, at_most=MAX_SLICES - 1)


@value
class Division:
    """
    How far the slices of an earlier generation had got when it ended.

    Its slices had other numbers of streams, and had not all got equally far. What one of them had
    handled is not handled again.

    Attributes:
        generation: The generation.
        positions: The position of each of its slices.

    Raises:
        InvalidArgument: a field is not valid.
    """

    generation: int
    positions: tuple[Position, ...]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("generation", self.generation, at_least=1)
        check_tuple("positions", self.positions, Position, "a Position", at_least=1)

    def passed(self, stream_id: UUID, position: Position) -> bool:
        """Return whether the slice of a stream had passed a position."""
        return position <= self.positions[slice_of(stream_id, len(self.positions))]


@value
class Registration:
    """
    A subscription as it is registered.

    Attributes:
        name: Its name.
        generation: Counts the resets and the changes of the number of slices, from 1.
        slices: How many slices it has.
        start: Where the slices of this generation start. What is before it is handled.
        fresh: Whether the generation begins with an empty view: the view is to be cleared.
        ready: Whether the generation is prepared, so that its slices may begin.
        paused: Whether an operator has paused it.
        requests: Counts what operators changed of its slices: a member that sees another count
            refreshes its leases.
        earlier: How far the generations before had got, as far as it still counts.
        next_slices: How many slices it is to have, if an operator has asked for another number.
            Members finish the events in hand, give their slices back, and begin a new generation.
        id: Tells it from others of the same name, before and after it. Later ones are greater, as
            UUIDs of version 7 are.

    Raises:
        InvalidArgument: a field is not valid.
    """

    name: str
    generation: int
    slices: int
    start: Position
    fresh: bool = False
    ready: bool = True
    paused: bool = False
    requests: int = 0
    earlier: tuple[Division, ...] = ()
    next_slices: int | None = None
    id: UUID | None = None

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_subscription_name(self.name)
        check_int("generation", self.generation, at_least=1)
        check_slices(self.slices)
        check_instance("start", self.start, Position, "a Position")
        for name in ("fresh", "ready", "paused"):
            check_bool(name, getattr(self, name))
        check_int("requests", self.requests, at_least=0)
        check_tuple("earlier", self.earlier, Division, "a Division")
        if self.next_slices is not None:
            check_slices(self.next_slices)
        check_instance("id", self.id, UUID, "a UUID", optional=True)

    def passed(self, stream_id: UUID, position: Position) -> bool:
        """Return whether an event of a stream was handled in an earlier generation."""
        return any(each.passed(stream_id, position) for each in self.earlier)


@value
class ParkedStream:
    """
    A stream one of whose events failed. Its later events wait behind it.

    It is one row, whatever waits: the events themselves stay in the feed.

    Attributes:
        stream_id: The stream.
        version: The version of the first event that waits.
        last_version: The version of the last event that waits; less than `version` if none does.
        after: A position before the first event that waits: a replay reads the feed after it.
        last_position: The position of the last event that waits.
        type: The type of the first event that waits, if any.
        error: Why it waits.
        attempts: How often that event was tried, by replays, too; 0 if none was since those before
            it were skipped or handled.
        since: When the stream was parked. A replay that fails does not change it.
        replay: Whether an operator asked for a replay.

    Raises:
        InvalidArgument: a field is not valid.
    """

    stream_id: UUID
    version: int
    last_version: int
    after: Position
    last_position: Position
    type: str | None
    error: str
    attempts: int
    since: datetime
    replay: bool = False

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_stream_id(self.stream_id)
        check_int("version", self.version, at_least=1)
        check_int("last_version", self.last_version, at_least=0)
        check_instance("after", self.after, Position, "a Position")
        check_instance("last_position", self.last_position, Position, "a Position")
        check_instance("type", self.type, str, "a str", optional=True)
        check_instance("error", self.error, str, "a str")
        check_int("attempts", self.attempts, at_least=0)
        check_moment(self.since)
        check_bool("replay", self.replay)

    @property
    def waits(self) -> bool:
        """Whether an event waits: an operator may have parked a stream before one did."""
        return self.version <= self.last_version


@value
class SkippedEvent:
    """
    An event that an operator skipped. The record is kept for ever.

    Attributes:
        stream_id: The stream.
        version: The version of the event.
        error: Why it was parked.
        reason: Why it was skipped.
        by: Who skipped it.
        at: When.

    Raises:
        InvalidArgument: a field is not valid.
    """

    stream_id: UUID
    version: int
    error: str
    reason: str
    by: str
    at: datetime

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_stream_id(self.stream_id)
        check_int("version", self.version, at_least=1)
        for name in ("error", "reason", "by"):
            check_instance(name, getattr(self, name), str, "a str")
        for name in ("reason", "by"):
            if not getattr(self, name).strip():
                raise InvalidArgument(f"{name} must not be empty")
        check_moment(self.at)


@value
class Lease:
    """
    The right of one member to work on one slice.

    Attributes:
        key: The slice.
        member: The member that claimed it.
        fence: Counts the claims: the store refuses what an earlier claim commits.
        position: How far the slice is.
        parked: Its parked streams, by id.
        registration_id: The id of the registration, if the store gives it one.

    Raises:
        InvalidArgument: a field is not valid.
    """

    key: SliceKey
    member: UUID
    fence: int
    position: Position
    parked: Mapping[UUID, ParkedStream] = field(default_factory=dict)
    registration_id: UUID | None = None

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_instance("key", self.key, SliceKey, "a SliceKey")
        check_instance("member", self.member, UUID, "a UUID")
        check_int("fence", self.fence, at_least=1)
        check_instance("position", self.position, Position, "a Position")
        check_instance("parked", self.parked, Mapping, "a mapping")
        check_instance("registration_id", self.registration_id, UUID, "a UUID", optional=True)


@value
class Beat:
    """
    What a member last said of itself.

    Attributes:
        generation: It works on no slice of an earlier generation, and will not.
        count: Counts its beats: a member whose count stands still may be dead.
        holding: Which of its slices stay where they are, and why.

    Raises:
        InvalidArgument: a field is not valid.
    """

    generation: int
    count: int
    holding: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_int("generation", self.generation, at_least=1)
        check_int("count", self.count, at_least=0)
        check_instance("holding", self.holding, Mapping, "a mapping")


@value
class Roster:
    """
    What the members of a consumer group know of each other.

    Attributes:
        registration: The subscription.
        members: The last beat of each member, dead ones among them.
        holders: Of each slice that was ever claimed: who holds it, or None, and its fence.

    Raises:
        InvalidArgument: a field is not valid.
    """

    registration: Registration
    members: Mapping[UUID, Beat]
    holders: Mapping[int, tuple[UUID | None, int]]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_instance("registration", self.registration, Registration, "a Registration")
        check_instance("members", self.members, Mapping, "a mapping")
        check_instance("holders", self.holders, Mapping, "a mapping")


@value
class Checkpoints:
    """
    How far a subscription is.

    Attributes:
        registration: The subscription.
        positions: The position of each of its slices.
        parked: Its parked streams, by id.

    Raises:
        InvalidArgument: a field is not valid.
    """

    registration: Registration
    positions: tuple[Position, ...]
    parked: Mapping[UUID, ParkedStream]

    def __post_init__(self) -> None:
        """Check the fields; raises `InvalidArgument`."""
        check_instance("registration", self.registration, Registration, "a Registration")
        check_tuple("positions", self.positions, Position, "a Position", at_least=1)
        if len(self.positions) != self.registration.slices:
            raise InvalidArgument("there must be one position for each slice")
        check_instance("parked", self.parked, Mapping, "a mapping")

    def passed(self, stream_id: UUID, position: Position) -> bool:
        """Return whether the subscription has passed an event of a stream, parked or not."""
        if position <= self.positions[slice_of(stream_id, len(self.positions))]:
            return True
        return self.registration.passed(stream_id, position)
