"""The checker of feeds: all checks together, over a whole run."""

from collections.abc import Iterator

from ..final_state import last_read
from ..history import History
from ..intents import Intent, intents_of
from ..operations import Append
from ..violations import Verdict, Violation
from .delays import delays_of, share
from .kinds import FeedKind
from .promises import (
    Streams,
    future_violations,
    log_violations,
    order_violations,
    refused_violations,
)
from .quiet import quiet_violations
from .readers import located_violations, reader_violations, trouble_violations
from .readings import Readings


def check_feed(history: History, readings: Readings) -> Verdict:
    """Return the verdict on the feed of a run."""
    verdict = Verdict()
    intents = _intents(history)
    verdict.violations += _violations(history, readings, intents)
    delays = delays_of(intents, readings.first_seen)
    verdict.counts["events in the feed"] = len(readings.log)
    verdict.counts["deliveries"] = len(readings.deliveries)
    verdict.counts["events delivered"] = sum(len(each.items) for each in readings.deliveries)
    verdict.counts["positions asked for"] = len(readings.located)
    for name, part in (("median", 0.5), ("99 in 100", 0.99), ("longest", 1.0)):
        verdict.counts[f"delay, {name}, milliseconds"] = round(share(delays, part) * 1000)
    return verdict


def _violations(history: History, readings: Readings, intents: list[Intent]) -> Iterator[Violation]:
    yield from trouble_violations(readings.troubles)
    if not readings.final:
        yield Violation(FeedKind.FEED_UNPROVEN, "", f"{len(readings.deliveries)} deliveries")
        return
    log = readings.log
    by_event = {event: intent for intent in intents for event in intent.events}
    delivered = [item for each in readings.deliveries for item in each.items]
    yield from log_violations(log, _streams(history))
    yield from refused_violations([*log, *delivered], by_event)
    yield from future_violations(readings.first_seen, by_event)
    yield from order_violations(log, intents, _moment(history, "faults") or 0)
    yield from reader_violations(readings.deliveries, log)
    yield from located_violations(readings.located, log)
    readers = sorted({each.reader for each in readings.deliveries})
    yield from quiet_violations(readings, _moment(history, "quiet"), readers)


def _intents(history: History) -> list[Intent]:
    return [
        intent
        for operations in history.streams.values()
        for intent in intents_of(op for op in operations if isinstance(op, Append))
    ]


def _streams(history: History) -> Streams:
    found: dict[str, dict[int, str]] = {}
    for stream, operations in history.streams.items():
        read = last_read(operations)
        if read is not None:
            found[stream] = dict(read.placed)
    return found


def _moment(history: History, phase: str) -> int | None:
    """Return when a phase began, if it did; the feed is complete when that of faults begins."""
    return next(
        (mark.at for mark in history.marks if mark.name == "phase" and mark.on == phase), None
    )
