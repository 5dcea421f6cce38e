"""Generations, groups, and what operators do: S8 to S10, S12 and S13."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from ...errors import (
    ForeignPosition,
    InvalidArgument,
    LeaseLost,
    NotParked,
    ResliceRefused,
    SubscriptionMismatch,
    SubscriptionUnknown,
)
from ...feeds import Position
from ...ports.slices import Beat, SliceKey, is_later_registration
from ...ports.subscriptions import Subscriptions
from ...ports.transactions import Stopped
from .subscription_base import (
    SubscriptionBase,
    claimed,
    resliced,
    row,
    rows,
    stream_in,
)


class SubscriptionOperations(SubscriptionBase):
    """Groups, generations, pauses, parked streams, and what is forgotten."""

    @pytest.mark.asyncio
    async def test_s8_a_reset_voids_every_lease(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        leases = [await claimed(subscriptions, name, number) for number in (0, 1)]
        parked = row(stream_in(1, 2), places[0], places[3])
        leases[1] = await subscriptions.commit(leases[1], places[3], {parked.stream_id: parked})

        registration = await subscriptions.reset(name, places[2])

        assert (registration.generation, registration.start) == (2, places[2])
        assert (registration.fresh, registration.ready) == (True, False)
        for lease in leases:
            with pytest.raises(LeaseLost):
                await subscriptions.commit(lease, places[4], {})
            with pytest.raises(LeaseLost):
                await subscriptions.refresh(lease)
        checkpoints = await subscriptions.checkpoints(name)
        assert (checkpoints.positions, checkpoints.parked) == ((places[2],) * 2, {})

    @pytest.mark.asyncio
    async def test_s8_a_reset_takes_a_start(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        beginning = Position.beginning(places[0].feed_id)

        assert (await subscriptions.reset(name, "beginning")).start == beginning
        assert (await subscriptions.reset(name, "now")).start >= places[-1]
        with pytest.raises(ForeignPosition):
            await subscriptions.reset(name, replace(places[0], feed_id=uuid4()))
        with pytest.raises(InvalidArgument):
            await subscriptions.reset(name, "yesterday")  # type: ignore[arg-type]
        assert (await subscriptions.checkpoints(name)).registration.generation == 3

    @pytest.mark.asyncio
    async def test_s8_a_generation_is_prepared_once(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        old = await subscriptions.register(name, 1, places[0])
        new = await subscriptions.reset(name, places[1])

        assert await subscriptions.prepared(old) == new
        ready = await subscriptions.prepared(new)
        assert (ready.ready, ready.fresh) == (True, False)
        assert await subscriptions.prepared(new) == ready

    @pytest.mark.asyncio
    async def test_s9_nothing_of_an_old_generation_can_be_claimed(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 3, places[0])
        lease = await claimed(subscriptions, name, 1)
        await resliced(subscriptions, name, 2)

        member = uuid4()
        for number, fence in ((0, 0), (1, lease.fence), (2, 0)):
            assert await subscriptions.claim(SliceKey(name, 1, number), member, fence) is None
        assert await subscriptions.claim(SliceKey(name, 2, 2), member, 0) is None
        assert await subscriptions.claim(SliceKey(name, 3, 0), member, 0) is None
        assert await subscriptions.claim(SliceKey(name, 2, 0), member, 0) is not None

    @pytest.mark.asyncio
    async def test_s9_another_number_of_slices_waits_for_those_who_work(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        old = await subscriptions.register(name, 2, places[0])
        lease = await claimed(subscriptions, name, 1)

        asked = await subscriptions.reslice(name, 3)
        assert (asked.generation, asked.slices, asked.next_slices) == (1, 2, 3)
        roster = await subscriptions.beat(name, lease.member, Beat(1, 2))
        assert roster.registration.next_slices == 3
        for slices in (2, 3):
            assert await subscriptions.register(name, slices, places[1]) == asked
        lease = await subscriptions.commit(lease, places[1], {})
        assert (await subscriptions.reslice(name, 2)).next_slices is None
        assert await subscriptions.divide(old) == old
        await subscriptions.reslice(name, 4)
        new = await subscriptions.divide(old)
        assert (new.generation, new.slices, new.next_slices) == (2, 4, None)
        assert await subscriptions.divide(old) == new  # once more
        with pytest.raises(LeaseLost):
            await subscriptions.commit(lease, places[2], {})

    @pytest.mark.asyncio
    async def test_s9_another_number_of_slices_is_at_once_if_nobody_works(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        await subscriptions.release(await claimed(subscriptions, name, 1))

        new = await subscriptions.reslice(name, 3)
        assert (new.generation, new.slices, new.next_slices) == (2, 3, None)

    @pytest.mark.asyncio
    async def test_s9_what_other_slices_had_passed_stays_passed(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        ahead, behind = stream_in(1, 2), stream_in(0, 2)
        parked = row(ahead, places[1], places[3])
        lease = await claimed(subscriptions, name, 1)
        await subscriptions.commit(lease, places[3], {ahead: parked})

        registration = await resliced(subscriptions, name, 3)

        assert (registration.generation, registration.slices) == (2, 3)
        assert (registration.start, registration.fresh) == (places[0], False)
        checkpoints = await subscriptions.checkpoints(name)
        assert checkpoints.positions == (places[0],) * 3
        assert checkpoints.parked == {ahead: parked}
        for at, place in enumerate(places):
            assert registration.passed(ahead, place) == (at <= 3)
            assert registration.passed(behind, place) == (at <= 0)
            assert checkpoints.passed(ahead, place) == (at <= 3)
        ready = await subscriptions.prepared(registration)
        assert (ready.ready, ready.earlier) == (True, registration.earlier)
        with pytest.raises(SubscriptionMismatch):
            await subscriptions.register(name, 2, places[0])

    @pytest.mark.asyncio
    async def test_s9_the_database_of_a_view_may_know_better_what_was_passed(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        await subscriptions.commit(await claimed(subscriptions, name, 1), places[2], {})
        registration = await resliced(subscriptions, name, 1)

        stopped = Stopped(1, {0: places[1], 1: places[1]})
        ready = await subscriptions.prepared(registration, stopped)

        (division,) = ready.earlier
        assert division.positions == (places[1], places[2])

    @pytest.mark.asyncio
    async def test_s9_slices_cannot_be_changed_for_ever_without_progress(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        changes = 0
        refused = False
        while not refused:
            lease = await claimed(subscriptions, name, 1)
            await subscriptions.commit(lease, places[1 + changes % 5], {})
            try:
                registration = await resliced(subscriptions, name, 2 + (changes + 1) % 2)
            except ResliceRefused:
                refused = True
            else:
                await subscriptions.prepared(registration)
                changes += 1
            assert changes < 50

        before = (await subscriptions.checkpoints(name)).registration
        assert changes > 3
        for number in range(before.slices):
            await subscriptions.commit(await claimed(subscriptions, name, number), places[5], {})
        after = await resliced(subscriptions, name, 4)
        assert (after.generation, after.start) == (before.generation + 1, places[5])
        assert len(after.earlier) == 1

    @pytest.mark.asyncio
    async def test_s10_a_pause_is_seen_by_a_beat(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        lease, member = await claimed(subscriptions, name), uuid4()

        await subscriptions.pause(name)
        await subscriptions.pause(name)
        assert (await subscriptions.beat(name, member, Beat(1, 1))).registration.paused
        assert await subscriptions.refresh(lease) == lease
        await resliced(subscriptions, name, 2)
        assert (await subscriptions.beat(name, member, Beat(1, 2))).registration.paused
        await subscriptions.resume(name)
        assert not (await subscriptions.beat(name, member, Beat(1, 3))).registration.paused

    @pytest.mark.asyncio
    async def test_s10_a_beat_shows_the_group(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, places[0])
        one, other = uuid4(), uuid4()
        await subscriptions.beat(name, one, Beat(1, 7, {0: "waits"}))
        await subscriptions.beat(name, one, Beat(1, 6))  # late

        roster = await subscriptions.beat(name, other, Beat(1, 0))
        assert roster.members == {one: Beat(1, 7, {0: "waits"}), other: Beat(1, 0)}
        await subscriptions.leave(name, one)
        await subscriptions.leave(name, one)
        assert set((await subscriptions.beat(name, other, Beat(1, 1))).members) == {other}

    @pytest.mark.asyncio
    async def test_s12_a_skip_takes_the_first_parked_event_only_with_its_reason(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 3, places[0])
        stream_id = stream_in(2, 3)
        parked = row(stream_id, places[0], places[1], version=3, last_version=5)
        lease = await claimed(subscriptions, name, 2)
        await subscriptions.commit(lease, places[1], {stream_id: parked})
        requests = (await subscriptions.checkpoints(name)).registration.requests

        for version in (2, 4):
            with pytest.raises(NotParked) as caught:
                await subscriptions.skip(name, stream_id, version, reason="bad", by="ann")
            assert caught.value.first == 3
        with pytest.raises(NotParked):
            await subscriptions.skip(name, stream_in(2, 3), 3, reason="bad", by="ann")
        for given in ({"reason": " ", "by": "ann"}, {"reason": "bad", "by": ""}):
            with pytest.raises(InvalidArgument):
                await subscriptions.skip(name, stream_id, 3, **given)
        await subscriptions.skip(name, stream_id, 3, reason="a duplicate", by="ann")

        (found,) = (await rows(subscriptions, name)).values()
        assert (found.version, found.last_version, found.replay) == (4, 5, True)
        (record,) = [each async for each in subscriptions.skipped(name)]
        assert (record.stream_id, record.version) == (stream_id, 3)
        assert (record.reason, record.by, record.error) == ("a duplicate", "ann", parked.error)
        assert (await subscriptions.checkpoints(name)).registration.requests > requests
        await subscriptions.reset(name, "now")
        assert [each async for each in subscriptions.skipped(name)] == [record]

    @pytest.mark.asyncio
    async def test_s12_an_operator_parks_and_replays(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        one, other = stream_in(0, 2), stream_in(1, 2)
        await subscriptions.park(name, one)
        await subscriptions.park(name, other)
        before = await rows(subscriptions, name)
        await subscriptions.park(name, one)

        assert await rows(subscriptions, name) == before
        assert [each.waits for each in before.values()] == [False, False]
        assert (await claimed(subscriptions, name, 0)).parked == {one: before[one]}
        with pytest.raises(NotParked):
            await subscriptions.skip(name, one, 1, reason="nothing waits", by="ann")
        requests = (await subscriptions.checkpoints(name)).registration.requests
        assert await subscriptions.replay(name, one) == 1
        assert [each.replay async for each in subscriptions.parked(name, one)] == [True]
        assert [each.replay async for each in subscriptions.parked(name, other)] == [False]
        assert await subscriptions.replay(name) == 2
        assert (await subscriptions.checkpoints(name)).registration.requests > requests
        with pytest.raises(NotParked):
            await subscriptions.replay(name, uuid4())

    @pytest.mark.asyncio
    async def test_s13_nothing_is_left_of_what_is_forgotten(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        first = await subscriptions.register(name, 2, places[0])
        lease = await claimed(subscriptions, name, 0)
        assert lease.registration_id == first.id
        stream_id = stream_in(0, 2)
        await subscriptions.commit(
            lease, places[1], {stream_id: row(stream_id, places[0], places[1])}
        )
        await subscriptions.skip(name, stream_id, 3, reason="bad", by="ann")
        await subscriptions.pause(name)
        await subscriptions.forget(name)

        with pytest.raises(SubscriptionUnknown):
            await subscriptions.commit(lease, places[2], {})
        assert name not in [each.registration.name async for each in subscriptions.all()]
        registration = await subscriptions.register(name, 3, places[2])
        assert (registration.generation, registration.paused) == (1, False)
        assert first.id is None or is_later_registration(registration.id or first.id, first.id)
        assert await rows(subscriptions, name) == {}
        assert [each async for each in subscriptions.skipped(name)] == []
        roster = await subscriptions.beat(name, uuid4(), Beat(1, 1))
        assert (roster.holders, len(roster.members)) == ({}, 1)

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "call",
        [
            lambda store, name: store.beat(name, uuid4(), Beat(1, 1)),
            lambda store, name: store.leave(name, uuid4()),
            lambda store, name: store.claim(SliceKey(name, 1, 0), uuid4(), 0),
            lambda store, name: store.checkpoints(name),
            lambda store, name: store.status(name),
            lambda store, name: store.pause(name),
            lambda store, name: store.resume(name),
            lambda store, name: store.reset(name, "now"),
            lambda store, name: store.reslice(name, 2),
            lambda store, name: store.park(name, uuid4()),
            lambda store, name: store.replay(name),
            lambda store, name: store.skip(name, uuid4(), 1, reason="r", by="b"),
            lambda store, name: anext(store.parked(name)),
            lambda store, name: anext(store.skipped(name)),
            lambda store, name: store.forget(name),
        ],
    )
    async def test_s13_what_is_not_registered_is_unknown(
        self,
        subscriptions: Subscriptions,
        name: str,
        call: Callable[[Subscriptions, str], Awaitable[Any]],
    ) -> None:
        with pytest.raises(SubscriptionUnknown) as caught:
            await call(subscriptions, name)
        assert caught.value.name == name

    @pytest.mark.asyncio
    async def test_a_status_tells_the_lag_of_each_slice(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 2, places[0])
        lease = await claimed(subscriptions, name, 1)
        stream_id = stream_in(1, 2)
        await subscriptions.commit(
            lease, places[5], {stream_id: row(stream_id, places[0], places[1])}
        )
        await subscriptions.beat(name, lease.member, Beat(1, 2, {1: "version 3 fails"}))

        status = await subscriptions.status(name)
        (listed,) = [each async for each in subscriptions.all() if each.registration.name == name]
        assert (listed.registration, listed.members) == (status.registration, status.members)
        assert [each.position for each in listed.lag.slices] == [places[0], places[5]]
        zero, one = status.lag.slices
        assert (zero.position, one.position) == (places[0], places[5])
        assert zero.events == status.lag.head - places[0] >= 5
        assert status.lag.events == zero.events > one.events
        assert (zero.holder, one.holder) == (None, lease.member)
        assert (zero.parked, one.parked, status.lag.parked) == (0, 1, 1)
        assert (zero.holding, one.holding) == (None, "version 3 fails")
        assert status.members[lease.member].count == 2

    @pytest.mark.asyncio
    async def test_a_status_tells_of_positions_in_a_feed_that_was_built_anew(
        self, subscriptions: Subscriptions, name: str, places: list[Position]
    ) -> None:
        await subscriptions.register(name, 1, replace(places[5], feed_id=uuid4()))

        lag = (await subscriptions.status(name)).lag
        assert lag.events == lag.head.ordinal
        assert "another feed" in str(lag.slices[0].holding)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("wrong", ["", "a b", "ä", "x" * 65, 7, None], ids=str)
    async def test_what_is_no_name_is_refused(
        self, subscriptions: Subscriptions, wrong: Any, places: list[Position]
    ) -> None:
        with pytest.raises(InvalidArgument):
            await subscriptions.register(wrong, 1, places[0])
        with pytest.raises(InvalidArgument):
            await subscriptions.checkpoints(wrong)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("slices", [0, -1, 4097, 1.5, True, "2"], ids=str)
    async def test_what_is_no_number_of_slices_is_refused(
        self, subscriptions: Subscriptions, name: str, slices: Any, places: list[Position]
    ) -> None:
        with pytest.raises(InvalidArgument):
            await subscriptions.register(name, slices, places[0])
        await subscriptions.register(name, 1, places[0])
        with pytest.raises(InvalidArgument):
            await subscriptions.reslice(name, slices)
