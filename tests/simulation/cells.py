"""Cells: what reads at a quorum see of writes that are acknowledged, and of those that are not."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

Key = Any
"""A clustering key; None for static cells."""

STATIC = None


@dataclass(slots=True)
class Write:
    """
    A write to one partition, atomic.

    Attributes:
        cells: Values by clustering key and column.
        at: Its timestamp.
        deletes: Whether it deletes the whole partition instead.
    """

    cells: dict[tuple[Key, str], Any]
    at: int
    deletes: bool = False


@dataclass(slots=True)
class Partition:
    """
    One partition: cells that every quorum shows, and writes that only some show.

    Attributes:
        sure: The cells that every read sees, each with its timestamp.
        half: Writes that each read sees or does not, by chance.
        landed: All writes that every read sees, in the order in which that began.
        deleted_at: The timestamp of the last deletion that every read sees.
    """

    sure: dict[tuple[Key, str], tuple[int, Any]] = field(default_factory=dict)
    half: list[Write] = field(default_factory=list)
    landed: list[Write] = field(default_factory=list)
    deleted_at: int = -1

    def land(self, write: Write) -> None:
        """Make every read see a write."""
        if any(write is each for each in self.half):
            self.half = [each for each in self.half if each is not write]
        elif any(write is each for each in self.landed):
            return
        self.landed.append(write)
        self.deleted_at = _apply(self.sure, write, self.deleted_at)

    def land_all(self) -> None:
        """Make every read see every write, as a Paxos round does."""
        for write in list(self.half):
            self.land(write)

    def snapshot(self) -> "Snapshot":
        """Return what every read that begins now sees at least."""
        return Snapshot(dict(self.sure), self.deleted_at, len(self.landed))

    def seen(
        self, random: Random | None, since: "Snapshot | None" = None
    ) -> dict[tuple[Key, str], Any]:
        """
        Return the cells that a read sees; without chance, all there are.

        Args:
            random: Decides about each write that the read may see.
            since: What there was when the read began. Replicas answer at different moments, so it
                may see a write that came later and not one that came before that.
        """
        doubtful = list(self.half)
        if since is not None:
            doubtful += self.landed[since.landed :]
        if not doubtful:
            return {key: value for key, (_, value) in self.sure.items() if value is not None}
        start = since or self.snapshot()
        cells, deleted_at = dict(start.sure), start.deleted_at
        for write in doubtful:
            if random is None or random.random() < 0.5:
                deleted_at = _apply(cells, write, deleted_at)
        return {key: value for key, (_, value) in cells.items() if value is not None}


@dataclass(slots=True)
class Snapshot:
    """What every read that begins at a moment sees at least; see `Partition.snapshot`."""

    sure: dict[tuple[Key, str], tuple[int, Any]]
    deleted_at: int
    landed: int


def _apply(cells: dict[tuple[Key, str], tuple[int, Any]], write: Write, deleted_at: int) -> int:
    if write.deletes:
        for key in [key for key, (at, _) in cells.items() if at <= write.at]:
            del cells[key]
        return max(deleted_at, write.at)
    for key, value in write.cells.items():
        if write.at <= deleted_at:
            continue
        known = cells.get(key)
        # Of equal timestamps a deletion wins, and otherwise the larger value.
        if known is None or _rank(write.at, value) > _rank(*known):
            cells[key] = (write.at, value)
    return deleted_at


def _rank(at: int, value: Any) -> tuple[int, bool, str]:
    return at, value is None, str(value)
