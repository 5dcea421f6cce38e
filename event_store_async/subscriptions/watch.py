"""Watch: which members live, judged by one's own clock alone."""

from collections.abc import Collection, Mapping
from uuid import UUID

from ..ports.slices import Beat, Roster

_NEVER = -1
"""The count of a holder whose beats nobody knows: they were forgotten, or are yet to come."""


class Watch:
    """
    Judges which members of a group live: those whose count of beats was seen to change lately.

    No clocks are compared. A member that holds a lease counts from the moment before it sent its
    beat; who watches it counts from the moment after it saw that beat, which is later. So the
    member has stopped before anybody takes over.

    Args:
        member: The member that watches. It lives.
        lease: After how many seconds without a new count a member is dead.
    """

    def __init__(self, member: UUID, lease: float) -> None:
        self._member = member
        self._lease = lease
        self._seen: dict[UUID, tuple[int, float]] = {}

    def see(self, roster: Roster, begun: float, now: float) -> frozenset[UUID]:
        """
        Return who lives.

        Args:
            roster: What the store answered.
            begun: When it was asked. What it has not seen by then had not happened by then; what
                happened since, this answer need not show.
            now: When the answer was there.
        """
        counts = {member: beat.count for member, beat in roster.members.items()}
        for holder, _ in roster.holders.values():
            # Its beats may just have been forgotten, by somebody who took it for dead.
            if holder is not None:
                counts.setdefault(holder, _NEVER)
        self._seen = {
            member: known
            if (known := self._seen.get(member)) is not None and known[0] == count
            else (count, now)
            for member, count in counts.items()
        }
        living = {member for member, (_, seen) in self._seen.items() if begun - seen < self._lease}
        return frozenset(living | {self._member})

    def long_dead(self, members: Collection[UUID], begun: float) -> list[UUID]:
        """Return which of these members have not beaten for so long that they can be forgotten."""
        return [
            member
            for member in members
            if member != self._member
            and member in self._seen
            and begun - self._seen[member][1] >= 4 * self._lease
        ]


def may_begin(generation: int, living: Collection[UUID], beats: Mapping[UUID, Beat]) -> bool:
    """Return whether no living member works on an earlier generation any more."""
    return all(beats[member].generation >= generation for member in living if member in beats)
