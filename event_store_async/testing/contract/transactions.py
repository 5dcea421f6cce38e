"""
The contract of transactions: a view and its checkpoint, kept together.

Its rules have names, T1 to T7, and so have the tests.
"""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import LeaseLost
from ...feeds import Position
from ...ids import ordered_uuid
from ...ports.slices import Lease, SliceKey
from ...ports.transactions import Transactions

_FEED = uuid4()


def at(ordinal: int) -> Position:
    """Return a position in some feed."""
    return Position(_FEED, ordinal, 1, ordinal)


def lease_of(
    name: str,
    slice_: int = 0,
    fence: int = 1,
    generation: int = 1,
    registration_id: UUID | None = None,
) -> Lease:
    """Return a lease of a slice."""
    key = SliceKey(name, generation, slice_)
    return Lease(key, uuid4(), fence, at(0), {}, registration_id)


class _Broken(Exception):
    """What a handler raises."""


class TransactionsContract:
    """
    The promises of `Transactions`.

    A subclass provides:

    - ``transactions``, a fixture: the transactions under test;
    - `write`, a method: writes a mark into the view, through the connection of a transaction;
    - `marks`, a method: reads the marks that are committed.
    """

    async def write(self, connection: Any, mark: str) -> None:
        """Write a mark into the view, through the connection of a transaction."""
        raise NotImplementedError

    async def marks(self, transactions: Any) -> set[str]:
        """Return the marks that are committed."""
        raise NotImplementedError

    @pytest.fixture
    def name(self) -> str:
        """Return a name that was not used before."""
        return f"test-{uuid4().hex}"

    @pytest.mark.asyncio
    async def test_t1_position_and_effect_are_committed_together_or_not_at_all(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        async with transactions.begin(lease_of(name)) as one:
            assert one.position is None
            await self.write(one.connection, f"{name} kept")
            await one.advance(at(3))
        with pytest.raises(_Broken):
            await self._broken(transactions, name)

        assert {mark for mark in await self.marks(transactions) if name in mark} == {f"{name} kept"}
        assert await transactions.positions(name, 1) == {0: at(3)}
        async with transactions.begin(lease_of(name)) as other:
            assert other.position == at(3)

    async def _broken(self, transactions: Transactions[Any], name: str) -> None:
        async with transactions.begin(lease_of(name)) as one:
            await self.write(one.connection, f"{name} lost")
            await one.advance(at(5))
            raise _Broken

    @pytest.mark.asyncio
    async def test_t1_slices_and_names_have_positions_of_their_own(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        for slice_ in (0, 2):
            async with transactions.begin(lease_of(name, slice_)) as one:
                await one.advance(at(4 + slice_))
        async with transactions.begin(lease_of(f"{name}-x", 0)) as other:
            assert other.position is None

        assert await transactions.positions(name, 1) == {0: at(4), 2: at(6)}
        assert await transactions.positions(name, 2) == {}
        assert await transactions.positions(f"{name}-y", 1) == {}

    @pytest.mark.asyncio
    async def test_t2_of_two_at_once_one_waits_and_sees_what_the_other_did(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        seen: list[Position | None] = []

        async def advance() -> None:
            async with transactions.begin(lease_of(name)) as one:
                seen.append(one.position)
                before = 0 if one.position is None else one.position.ordinal
                await asyncio.sleep(0)
                await one.advance(at(before + 1))

        await asyncio.gather(*(advance() for _ in range(5)))

        assert seen == [None, at(1), at(2), at(3), at(4)]
        assert await transactions.positions(name, 1) == {0: at(5)}

    @pytest.mark.asyncio
    async def test_t3_a_commit_whose_answer_is_lost_is_found_by_the_next(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        async def lose() -> None:
            async with transactions.begin(lease_of(name)) as one:
                await one.advance(at(2))
            raise ConnectionError("the answer is lost")

        with pytest.raises(ConnectionError):
            await lose()
        async with transactions.begin(lease_of(name)) as other:
            assert other.position == at(2)

    @pytest.mark.asyncio
    async def test_t4_an_older_generation_is_refused_for_every_slice(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        for slice_ in (0, 1):
            async with transactions.begin(lease_of(name, slice_)) as one:
                await one.advance(at(5 + slice_))
        async with transactions.begin(lease_of(name, 0, generation=2)) as new:
            assert new.position is None

        for slice_ in (0, 1, 7):
            with pytest.raises(LeaseLost):
                await self._enter(transactions, lease_of(name, slice_, fence=99))
        assert await transactions.positions(name, 2) == {}

    @pytest.mark.asyncio
    async def test_t4_an_older_lease_is_refused_once_a_later_one_was_committed(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        async with transactions.begin(lease_of(name, fence=3)):
            pass

        with pytest.raises(LeaseLost) as caught:
            await self._enter(transactions, lease_of(name, fence=2))
        assert (caught.value.name, caught.value.slice) == (name, 0)
        await self._enter(transactions, lease_of(name, fence=3))
        await self._enter(transactions, lease_of(name, slice_=1, fence=1))

    async def _enter(self, transactions: Transactions[Any], lease: Lease) -> bool:
        async with transactions.begin(lease) as one:
            return one.fresh

    @pytest.mark.asyncio
    async def test_t5_a_mark_is_rolled_back_with_its_transaction(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        stream_id = uuid4()

        assert await self._first(transactions, name, stream_id, fails=True)
        assert await self._first(transactions, name, stream_id)
        assert not await self._first(transactions, name, stream_id)
        assert await self._first(transactions, name, uuid4())
        assert not await self._first(transactions, name, stream_id, generation=2)
        assert await self._first(transactions, f"{name}-x", stream_id)

    async def _first(
        self,
        transactions: Transactions[Any],
        name: str,
        stream_id: UUID,
        *,
        fails: bool = False,
        generation: int = 1,
    ) -> bool:
        found = False
        try:
            async with transactions.begin(lease_of(name, generation=generation)) as one:
                found = await one.first_time(stream_id, 7)
                if fails:
                    raise _Broken
        except _Broken:
            pass
        return found

    @pytest.mark.asyncio
    async def test_t6_a_generation_is_fresh_once_and_knows_where_the_one_before_stopped(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        assert await self._enter(transactions, lease_of(name))
        assert not await self._enter(transactions, lease_of(name, slice_=1))
        async with transactions.begin(lease_of(name, slice_=1)) as one:
            assert one.stopped is None
            await one.advance(at(5))
        with pytest.raises(_Broken):
            await self._fail_fresh(transactions, lease_of(name, generation=3))
        for fresh in (True, False):
            async with transactions.begin(lease_of(name, generation=3)) as other:
                assert other.fresh is fresh
                assert other.stopped is not None
                assert (other.stopped.generation, dict(other.stopped.positions)) == (1, {1: at(5)})
        async with transactions.begin(lease_of(name, generation=4)) as last:
            assert last.stopped is not None
            assert last.stopped.generation == 1  # the third got nowhere

    async def _fail_fresh(self, transactions: Transactions[Any], lease: Lease) -> None:
        async with transactions.begin(lease) as one:
            assert one.fresh
            raise _Broken

    @pytest.mark.asyncio
    async def test_t6_a_view_that_begins_empty_forgets_the_marks(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        stream_id = uuid4()
        await self._first(transactions, name, stream_id)
        async with transactions.begin(lease_of(name, generation=2)) as one:
            await one.forget_marks()

        assert await self._first(transactions, name, stream_id, generation=2)

    @pytest.mark.asyncio
    async def test_t7_a_name_that_is_registered_anew_starts_over(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        first, second, stream_id = ordered_uuid(), ordered_uuid(), uuid4()
        for slice_ in (0, 1):
            lease = lease_of(name, slice_, 9, 3, first)
            async with transactions.begin(lease) as one:
                assert not one.anew
                await one.advance(at(5))
                await one.first_time(stream_id, 7)
        assert await transactions.positions(name, 3, first) == {0: at(5), 1: at(5)}
        assert await transactions.positions(name, 3, second) == {}

        with pytest.raises(_Broken):
            await self._fail_fresh(transactions, lease_of(name, registration_id=second))
        for slice_, anew in ((0, True), (0, False), (1, False)):
            async with transactions.begin(lease_of(name, slice_, registration_id=second)) as other:
                assert (other.anew, other.fresh) == (anew, anew)
                assert (other.position, other.stopped) == (None, None)
        async with transactions.begin(lease_of(name, registration_id=second)) as other:
            assert await other.first_time(stream_id, 7)
            await other.advance(at(1))

        with pytest.raises(LeaseLost):
            await self._enter(transactions, lease_of(name, 0, 99, 99, first))
        assert await transactions.positions(name, 1, second) == {0: at(1)}

    @pytest.mark.asyncio
    async def test_t7_what_an_earlier_registration_left_is_nothing_if_it_got_nowhere(
        self, transactions: Transactions[Any], name: str
    ) -> None:
        async with transactions.begin(lease_of(name, registration_id=ordered_uuid())):
            pass
        async with transactions.begin(lease_of(name, registration_id=ordered_uuid())) as other:
            assert other.fresh
            assert not other.anew
