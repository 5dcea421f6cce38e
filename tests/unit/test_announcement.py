"""Announcements as they are stored, and as a sequencer reads them: a dense run, or nothing (S2)."""

from uuid import UUID

import orjson
import pytest

from event_store_async.cassandra.driver.port import Row
from event_store_async.cassandra.feed.announcement import (
    MAX_BYTES,
    Announcement,
    Content,
    Types,
    announced,
    following,
    packed,
)

STREAM = UUID(int=5)


def content(expected: int, types: Types = None, events: int = 1) -> Content:
    return (STREAM, expected, events, types, None)


def row(last: int, *contents: Content) -> Row:
    """Return a row as it is stored, with these announcements or with one of them."""
    return (last, packed(contents or (content(last),))[1])


def test_rows_are_made_into_announcements() -> None:
    several = row(5, content(4, ["a", "b"], events=2), (STREAM, 5, 1, "a", "account"))
    assert announced([several, row(6)], 3) == [
        Announcement(4, STREAM, 4, 2, ["a", "b"], None),
        Announcement(5, STREAM, 5, 1, "a", "account"),
        Announcement(6, STREAM, 6, 1, None, None),
    ]


def test_no_rows_are_no_announcements() -> None:
    assert announced([], 3) == []


def test_a_row_that_begins_before_the_seq_is_read_after_it() -> None:
    several = row(5, content(3), content(4), content(5))
    assert [it.seq for it in announced([several, row(6)], 4)] == [5, 6]
    assert [it.expected for it in announced([several, row(6)], 4)] == [5, 6]


def test_a_row_that_is_missing_ends_them() -> None:
    assert [it.seq for it in announced([row(4), row(5), row(7)], 3)] == [4, 5]
    assert [it.seq for it in announced([row(4), row(7, content(6), content(7))], 3)] == [4]
    assert announced([row(5)], 3) == []


def test_a_row_that_is_half_visible_ends_them() -> None:
    assert [it.seq for it in announced([row(4), (5, None), row(6)], 3)] == [4]


def test_what_a_writer_tells_is_as_it_would_be_read() -> None:
    contents: list[Content] = [
        content(0, "a"),
        content(1, [None, "b"], 2),
        (STREAM, 3, 1, None, "x"),
    ]
    assert following(contents, 3) == announced([row(6, *contents)], 3)


@pytest.mark.parametrize(
    ("lengths", "count"),
    [
        ([4], 1),
        ([4, 4, 4], 3),
        ([MAX_BYTES // 2, MAX_BYTES // 2], 1),
        ([MAX_BYTES // 3, MAX_BYTES // 3, MAX_BYTES // 3], 1),
        ([MAX_BYTES // 4] * 4, 2),
        ([MAX_BYTES + 1, 4], 1),  # alone, however long
        ([4, MAX_BYTES], 1),
    ],
)
def test_long_announcements_are_divided_among_rows(lengths: list[int], count: int) -> None:
    contents = [content(0, "x" * length) for length in lengths]

    fits, text = packed(contents)

    assert fits == count
    assert len(orjson.loads(text)) == count
    assert len(text) <= MAX_BYTES or count == 1


def test_a_row_is_measured_in_bytes() -> None:
    contents = [content(0, "\N{SNOWMAN}" * (MAX_BYTES // 4))] * 2  # three bytes each

    assert packed(contents)[0] == 1
