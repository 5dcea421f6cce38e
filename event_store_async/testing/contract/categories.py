"""Categories: the first append through a view decides a stream's, and no other view may append."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
import pickle
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    ConcurrentModification,
    InvalidArgument,
    StoreClosed,
    WrongCategory,
)
from ...events import NewEvent
from ...ports import CategorisedStore
from ...results import Persisted
from ...versions import ANY, NO_STREAM, STREAM_EXISTS, ExpectedVersion
from .base import ContractBase, needs, payloads, read_all

A, B = (NewEvent(name, event_id=uuid4()) for name in "ab")

EVERY_EXPECTATION = [NO_STREAM, ANY, STREAM_EXISTS, 1, 2, 7]
"""Those that a stream of one event meets, and those that it does not."""

GOOD_NAMES = ["a", "Account", "bank-account_v2.1", "0", "-", ".", "a" * 64]

BAD_NAMES: list[object] = [
    "",
    "a" * 65,
    "two words",
    "a/b",
    "a\n",
    "a:b",
    "$all",
    "conto_è",
    "ａ",
    "١",
    "a\u202eb",
    "\ud800",
    "a\0",
    None,
    7,
    b"account",
    UUID(int=0),
]
"""Values that are not the name of a category."""


async def refused(
    store: CategorisedStore, name: str, stream_id: UUID, *events: object, at: ExpectedVersion = ANY
) -> WrongCategory:
    """Return the error of an append through a view; nothing has changed in the stream."""
    before = payloads(await read_all(store, stream_id))
    with pytest.raises(WrongCategory) as caught:
        await store.category(name).persist_events(stream_id, events, at)
    assert payloads(await read_all(store, stream_id)) == before
    return caught.value


class CategoryContract(ContractBase):
    """
    The tests of every promise of `CategorisedStore` that can be seen without a feed.

    A subclass provides what one of `EventStoreContract` provides.
    """

    def _reopened(self, store: CategorisedStore) -> Any:
        """Return what `reopened` does: a store with categories, too."""
        return self.reopened(store)

    # C1: the first append decides it

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY])
    async def test_a_stream_has_the_category_of_its_first_append(
        self, store: CategorisedStore, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        accounts = store.category("account")

        first = await accounts.persist_events(stream_id, ["a", "b"], expected)
        second = await accounts.persist_events(stream_id, ["c"], 2)
        third = await store.category("account").persist_events(stream_id, ["d"], STREAM_EXISTS)
        fourth = await accounts.persist_events(stream_id, ["e"])

        assert [each.version for each in (first, second, third, fourth)] == [2, 3, 4, 5]
        assert payloads(await read_all(accounts, stream_id)) == ["a", "b", "c", "d", "e"]
        assert (await refused(store, "order", stream_id, "f")).actual == "account"

    @pytest.mark.asyncio
    async def test_an_append_without_events_decides_nothing(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        assert await store.category("order").persist_events(stream_id, []) == (
            Persisted(stream_id, 0, ())
        )

        await store.category("account").persist_events(stream_id, ["a"])

        assert (await refused(store, "order", stream_id)).actual == "account"

    @pytest.mark.asyncio
    async def test_an_append_that_conflicts_decides_nothing(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        result = await store.category("order").try_persist_events(stream_id, ["a"], 3)
        missing = await store.category("order").try_persist_events(stream_id, ["a"], STREAM_EXISTS)

        assert result == ConcurrentModification(stream_id, 3, 0)
        assert missing == ConcurrentModification(stream_id, STREAM_EXISTS, 0)
        assert (await store.category("account").persist_events(stream_id, ["a"])).version == 1

    @pytest.mark.asyncio
    async def test_a_stream_that_began_without_a_category_has_none_for_ever(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["a"])

        error = await refused(store, "account", stream_id, "b")

        assert (error.stream_id, error.expected, error.actual) == (stream_id, "account", None)
        assert "event-store streams categorise" in (error.hint or "")

    @pytest.mark.asyncio
    async def test_of_views_that_race_for_a_new_stream_one_wins(
        self, store: CategorisedStore
    ) -> None:
        for expected in (ANY, NO_STREAM):
            stream_id = uuid4()
            views = [store.category(f"category-{number}") for number in range(5)]

            outcomes = await asyncio.gather(
                *(view.persist_events(stream_id, [view.name], expected) for view in views),
                return_exceptions=True,
            )

            (winner,) = [each for each in outcomes if isinstance(each, Persisted)]
            actual = winner.events[0].payload
            losers = [each for each in outcomes if each is not winner]
            assert {type(each) for each in losers} == {WrongCategory}
            assert {each.actual for each in losers if isinstance(each, WrongCategory)} == {actual}
            assert payloads(await read_all(store, stream_id)) == [actual]

    # C2: another view is refused, nothing is stored, the actual one is said

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", EVERY_EXPECTATION, ids=str)
    @pytest.mark.parametrize("events", [["b"], [B], []], ids=["payload", "identified", "none"])
    @pytest.mark.parametrize("actual", ["account", None])
    async def test_another_view_is_refused_whatever_is_expected(
        self,
        store: CategorisedStore,
        stream_id: UUID,
        expected: ExpectedVersion,
        events: list[object],
        actual: str | None,
    ) -> None:
        of_stream = store.category(actual) if actual else store
        await of_stream.persist_events(stream_id, ["a"])

        error = await refused(store, "order", stream_id, *events, at=expected)

        assert (error.stream_id, error.expected, error.actual) == (stream_id, "order", actual)
        assert (await of_stream.persist_events(stream_id, ["c"], 1)).version == 2

    @pytest.mark.asyncio
    async def test_it_is_raised_where_a_conflict_would_be_returned(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        await store.category("account").persist_events(stream_id, ["a"])

        with pytest.raises(WrongCategory) as caught:
            await store.category("order").try_persist_events(stream_id, ["b"], NO_STREAM)

        copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - made here
        assert (copied.stream_id, copied.expected, copied.actual) == (stream_id, "order", "account")
        assert str(copied) == str(caught.value)

    # C3: the plain store appends to a stream of any category. `FeedContract` tests that such events
    # are in the category's feed.

    @pytest.mark.asyncio
    async def test_the_store_itself_appends_to_streams_of_any_category(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        accounts = store.category("account")
        await accounts.persist_events(stream_id, ["a"])

        await store.persist_events(stream_id, ["b"], 1)
        await store.persist_events(stream_id, ["c"])
        await accounts.persist_events(stream_id, ["d"], 3)

        assert payloads(await read_all(store, stream_id)) == ["a", "b", "c", "d"]
        assert (await refused(store, "order", stream_id, "e")).actual == "account"

    @pytest.mark.asyncio
    async def test_concurrent_appends_of_views_and_store_end_each_as_alone(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        accounts, orders = store.category("account"), store.category("order")
        await accounts.persist_events(stream_id, ["begin"])

        outcomes = await asyncio.gather(
            *(
                of.persist_events(stream_id, [f"{number}"])
                for number, of in enumerate([accounts, orders, store] * 6)
            ),
            return_exceptions=True,
        )

        kinds = [type(each) for each in outcomes]
        assert kinds == [Persisted, WrongCategory, Persisted] * 6
        stored = [f"{number}" for number in range(18) if number % 3 != 1]
        assert payloads(await read_all(store, stream_id)) == ["begin", *stored]

    # C4: a repetition through the view is recognised

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY])
    async def test_a_repetition_through_the_view_is_recognised(
        self, store: CategorisedStore, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        accounts = store.category("account")
        first = await accounts.persist_events(stream_id, [A, B], expected)
        await accounts.persist_events(stream_id, ["others come between"])

        again = await accounts.persist_events(stream_id, [A, B], expected)
        plainly = await store.persist_events(stream_id, [A, B], expected)

        assert again == plainly == Persisted(stream_id, 2, first.events, stored_earlier=True)
        assert await store.current_version(stream_id) == 3

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [1, ANY, STREAM_EXISTS])
    async def test_a_repetition_of_what_the_store_itself_stored_is_recognised(
        self, store: CategorisedStore, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        accounts = store.category("account")
        await accounts.persist_events(stream_id, ["begin"])
        first = await store.persist_events(stream_id, [A], expected)

        again = await accounts.persist_events(stream_id, [A], expected)

        assert again == Persisted(stream_id, 2, first.events, stored_earlier=True)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("expected", [NO_STREAM, ANY, STREAM_EXISTS, 0, 1])
    async def test_a_repetition_through_another_view_is_refused(
        self, store: CategorisedStore, stream_id: UUID, expected: ExpectedVersion
    ) -> None:
        await store.category("account").persist_events(stream_id, [A])

        assert (await refused(store, "order", stream_id, A, at=expected)).actual == "account"

    # The view

    @pytest.mark.asyncio
    async def test_a_view_reads_every_stream(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        await store.persist_events(stream_id, ["a", "b", "c"])
        view = store.category("account")

        newest = [e async for e in view.read_events(stream_id, 2, 1, backward=True, serial=True)]

        assert payloads(newest) == ["b"]
        assert await view.current_version(stream_id, serial=True, timeout=60) == 3

    @pytest.mark.asyncio
    async def test_views_are_values(self, store: CategorisedStore) -> None:
        view = store.category("account")

        assert view.name == "account"
        assert view == store.category("account")
        assert hash(view) == hash(store.category("account"))
        assert view != store.category("order")
        assert view != "account"
        assert "'account'" in repr(view)
        assert not hasattr(view, "close")
        assert view.category("account") == view
        with pytest.raises(InvalidArgument, match="ask the store itself"):
            view.category("order")
        with pytest.raises(InvalidArgument):
            view.category("")

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", GOOD_NAMES)
    async def test_a_name_comes_back_as_it_was_given(
        self, store: CategorisedStore, stream_id: UUID, name: str
    ) -> None:
        await store.category(name).persist_events(stream_id, ["a"])

        assert (await refused(store, "another", stream_id, "b")).actual == name
        swapped = name.swapcase()
        if swapped != name:
            assert (await refused(store, swapped, stream_id, "b")).actual == name

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
    async def test_other_names_are_refused(self, store: CategorisedStore, name: str) -> None:
        with pytest.raises(InvalidArgument) as caught:
            store.category(name)

        assert str(caught.value).isascii()
        assert str(caught.value).isprintable()
        if isinstance(name, str) and len(name) <= 64:
            assert ascii(name) in str(caught.value)

    @pytest.mark.asyncio
    async def test_invalid_arguments_are_refused_through_a_view(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        view = store.category("account")

        for wrong in (
            view.persist_events("stream", ["a"]),  # type: ignore[arg-type] # it is refused
            view.persist_events(stream_id, "abc"),
            view.persist_events(stream_id, [object()]),
            view.persist_events(stream_id, ["a"], -1),
            view.persist_events(stream_id, ["a"], timeout=0),
        ):
            with pytest.raises(InvalidArgument):
                await wrong
        assert await store.current_version(stream_id) == 0

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_other_processes_see_the_category(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        await store.category("account").persist_events(stream_id, ["a"])

        async with self._reopened(store) as other:
            assert (await refused(other, "order", stream_id, "b")).actual == "account"
            assert (await other.category("account").persist_events(stream_id, ["b"])).version == 2

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_view_of_a_closed_store_is_closed(
        self, store: CategorisedStore, stream_id: UUID
    ) -> None:
        async with self._reopened(store) as other:
            view = other.category("account")

        with pytest.raises(StoreClosed):
            await view.persist_events(stream_id, ["a"])
        with pytest.raises(StoreClosed):
            await view.current_version(stream_id)
