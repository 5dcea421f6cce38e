"""Seq ranges: seqs of a lane, as ranges; most of the seqs of stored appends follow each other."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Final

import orjson

_start: Final = attrgetter("start")


def ranges_of(seqs: Iterable[int]) -> list[range]:
    """Return seqs as ranges, in order."""
    found: list[range] = []
    start = stop = 0
    for seq in sorted(seqs):
        if seq == stop:
            stop += 1
        elif seq > stop:
            if stop:
                found.append(range(start, stop))
            start, stop = seq, seq + 1
    if stop:
        found.append(range(start, stop))
    return found


def merged(ranges: Iterable[range]) -> list[range]:
    """Return ranges in order, joined where they touch or overlap."""
    found: list[range] = []
    for each in sorted(ranges, key=_start):
        if not found or each.start > found[-1].stop:
            found.append(each)
        elif each.stop > found[-1].stop:
            found[-1] = range(found[-1].start, each.stop)
    return found


def latest(ranges: Sequence[range], seqs: int, most: int) -> list[range]:
    """Return the last ranges of some in order: *most* at most, *seqs* back from the end."""
    if not ranges:
        return []
    first = ranges[-1].stop - seqs
    kept = [each for each in ranges[-most:] if each.stop > first]
    kept[0] = range(max(kept[0].start, first), kept[0].stop)
    return kept


def ranges_as_text(ranges: Iterable[range]) -> str:
    """Return ranges as they are stored: an object with the first and the last seq of each."""
    return orjson.dumps({"ranges": [[it.start, it.stop - 1] for it in ranges]}).decode()


def ranges_from_text(text: str | None) -> list[range]:
    """Return ranges from their stored form."""
    found = orjson.loads(text or "[]")
    if isinstance(found, list):  # seqs, one by one, as they were stored before there were ranges
        return ranges_of(found)
    return [range(first, last + 1) for first, last in found["ranges"]]
