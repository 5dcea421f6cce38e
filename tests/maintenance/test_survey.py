"""A survey counts streams, events and bytes, at each depth."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore
from event_store_async.maintenance import (
    Depth,
    StreamFacts,
    survey_streams,
    verify_streams,
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


@pytest.mark.parametrize("depth", Depth)
async def test_erased_events_are_counted_by_themselves(
    made: tuple[EventStore, str], depth: Depth
) -> None:
    """So the numbers are those of a verification."""
    store, _ = made
    whole, truncated, deleted, closed, never = (uuid4() for _ in range(5))
    for stream_id in (whole, truncated, deleted, closed):
        await store.persist_events(stream_id, range(12))
    await store.truncate_stream(truncated, before=11)
    await store.delete_stream(deleted)
    await store.close_stream(closed)
    await store.close_stream(never)
    facts: list[StreamFacts] = []

    survey = await survey_streams(store, depth=depth, on_stream=facts.append)
    verified = await verify_streams(store)

    assert (survey.streams, survey.events) == (verified.streams, verified.events) == (2, 14)
    assert (survey.empty, survey.erased) == (3, 10 + 12 + 12)
    assert (survey.longest, survey.longest_stream) == (12, str(whole))
    assert survey.lengths == {"2": 1, "10": 1}
    assert {it.stream_id: (it.kept_from, it.closed) for it in facts} == {
        whole: (1, False),
        truncated: (11, False),
        deleted: (13, False),
        closed: (13, True),
        never: (1, True),
    }
    assert {it.stream_id for it in facts if it.last is not None} <= {whole, truncated}
