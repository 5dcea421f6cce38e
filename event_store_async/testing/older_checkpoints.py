"""Older checkpoints: what hostile subscriptions show of slices, instead of what the store keeps."""

from collections import deque
from dataclasses import replace
from typing import Final

from ..feeds import Position
from ..ports.slices import Lease, SliceKey

_KEPT: Final = 10
"""How many checkpoints of a slice are remembered."""


class OlderCheckpoints:
    """
    Remembers the checkpoints that slices had, and which members were given an older one.

    Such a member commits from there. The store's own checkpoint stays where it is until the member
    has passed it, so nobody else goes back.
    """

    def __init__(self) -> None:
        self._had: dict[SliceKey, deque[Lease]] = {}
        self._ahead: dict[SliceKey, Lease] = {}  # the leases as the store keeps them

    def has_older(self, key: SliceKey) -> bool:
        """Return whether a slice is known to have had several checkpoints."""
        return len(self._had.get(key, ())) > 1

    def claimed(self, lease: Lease, back: int) -> Position | None:
        """Note a claim; return an older checkpoint, so many commits back if there were so many."""
        self._ahead.pop(lease.key, None)
        self._note(lease)
        had = self._had[lease.key]
        older = [each.position for each in had if each.position < lease.position]
        return older[-min(back, len(older))] if older else None

    def show(self, lease: Lease, position: Position) -> Lease:
        """Return a lease with an older checkpoint."""
        self._ahead[lease.key] = lease
        return replace(lease, position=position)

    def kept(self, lease: Lease) -> Lease:
        """Return a lease with the checkpoint that the store keeps."""
        ahead = self._ahead.get(lease.key)
        if ahead is None or ahead.fence != lease.fence:
            return lease
        return replace(lease, position=ahead.position)

    def shown(self, lease: Lease, before: Lease) -> Lease:
        """Return what the store answered, with the checkpoint that the member was given before."""
        return lease if self.kept(before) is before else replace(lease, position=before.position)

    def committed(self, lease: Lease, shown: Position) -> Lease:
        """Note a commit; return it with the position to which the member has moved."""
        self._note(lease)
        if shown >= lease.position:
            self._ahead.pop(lease.key, None)
        return replace(lease, position=shown)

    def _note(self, lease: Lease) -> None:
        had = self._had.setdefault(lease.key, deque(maxlen=_KEPT))
        if had and had[-1].registration_id != lease.registration_id:
            had.clear()  # it was forgotten, and registered again
        if not had or had[-1].position != lease.position:
            had.append(lease)
