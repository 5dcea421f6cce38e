"""Leases, fences and checkpoints of slices: S1 to S7, and S11."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from ...errors import InvalidArgument, LeaseLost, SubscriptionMismatch
from ...feeds import Position
from ...ports.slices import Beat, SliceKey
from ...ports.subscriptions import Subscriptions
from .subscription_base import SubscriptionBase, claimed, row, rows


class SubscriptionLeases(SubscriptionBase):
    """Who works on a slice, and how far it is."""

    @pytest.mark.asyncio
    async def test_s1_to_register_is_idempotent_and_the_start_counts_once(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        first = await subscriptions.register(name, 4, places[1])
        again = await subscriptions.register(name, 4, places[3])

        assert first == again
        assert (first.name, first.generation, first.slices) == (name, 1, 4)
        assert (first.start, first.ready, first.fresh, first.paused) == (
            places[1],
            True,
            False,
            False,
        )
        assert (await subscriptions.checkpoints(name)).positions == (places[1],) * 4
        with pytest.raises(SubscriptionMismatch) as caught:
            await subscriptions.register(name, 5, places[1])
        assert (caught.value.slices, caught.value.actual) == (5, 4)

    @pytest.mark.asyncio
    async def test_s1_of_two_that_register_at_once_both_get_the_same(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        one, other = await asyncio.gather(
            subscriptions.register(name, 2, places[0]), subscriptions.register(name, 2, places[1])
        )

        assert one == other

    @pytest.mark.asyncio
    async def test_s2_of_two_claims_one_wins(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        key, one, other = SliceKey(name, 1, 1), uuid4(), uuid4()

        found = await asyncio.gather(
            subscriptions.claim(key, one, 0), subscriptions.claim(key, other, 0)
        )

        (won,) = [lease for lease in found if lease is not None]
        assert (won.key, won.position, won.parked) == (key, places[0], {})
        roster = await subscriptions.beat(name, one, Beat(1, 1))
        assert roster.holders[1] == (won.member, won.fence)
        assert await subscriptions.claim(key, one, won.fence - 1) is None

    @pytest.mark.asyncio
    async def test_s3_a_commit_with_an_old_fence_changes_nothing(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        old = await claimed(subscriptions, name)
        new = await claimed(subscriptions, name)

        assert new.fence > old.fence
        with pytest.raises(LeaseLost) as caught:
            await subscriptions.commit(old, places[1], {})
        assert (caught.value.name, caught.value.generation, caught.value.slice) == (name, 1, 0)
        with pytest.raises(LeaseLost):
            await subscriptions.refresh(old)
        assert (await subscriptions.checkpoints(name)).positions == (places[0],)
        assert (await subscriptions.commit(new, places[2], {})).position == places[2]

    @pytest.mark.asyncio
    async def test_s4_a_commit_from_an_old_position_changes_nothing(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease = await claimed(subscriptions, name)
        await subscriptions.commit(lease, places[2], {})

        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, places[1], {})
        with pytest.raises(InvalidArgument):
            await subscriptions.commit(replace(lease, position=places[2]), places[1], {})
        assert (await subscriptions.checkpoints(name)).positions == (places[2],)

    @pytest.mark.asyncio
    async def test_s5_parked_streams_and_position_are_one_step(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease = await claimed(subscriptions, name)
        parked = row(uuid4(), places[0], places[1])
        other = row(uuid4(), places[0], places[1], version=1, type=None)

        lease = await subscriptions.commit(
            lease, places[1], {parked.stream_id: parked, other.stream_id: other}
        )
        assert lease.parked == {parked.stream_id: parked, other.stream_id: other}
        assert await rows(subscriptions, name) == lease.parked
        later = replace(parked, last_version=9, last_position=places[2])
        lease = await subscriptions.commit(
            lease, places[2], {parked.stream_id: later, other.stream_id: None}
        )

        checkpoints = await subscriptions.checkpoints(name)
        assert (checkpoints.positions, checkpoints.parked) == (
            (places[2],),
            {parked.stream_id: later},
        )
        assert (await claimed(subscriptions, name)).parked == {parked.stream_id: later}
        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, places[3], {parked.stream_id: None})
        assert await rows(subscriptions, name) == {parked.stream_id: later}

    @pytest.mark.asyncio
    async def test_s6_a_zombie_cannot_park(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        zombie = await claimed(subscriptions, name)
        await claimed(subscriptions, name)
        parked = row(uuid4(), places[0], places[1])

        for position in (places[0], places[1]):
            with pytest.raises(LeaseLost):
                await subscriptions.commit(zombie, position, {parked.stream_id: parked})
        assert await rows(subscriptions, name) == {}

    @pytest.mark.asyncio
    async def test_s7_a_release_hands_over_at_once(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease = await claimed(subscriptions, name)
        lease = await subscriptions.commit(lease, places[1], {})
        await subscriptions.release(lease)
        await subscriptions.release(lease)  # once more, as after an answer that was lost

        roster = await subscriptions.beat(name, uuid4(), Beat(1, 1))
        holder, _ = roster.holders[0]
        assert holder is None
        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, places[2], {})
        new = await claimed(subscriptions, name)
        assert (new.position, new.fence > lease.fence) == (places[1], True)
        await subscriptions.release(lease)  # a zombie's
        assert (await subscriptions.refresh(new)) == new

    @pytest.mark.asyncio
    async def test_s11_a_repeated_commit_is_settled_and_not_doubled(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease = await claimed(subscriptions, name)
        parked = row(uuid4(), places[0], places[1])

        first = await subscriptions.commit(lease, places[1], {parked.stream_id: parked})
        again = await subscriptions.commit(lease, places[1], {parked.stream_id: parked})
        assert first == again
        gone = await subscriptions.commit(first, places[1], {parked.stream_id: None})
        assert await subscriptions.commit(first, places[1], {parked.stream_id: None}) == gone
        assert await subscriptions.commit(gone, places[2], {}) == await subscriptions.commit(
            gone, places[2], {}
        )

    @pytest.mark.asyncio
    async def test_s11_a_commit_does_not_undo_what_an_operator_did_meanwhile(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease = await claimed(subscriptions, name)
        parked = row(uuid4(), places[0], places[1])
        lease = await subscriptions.commit(lease, places[1], {parked.stream_id: parked})
        await subscriptions.replay(name, parked.stream_id)

        later = replace(parked, last_version=6, last_position=places[2])
        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, places[2], {parked.stream_id: later})
        lease = await subscriptions.commit(lease, places[2], {})  # which leaves the row alone
        assert lease.parked[parked.stream_id].replay
        refreshed = await subscriptions.refresh(lease)
        assert refreshed.parked == {parked.stream_id: replace(parked, replay=True)}
