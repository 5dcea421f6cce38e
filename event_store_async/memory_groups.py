"""Groups in memory: the rows of subscriptions, as a store in memory keeps them."""

from dataclasses import dataclass, field
from uuid import UUID

from .feeds import Position
from .ports.slices import Beat, ParkedStream, Registration, SkippedEvent


@dataclass(slots=True)
class MemorySlice:
    """A slice as it is stored; its fence says how often it was claimed or released."""

    position: Position
    fence: int = 0
    holder: UUID | None = None
    parked: dict[UUID, ParkedStream] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryGroup:
    """A subscription as it is stored."""

    registration: Registration
    slices: list[MemorySlice]
    members: dict[UUID, Beat] = field(default_factory=dict)
    skipped: list[SkippedEvent] = field(default_factory=list)


class MemoryGroups:
    """
    The subscriptions of a store in memory, and of the stores that share its streams.

    Attributes:
        by_name: The subscriptions, by name.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, MemoryGroup] = {}
