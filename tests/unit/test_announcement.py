"""Announcements as a sequencer reads them: a dense run, or nothing (S2)."""

from typing import Any
from uuid import UUID

import pytest

from event_store_async.cassandra.feed.announcement import (
    MAX_TYPES,
    Announcement,
    Content,
    announced,
    fitting,
)

STREAM = UUID(int=5)
Fields = tuple[Any, ...]


def row(seq: int, **fields: Any) -> Fields:
    found = {"stream_id": str(STREAM), "expected": seq, "events": 1, "types": "null"} | fields
    return (seq, *found.values(), None)


def test_rows_are_made_into_announcements() -> None:
    assert announced([row(4, types='["a","b"]', events=2), row(5, types='"a"')], 3) == [
        Announcement(4, STREAM, 4, 2, ["a", "b"], None),
        Announcement(5, STREAM, 5, 1, "a", None),
    ]


def test_no_rows_are_no_announcements() -> None:
    assert announced([], 3) == []


def test_a_row_that_is_missing_ends_them() -> None:
    assert [it.seq for it in announced([row(4), row(5), row(7)], 3)] == [4, 5]
    assert announced([row(5)], 3) == []


@pytest.mark.parametrize("column", ["stream_id", "expected", "events", "types"])
def test_a_row_that_is_half_visible_ends_them(column: str) -> None:
    assert [it.seq for it in announced([row(4), row(5, **{column: None}), row(6)], 3)] == [4]


@pytest.mark.parametrize(
    ("lengths", "count"),
    [
        ([4], 1),
        ([4, 4, 4], 3),
        ([MAX_TYPES - 4, 4, 4], 2),
        ([MAX_TYPES + 1, 4], 1),  # alone, however long
        ([4, MAX_TYPES], 1),
    ],
)
def test_announcements_with_long_types_are_not_written_together(
    lengths: list[int], count: int
) -> None:
    contents: list[Content] = [(STREAM, 0, 1, "x" * length, None) for length in lengths]

    assert fitting(contents) == count
