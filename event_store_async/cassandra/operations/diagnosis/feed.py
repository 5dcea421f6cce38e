"""Findings on the feed: its tables, its sequencer, its writers."""

from collections.abc import Iterator
from typing import Final

from ....errors import SchemaError
from ...feed.facts import FeedFacts
from ...schema.tables import ANNOUNCEMENT, EVENTS, FEED_SPECS
from ..inspector import ClusterState
from .finding import Finding, advice, must, ok

_LARGE: Final = 100
"""Mebibytes of a partition that is large; the library keeps those of a feed below."""

_MANY: Final = 100
"""Silent writers that are many: each is read once an hour."""

_CROWD: Final = 100_000
"""Writers in one partition, the closed ones included, that are too many to be read each second."""


def feed(state: ClusterState) -> Iterator[Finding]:
    """Look at the feed; without one, there is no finding."""
    if not state.schema.has_feed:
        yield from _remains(state)
        return
    yield from _announcements(state)
    yield from _partitions(state)
    if state.feed is not None:
        yield _state(state.feed)
        yield _sequencer(state, state.feed)
        yield _writers(state.feed)
        yield _unannounced(state.feed)
    elif state.feed_problem is not None and _is_usable(state):
        yield must(
            "feed",
            f"it cannot be read: {state.feed_problem}",
            "run `event-store verify`, and look at the log of the processes that append",
            "while its sequencer cannot read it either, nothing is published",
        )


def _is_usable(state: ClusterState) -> bool:
    """Say whether all tables can be used: what is wrong with them is a finding on the schema."""
    try:
        state.schema.check_usable()
    except SchemaError:
        return False
    return True


def _remains(state: ClusterState) -> Iterator[Finding]:
    if not state.feed_remains:
        return
    missing = f"{state.schema.table}_feed"
    yield must(
        "feed",
        f"{missing} is missing, but there is {', '.join(state.feed_remains)}",
        f"restore {missing} from a backup; if the feed was never used, run {_enable(state)}",
        "without it no store announces what it appends, and nothing is published",
    )


def _announcements(state: ClusterState) -> Iterator[Finding]:
    events = state.schema.tables[0]
    if events.spec is EVENTS and ANNOUNCEMENT in events.missing_additions:
        columns = " and ".join(EVENTS.additions[ANNOUNCEMENT])
        yield must(
            "feed",
            f"{events.name} lacks {columns}",
            f"run {_enable(state)}",
            "an append names its announcement there: no store can append to a table with a feed",
        )


def _partitions(state: ClusterState) -> Iterator[Finding]:
    own = {table.name for table in state.schema.tables if table.spec in FEED_SPECS}
    large = {name: size for name, size in state.partitions.items() if size > _LARGE and name in own}
    for name, size in large.items():
        yield advice(
            f"partitions of {name}",
            f"the largest has {size} MiB",
            "look for appends of very many events of different types, whose names are stored with "
            "each; or for very many writers",
            "large partitions are slow to read, to compact and to repair",
        )
    if state.partitions and not large:
        yield ok("partitions of the feed", f"the largest have at most {_LARGE} MiB")


def _state(facts: FeedFacts) -> Finding:
    status = facts.status
    found = f"{status.state}, {status.head.ordinal:,} events"
    if status.state == "complete":
        return ok("feed", found)
    return advice(
        "feed",
        found,
        "leave a store that sequences open, or `event-store feed run`, until it is complete",
        "events from before the feed was enabled are not all in it yet",
    )


def _sequencer(state: ClusterState, facts: FeedFacts) -> Finding:
    if facts.status.is_sequenced:
        return ok("feed sequencer", "one works")
    return must(
        "feed sequencer",
        "nobody sequences the feed",
        f"run `event-store feed run {_keyspace(state)}`, or keep a store open that appends; look "
        "for Settings(sequences=False)",
        "appends go on, but nothing is published",
    )


def _writers(facts: FeedFacts) -> Finding:
    found = (
        f"{facts.registered:,}, open: {facts.status.writers:,}, silent for a day: "
        f"{facts.silent:,}; undecided announcements: {facts.status.undecided:,}"
    )
    if facts.silent > _MANY or facts.registered > _CROWD:
        return advice(
            "feed writers",
            found,
            "close stores (`await store.close()`) when a process ends, also one that is told to",
            "every store that is not closed leaves a lane, which is read for ever",
        )
    return ok("feed writers", found)


def _unannounced(facts: FeedFacts) -> Finding:
    if not facts.found:
        return ok("feed scan", "found nothing that was not announced")
    at = "" if facts.found_at is None else f", the last at {facts.found_at:%Y-%m-%d %H:%M:%SZ}"
    return advice(
        "feed scan",
        f"found {facts.found:,} events that no writer announced{at}, in stream "
        f"{facts.found_stream}",
        "restart every process that appends, with a release that knows of feeds",
        "such events reach the feed minutes late, in an order that is not promised",
    )


def _enable(state: ClusterState) -> str:
    return f"`event-store feed enable {_keyspace(state)}`"


def _keyspace(state: ClusterState) -> str:
    return f"--keyspace {state.schema.table.partition('.')[0]}"
