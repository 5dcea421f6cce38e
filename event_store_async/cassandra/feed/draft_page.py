"""Draft of a page: the places of the wanted events, filled in any order."""

from collections.abc import Sequence
from typing import Any, Final

from ...errors import StreamError
from ...feeds.page import BrokenEvent, FeedEvent, place
from .wanted import Run, Wanted

_GONE: Final = object()
"""In the place of an event that is gone."""


class DraftPage:
    """
    A page whose events are being fetched.

    Args:
        wanted: The events, in order.
        size: How many bytes of payload may be on it, before it is cut.

    Attributes:
        left: How many bytes may still come.
    """

    __slots__ = ("_found", "_some_are_gone", "left")

    def __init__(self, wanted: Sequence[Wanted], size: int) -> None:
        # For each place a `FeedEvent`, a `BrokenEvent` or `_GONE`; None if it is not fetched.
        count = wanted[-1].place + wanted[-1].events if wanted else 0
        self._found: list[Any] = [None] * count
        self._some_are_gone = False
        self.left = size

    def put(self, run: Run, events: Sequence[FeedEvent[Any]]) -> None:
        """Put consecutive events of a run, without their place in the feed, at least one."""
        version = events[0].version
        for part, first, end in run.between(version, version + len(events)):
            placed = events[first - version : end - version]
            place(placed, part.places, part.link.category)
            at = part.place + first - part.first
            self._found[at : at + len(placed)] = placed

    def leave_out(self, run: Run, first: int, end: int) -> None:
        """Note that the versions from one on, up to another, are gone."""
        self._some_are_gone = True
        for part, start, stop in run.between(first, end):
            for version in range(start, stop):
                self._found[part.place + version - part.first] = _GONE

    def put_broken(self, run: Run, version: int, error: StreamError) -> None:
        """Put the error of an event that cannot be read, if it is wanted."""
        part = run.part_of(version)
        if part is not None:
            link = part.link
            self._found[part.place + version - part.first] = BrokenEvent(
                part.position(version),
                run.stream_id,
                version,
                link.type_at(version - link.first),
                link.category,
                error,
            )

    def finished(self) -> tuple[list[FeedEvent[Any] | BrokenEvent], int]:
        """Return the events before the first that is not fetched, and how many were wanted."""
        found, count = self._found, len(self._found)
        if not all(found):  # what is fetched is true
            count = next(at for at, item in enumerate(found) if item is None)
            found = found[:count]
        if self._some_are_gone:
            found = [item for item in found if item is not _GONE]
        return found, count
