"""A survey counts streams, events and bytes, at each depth."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore
from event_store_async.maintenance import (
    Depth,
    StreamFacts,
    survey_streams,
)

from ..fixtures.server import Server
from .stores import new_store


@pytest.fixture
async def made(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    """Give a store and its keyspace."""
    async with new_store(server) as found:
        yield found


async def test_a_survey_counts(made: tuple[EventStore, str]) -> None:
    store, _ = made
    long, short = uuid4(), uuid4()
    first = (await store.persist_events(long, ["x" * 100] * 120)).events[0]
    last = (await store.persist_events(short, [1])).events[0]
    facts: dict[Depth, dict[UUID, StreamFacts]] = {depth: {} for depth in Depth}

    surveys = {
        depth: await survey_streams(
            store,
            depth=depth,
            on_stream=lambda it, to=facts[depth]: to.update({it.stream_id: it}),  # type: ignore[misc]
        )
        for depth in Depth
    }

    for survey in surveys.values():
        assert (survey.streams, survey.events) == (2, 121)
        assert (survey.longest, survey.longest_stream) == (120, str(long))
        assert survey.oldest == round(first.timestamp.timestamp() * 1000)
        assert survey.lengths == {"1": 1, "100": 1}
    newest = round(last.timestamp.timestamp() * 1000)
    assert [surveys[depth].newest for depth in Depth] == [None, newest, newest]
    assert [surveys[depth].bytes for depth in Depth] == [0, 0, 102 * 120 + 1]
    assert surveys[Depth.EVENTS].largest_stream == str(long)
    assert facts[Depth.EVENTS][short] == StreamFacts(
        short, 1, last.timestamp, last.timestamp, bytes=1
    )
    assert facts[Depth.HEADS][long] == StreamFacts(long, 120, first.timestamp, None, None)
