"""Seqs as ranges: how a doorbell tells which appends are stored."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from event_store_async.cassandra.feed.seq_ranges import (
    latest,
    merged,
    ranges_as_text,
    ranges_from_text,
    ranges_of,
)

SEQS = st.integers(1, 60)
RANGES = st.lists(st.builds(lambda first, count: range(first, first + count), SEQS, SEQS))


def seqs(ranges: Iterable[range]) -> list[int]:
    return [seq for each in ranges for seq in each]


@given(RANGES)
def test_merged_ranges_have_the_same_seqs_once_and_in_order(ranges: list[range]) -> None:
    found = merged(ranges)

    assert seqs(found) == sorted({*seqs(ranges)})
    assert all(one.stop < another.start for one, another in pairwise(found))


@given(st.lists(SEQS))
def test_ranges_of_seqs_have_the_same_seqs_once_and_in_order(given_seqs: list[int]) -> None:
    found = ranges_of(given_seqs)

    assert seqs(found) == sorted({*given_seqs})
    assert all(one.stop < another.start for one, another in pairwise(found))


@given(RANGES, st.integers(1, 100), st.integers(1, 5))
def test_the_latest_are_kept(ranges: list[range], count: int, most: int) -> None:
    ranges = merged(ranges)
    kept = latest(ranges, count, most)
    every = seqs(ranges)

    assert len(kept) <= most
    assert seqs(kept) == every[len(every) - len(seqs(kept)) :]
    assert all(seq > every[-1] - count for seq in seqs(kept))
    assert len(kept) == most or seqs(kept) == [it for it in every if it > every[-1] - count]


@given(RANGES)
def test_ranges_are_read_as_they_were_written(ranges: list[range]) -> None:
    assert ranges_from_text(ranges_as_text(ranges)) == ranges


def test_a_doorbell_that_says_nothing_has_no_ranges() -> None:
    assert ranges_from_text(None) == []


def test_stored_ranges_are_short() -> None:
    text = '{"ranges":[[1,7999],[8001,8001]]}'
    assert ranges_as_text([range(1, 8000), range(8001, 8002)]) == text


def test_seqs_that_were_stored_one_by_one_are_read_as_such() -> None:
    assert ranges_from_text("[5,9,6]") == [range(5, 7), range(9, 10)]
