"""Promises: the feed as a whole, against the streams and the appends of the run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..intents import Intent
from ..violations import Violation
from .deliveries import Item
from .kinds import FeedKind

Streams = Mapping[str, Mapping[int, str]]
"""The event at each version of each stream, as the last read of the stream shows it."""


def log_violations(log: Sequence[Item], streams: Streams) -> Iterator[Violation]:
    """Find where the feed is not the union of the streams, each in order, with dense positions."""
    reached: dict[str, int] = {}
    seen: set[tuple[str, int]] = set()
    for place, item in enumerate(log, 1):
        before = reached.get(item.stream, 0)
        if item.ordinal != place:
            what = f"event {place} of the feed has position {item.ordinal}"
            yield Violation(FeedKind.FEED_GAP, item.stream, what)
        if streams.get(item.stream, {}).get(item.version) != item.event:
            yield Violation(FeedKind.FEED_PHANTOM, item.stream, f"{item}")
        if (item.stream, item.version) in seen:
            yield Violation(FeedKind.FEED_TWICE, item.stream, f"{item}")
        elif item.version != before + 1:
            yield Violation(FeedKind.FEED_VERSIONS, item.stream, f"{item} stands after {before}")
        seen.add((item.stream, item.version))
        reached[item.stream] = max(before, item.version)
    for stream, events in streams.items():
        for version, event in events.items():
            if (stream, version) not in seen:
                what = f"version {version}, {event}, is not in the feed"
                yield Violation(FeedKind.FEED_SKIPPED, stream, what)


def refused_violations(
    delivered: Iterable[Item], intents: Mapping[str, Intent]
) -> Iterator[Violation]:
    """Find events whose appends were refused, for certain."""
    for item in set(delivered):
        intent = intents.get(item.event)
        if intent is not None and intent.refused and not intent.stored:
            yield Violation(FeedKind.FEED_REFUSED, item.stream, f"{item}: {intent}")


def future_violations(
    seen: Mapping[str, int], intents: Mapping[str, Intent]
) -> Iterator[Violation]:
    """Find events that were delivered before any call had appended them."""
    for event, at in seen.items():
        intent = intents.get(event)
        if intent is not None and at < intent.began:
            stream = intent.attempts[0].stream
            yield Violation(FeedKind.FEED_FUTURE, stream, f"{event} of {intent}")


def order_violations(
    log: Sequence[Item], intents: Iterable[Intent], complete: int
) -> Iterator[Violation]:
    """
    Find appends that stand before one of the same store that was acknowledged when they began.

    A process has one store. Left out are appends that several stores attempted: of them it is not
    known which one stored them. Left out are also those that began before the feed was complete.
    """
    places = {item.event: item.ordinal for item in log}
    stores: dict[str, list[Intent]] = {}
    for intent in intents:
        by = {attempt.span.by for attempt in intent.attempts}
        if intent.began < complete or intent.events[0] not in places:
            continue
        if intent.stored and len(by) == 1:
            stores.setdefault(by.pop(), []).append(intent)
    for own in stores.values():
        acknowledged = sorted(own, key=lambda intent: intent.acknowledged)
        last: Intent | None = None  # of those acknowledged so far, the one that stands last
        index = 0
        for intent in sorted(own, key=lambda intent: intent.began):
            while acknowledged[index].acknowledged < intent.began:
                candidate = acknowledged[index]
                if last is None or places[candidate.events[0]] > places[last.events[0]]:
                    last = candidate
                index += 1
            place = places[intent.events[0]]
            if last is not None and place < places[last.events[0]]:
                what = f"{intent} stands at {place}, {last} at {places[last.events[0]]}"
                yield Violation(FeedKind.FEED_ORDER, intent.attempts[0].stream, what)
