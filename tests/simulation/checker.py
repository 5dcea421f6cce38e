"""Checker: judges the log against the streams, after a run."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from event_store_async.cassandra.feed.entry import Links

from .cells import STATIC
from .tables import Tables


@dataclass(frozen=True)
class Appended:
    """
    An append that was acknowledged.

    Attributes:
        instance: The store that appended.
        began: When its call began, in virtual seconds.
        ended: When it was acknowledged.
        stream_id: The stream.
        first: The version of its first event.
        last: The version of its last event.
        fresh: Whether a request of this very call stored it.
    """

    instance: str
    began: float
    ended: float
    stream_id: UUID
    first: int
    last: int
    fresh: bool


def heads_of(tables: Tables) -> dict[UUID, int]:
    """Return the version of every stream that has events."""
    heads = {}
    for place, partition in tables.partitions.items():
        if place[0] == "events":
            head = partition.seen(None).get((STATIC, "max_version"))
            if head:
                heads[place[1]] = head
    return heads


def calls_of(tables: Tables) -> set[int]:
    """Return the calls that the stored events' payloads name."""
    found = set()
    for place, partition in tables.partitions.items():
        if place[0] == "events":
            for (_, column), value in partition.seen(None).items():
                if column == "payload":
                    found.add(orjson.loads(value).get("call"))
    return found


def log_of(tables: Tables) -> list[tuple[UUID, int]]:
    """Return all events in the log, in order: (stream, version)."""
    entries: dict[int, str] = {}
    ordinals: dict[int, int] = {}
    for place, partition in tables.partitions.items():
        if place[0] == "log":
            for (key, column), value in partition.seen(None).items():
                if column == "links":
                    entries[key] = value
                elif column == "ordinal":
                    ordinals[key] = value
    found: list[tuple[UUID, int]] = []
    for number in sorted(entries):
        assert number == 1 or number - 1 in entries, f"GAP: entry {number - 1} is missing"
        assert ordinals[number] == len(found) + 1, f"ORDINAL: entry {number}"
        for link in Links.from_text(entries[number]):
            found += [(link.stream_id, version) for version in range(link.first, link.last + 1)]
    return found


def judge(tables: Tables, appended: Sequence[Appended], *, complete: bool) -> list[str]:
    """
    Return what is wrong with a log.

    Args:
        tables: The cluster.
        appended: The appends that were acknowledged.
        complete: Whether everything has had time to be published.
    """
    wrong: list[str] = []
    log, heads = log_of(tables), heads_of(tables)
    at: dict[UUID, int] = defaultdict(int)
    for stream_id, version in log:
        if version <= at[stream_id]:
            wrong.append(f"TWICE: {stream_id} {version} after {at[stream_id]}")
        elif version > at[stream_id] + 1:
            wrong.append(f"MISORDERED: {stream_id} {version} after {at[stream_id]}")
        if version > heads.get(stream_id, 0):
            wrong.append(f"PHANTOM: {stream_id} {version} above {heads.get(stream_id, 0)}")
        at[stream_id] = max(at[stream_id], version)
    for stream_id, head in heads.items():
        if complete and at[stream_id] < head:
            wrong.append(f"SKIPPED: {stream_id} {at[stream_id] + 1} of {head}")
    wrong += _order(log, appended)
    return wrong


def _order(log: list[tuple[UUID, int]], appended: Sequence[Appended]) -> list[str]:
    """An append that began after another of its instance was acknowledged comes after it."""
    places = {event: place for place, event in enumerate(log)}
    wrong = []
    for instance in dict.fromkeys(each.instance for each in appended):
        own = [each for each in appended if each.instance == instance and each.fresh]
        for earlier in own:
            before = places.get((earlier.stream_id, earlier.first))
            for later in own:
                after = places.get((later.stream_id, later.first))
                if earlier.ended >= later.began or after is None:
                    continue
                if before is None or before > after:
                    wrong.append(f"ORDER: {earlier} is not before {later}")
    return wrong
