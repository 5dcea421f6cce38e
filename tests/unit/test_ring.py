"""The ring: cut into ranges so that every token is in exactly one."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async import InvalidArgument
from event_store_async.ring import (
    LARGEST,
    RING,
    SMALLEST,
    ScanPosition,
    TokenRange,
)

TOKENS = st.integers(SMALLEST + 1, LARGEST)


@given(st.integers(1, 1000), TOKENS)
def test_every_token_is_in_one_part(count: int, token: int) -> None:
    parts = RING.split(count)

    assert len(parts) == count
    assert [part for part in parts if token in part] == [
        part for part in parts if part.after < token <= part.up_to
    ]
    assert sum(token in part for part in parts) == 1


@given(st.integers(1, 1000))
def test_the_parts_join_and_are_of_one_size(count: int) -> None:
    parts = RING.split(count)

    assert (parts[0].after, parts[-1].up_to) == (SMALLEST, LARGEST)
    assert all(one.up_to == other.after for one, other in pairwise(parts))
    assert max(part.size for part in parts) - min(part.size for part in parts) <= 1


def test_the_ends_of_the_ring() -> None:
    assert LARGEST in RING
    assert SMALLEST + 1 in RING
    assert SMALLEST not in RING, "the partitioner gives it to no key"
    assert RING.size == 2**64 - 1


@pytest.mark.parametrize(
    ("after", "up_to"), [(5, 5), (6, 5), (SMALLEST - 1, 0), (0, LARGEST + 1), (True, 5), (0, "5")]
)
def test_what_is_no_range_is_refused(after: int, up_to: int) -> None:
    with pytest.raises(InvalidArgument):
        TokenRange(after, up_to)


@pytest.mark.parametrize("count", [0, -1, True, 11, 2.0])
def test_what_is_no_count_is_refused(count: int) -> None:
    with pytest.raises(InvalidArgument, match="cannot be split"):
        TokenRange(0, 10).split(count)


def test_positions_are_in_the_order_of_the_server() -> None:
    """It compares ids as bytes, unsigned."""
    low, high = UUID(int=1), UUID(int=2**128 - 1)

    assert ScanPosition(-5, high).order < ScanPosition(3, low).order < ScanPosition(3, high).order
