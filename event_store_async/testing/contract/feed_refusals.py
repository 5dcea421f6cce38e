"""Refusals: what is no argument of a feed, and feeds of closed stores."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    InvalidArgument,
    StoreClosed,
)
from ...feeds import Feed, Position
from ...ports.feeds import FeedStore
from .base import needs
from .feed_base import (
    PATIENCE,
    FeedBase,
    ended,
)


class FeedRefusals(FeedBase):
    """What a feed refuses."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "call",
        [
            lambda feed: feed.read("text"),
            lambda feed: feed.read(None, max_count=-1),
            lambda feed: feed.read(None, max_count=1.5),
            lambda feed: feed.follow(7),
        ],
    )
    async def test_what_is_no_argument_of_a_read_is_refused_at_the_call(
        self, store: FeedStore, call: Callable[[Feed[Any]], object]
    ) -> None:
        with pytest.raises(InvalidArgument):
            call(store.feed())

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "options",
        [
            {"types": "text"},
            {"types": [""]},
            {"types": [None]},
            {"types": ["\udcff"]},
            {"categories": "text"},
            {"categories": ["no name"]},
            {"categories": [1]},
        ],
        ids=str,
    )
    async def test_what_is_no_selection_is_refused(
        self, store: Any, options: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidArgument):
            store.feed(**options)

    @pytest.mark.asyncio
    async def test_other_arguments_are_refused_as_well(
        self, store: FeedStore, stream_id: UUID
    ) -> None:
        feed: Any = store.feed()

        with pytest.raises(InvalidArgument):
            await feed.page("text")
        with pytest.raises(InvalidArgument):
            await feed.page(None, 0)
        with pytest.raises(InvalidArgument):
            await feed.locate("text", 1)
        with pytest.raises(InvalidArgument):
            await feed.locate(stream_id, 0)
        with pytest.raises(InvalidArgument):
            await feed.position_of(stream_id, 1, timeout=0)
        for text in ("", "1-1-1-1", None, f"{uuid4()}-1-1-1", f"{uuid4().hex}-1-1--1"):
            with pytest.raises(InvalidArgument):
                Position.parse(text)  # type: ignore[arg-type]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_closed_store_has_no_feed(self, store: Any, stream_id: UUID) -> None:
        async with self.reopened(store) as opened:
            feed: Feed[Any] = opened.feed()  # type: ignore[attr-defined]
            await feed.head()

        with pytest.raises(StoreClosed):
            opened.feed()  # type: ignore[attr-defined]
        with pytest.raises(StoreClosed):
            await feed.head()
        with pytest.raises(StoreClosed):
            await feed.page()
        with pytest.raises(StoreClosed):
            await feed.locate(stream_id, 1)
        with pytest.raises(StoreClosed):
            await anext(feed.read())
        with pytest.raises(StoreClosed):
            await anext(feed.follow())

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_closing_ends_the_wait_of_a_follower(self, store: Any) -> None:
        opened = self.reopened(store)
        feed: Feed[Any] = opened.feed()  # type: ignore[attr-defined]
        async with aclosing(feed.follow(await feed.head())) as events:
            task = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0)
            await opened.close()

            async with asyncio.timeout(PATIENCE):
                while not isinstance(ending := await ended(task), StoreClosed):
                    assert ending is None, "what other tests appended may come first"
                    task = asyncio.ensure_future(anext(events))
