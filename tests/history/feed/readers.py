"""Readers: what each reader saw, against the feed as the last reading shows it."""

from collections.abc import Iterator, Mapping, Sequence

from ..violations import Violation
from .deliveries import Delivery, Item, Located, Trouble
from .kinds import FeedKind


def reader_violations(deliveries: Sequence[Delivery], log: Sequence[Item]) -> Iterator[Violation]:
    """
    Find what readers saw that is not in the feed, or not in its order, and what they missed.

    Each process goes on from where it was itself. A new one goes on from a position that its
    predecessor had stored, which may be an old one.
    """
    places = {item.ordinal: item for item in log}
    reached: dict[str, int] = {}  # by each process
    stored: dict[str, int] = {}  # by each reader, in all of its processes
    for delivery in deliveries:
        goes_on = reached.get(delivery.by)
        if goes_on is None and delivery.after > stored.get(delivery.reader, 0):
            what = f"{delivery.by} began after {delivery.after}, which its reader had not reached"
            yield Violation(FeedKind.FEED_PASSED, "", what)
        if goes_on is not None and delivery.after > goes_on:
            what = f"{delivery.by} read after {delivery.after}, but it was at {goes_on}"
            yield Violation(FeedKind.FEED_PASSED, "", what)
        yield from _items(delivery, places)
        yield from _missed(delivery, log)
        if max(delivery.position, delivery.head or 0) > len(log):
            what = f"{delivery.by}: position {delivery.position}, end {delivery.head}; "
            yield Violation(FeedKind.FEED_BEYOND, "", f"{what}the feed has {len(log)} events")
        reached[delivery.by] = delivery.position
        stored[delivery.reader] = max(stored.get(delivery.reader, 0), delivery.position)


def _items(delivery: Delivery, places: Mapping[int, Item]) -> Iterator[Violation]:
    before = delivery.after
    for item in delivery.items:
        if item.ordinal <= before:
            what = f"{delivery.by} got {item} after position {before}"
            yield Violation(FeedKind.FEED_AGAIN, item.stream, what)
        if delivery.types and item.type not in delivery.types:
            what = f"{delivery.by} got {item}, but wanted {delivery.types}"
            yield Violation(FeedKind.FEED_UNWANTED, item.stream, what)
        if places.get(item.ordinal) != item:
            what = f"{delivery.by} saw {item}; there stands {places.get(item.ordinal)}"
            yield Violation(FeedKind.FEED_DIFFERENT, item.stream, what)
        before = item.ordinal


def _missed(delivery: Delivery, log: Sequence[Item]) -> Iterator[Violation]:
    """Find wanted events that the position of a delivery passed, but that are not in it."""
    got = {item.ordinal for item in delivery.items}
    for item in log[delivery.after : delivery.position]:
        if item.ordinal not in got and (not delivery.types or item.type in delivery.types):
            way = f"from {delivery.after} to {delivery.position}"
            what = f"{delivery.by} went {way} without {item}"
            yield Violation(FeedKind.FEED_PASSED, item.stream, what)


def located_violations(located: Sequence[Located], log: Sequence[Item]) -> Iterator[Violation]:
    """Find positions that were given for an event, but are before it."""
    places = {(item.stream, item.version): item.ordinal for item in log}
    for each in located:
        place = places.get((each.stream, each.version))
        if place is None or each.ordinal < place:
            what = (
                f"version {each.version}: {each.by} was told {each.ordinal}, it stands at {place}"
            )
            yield Violation(FeedKind.FEED_BEFORE, each.stream, what)


def trouble_violations(troubles: Sequence[Trouble]) -> Iterator[Violation]:
    """Report errors of readers, and what the library logged as an error."""
    for each in troubles:
        kind = FeedKind.FEED_ALARM if each.alarm else FeedKind.FEED_BROKEN
        yield Violation(kind, "", f"{each.by}: {each.what}")
