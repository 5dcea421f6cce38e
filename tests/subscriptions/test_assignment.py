"""R7: the assignment of slices is balanced to one, sticky, and the same for all."""

import random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from event_store_async.subscriptions.assignment import assigned

MEMBERS = [UUID(int=number + 1) for number in range(12)]

groups = st.tuples(
    st.integers(1, 70),
    st.sets(st.sampled_from(MEMBERS), max_size=8),
    st.dictionaries(st.integers(0, 80), st.sampled_from(MEMBERS), max_size=70),
)


@settings(max_examples=500, deadline=None)
@given(groups)
def test_every_slice_has_a_living_member_and_none_has_two_more_than_another(
    group: tuple[int, set[UUID], dict[int, UUID]],
) -> None:
    slices, members, holders = group
    result = assigned(slices, members, holders)

    if not members:
        assert result == {}
        return
    assert sorted(result) == list(range(slices))
    counts = [list(result.values()).count(member) for member in members]
    assert sum(counts) == slices  # nobody else has any
    assert max(counts) - min(counts) <= 1


@settings(max_examples=500, deadline=None)
@given(groups, st.randoms(use_true_random=False))
def test_all_members_compute_the_same(
    group: tuple[int, set[UUID], dict[int, UUID]], chance: random.Random
) -> None:
    slices, members, holders = group
    shuffled, mixed = list(members), list(holders.items())
    chance.shuffle(shuffled)
    chance.shuffle(mixed)

    assert assigned(slices, shuffled, dict(mixed)) == assigned(slices, members, holders)


@settings(max_examples=500, deadline=None)
@given(groups)
def test_no_slice_moves_that_need_not(group: tuple[int, set[UUID], dict[int, UUID]]) -> None:
    slices, members, holders = group
    if not members:
        return
    result = assigned(slices, members, holders)
    held = {number: holders[number] for number in range(slices) if holders.get(number) in members}

    moved = sum(result[number] != holder for number, holder in held.items())
    counts = sorted((list(held.values()).count(member) for member in members), reverse=True)
    share, extra = divmod(slices, len(members))
    fewest = sum(max(0, n - share - (at < extra)) for at, n in enumerate(counts))
    assert moved == fewest


@settings(max_examples=300, deadline=None)
@given(groups)
def test_what_is_assigned_and_held_stays(group: tuple[int, set[UUID], dict[int, UUID]]) -> None:
    slices, members, holders = group
    result = assigned(slices, members, holders)

    assert assigned(slices, members, result) == result


def test_a_member_that_joins_takes_only_its_share() -> None:
    one, two, three = MEMBERS[:3]
    before = assigned(6, {one, two}, {})
    after = assigned(6, {one, two, three}, before)

    assert [list(after.values()).count(each) for each in (one, two, three)] == [2, 2, 2]
    assert sum(before[number] != after[number] for number in range(6)) == 2
    assert all(after[n] in (before[n], three) for n in range(6))
