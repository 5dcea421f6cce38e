"""Subscriptions in the benchmark: commands, processes, the goal and the sections of the page."""

import asyncio
import importlib.util
from uuid import UUID, uuid4

import pytest

from benchmarks.feed_requests import KINDS
from benchmarks.goals import goals
from benchmarks.peers import ANNOUNCING, FEED, RUNNER, SEQUENCER
from benchmarks.peers.members import MemberProcess
from benchmarks.peers.postgres import Postgres
from benchmarks.peers.protocol import CommandRefused, Project, Subscribe, parse_command
from benchmarks.report import markdown
from benchmarks.results import Key, Results
from benchmarks.subscriptions import (
    BY_HAND,
    HANDLED,
    IDLE,
    KILLED,
    PROJECTED,
    PROJECTION,
    SUBSCRIPTION,
    TAKEOVER,
)
from event_store_async import EventStore

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace
from .test_peers import started


def measured() -> Results:
    about = {"machine": {}, "versions": {}, "node": {}, "size": {"rounds": 1}, "moment": ""}
    made = Results(about)
    made.add(Key(SUBSCRIPTION, FEED, HANDLED, 16), {"rate": 4321.0, "cpu_us": 9.0})
    for case, rate in ((BY_HAND, 100.0), (PROJECTED, 75.0)):
        made.add(Key(PROJECTION, FEED, case, 1), {"rate": rate, "cpu_us": 5.0})
    made.add(Key(PROJECTION, RUNNER, PROJECTED, 1), {"rate": 50.0, "cpu_us": 5.0})
    made.add(Key(TAKEOVER, FEED, KILLED, 16), {"seconds": 17.5})
    made.add(Key(IDLE, FEED, "16 slices", 3), dict.fromkeys(KINDS, 1.5))
    return made


def test_the_goal_is_the_ratio_to_the_same_pages_by_hand() -> None:
    (goal,) = [each for each in goals(measured()) if each.name == "projection"]

    assert (goal.measured.median, goal.limit, goal.met) == (0.75, 0.7, True)


def test_each_scenario_has_its_table_on_the_page() -> None:
    page = markdown(measured(), plots=False)

    assert f"| {HANDLED} | 16 | 4,321 | 9 |" in page
    assert f"| {PROJECTED} | 1 | 75 | 5 |" in page
    assert f"| {PROJECTED}: {RUNNER} |  | 50 | 5 |" in page
    assert "| killed | 17.5 |" in page
    assert "| 3 | 1.5 | 1.5 | 1.5 |" in page


def test_the_commands_are_checked() -> None:
    project = '{"do": "project", "how": "hand", "slices": 2, "postgres": 5432, "count": 10}'

    assert parse_command('{"do": "subscribe", "slices": 16}') == Subscribe(16)
    assert parse_command(project) == Project("hand", 2, 5432, 10)
    with pytest.raises(CommandRefused, match="how must be"):
        parse_command(project.replace("hand", "magic"))
    with pytest.raises(CommandRefused, match="slices must be"):
        parse_command('{"do": "subscribe"}')


async def test_the_peers_handle_a_whole_feed(
    server: Server, store: EventStore, postgres: Postgres
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    project = {"do": "project", "slices": 2, "postgres": postgres.port, "count": 200}
    try:
        async with (
            started(SEQUENCER, server.port, keyspace) as sequencer,
            started(ANNOUNCING, server.port, keyspace) as peer,
        ):
            assert (await sequencer.answer())["ready"]
            assert (await peer.answer())["ready"]
            await peer.ask({"do": "fill_streams", "streams": 20, "events": 10, "seed": 5})
            while (await sequencer.ask({"do": "usage"}))["events"] < 200:
                pass
            handled = await peer.ask({"do": "subscribe", "slices": 4})
            assert (handled["count"], handled["cpu_seconds"] > 0) == (200, True)
            for how in ("rows", "hand", "projection"):
                assert (await peer.ask({**project, "how": how}))["count"] == 200
    finally:
        await drop_keyspace(store, keyspace)


async def test_the_runner_of_eventsourcing_projects_into_the_same_server(
    postgres: Postgres,
) -> None:
    if importlib.util.find_spec("eventsourcing") is None:
        pytest.skip("eventsourcing is not installed")
    project = {"do": "project", "slices": 1, "postgres": postgres.port, "how": "projection"}
    async with started(RUNNER, postgres.port, "unused") as peer:
        ready = await peer.answer()
        assert ready["ready"], ready
        for _ in range(2):  # what is projected is not projected again
            assert (await peer.ask({**project, "count": 50}))["count"] == 50


async def test_a_member_tells_the_streams_that_it_handles(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    streams = {uuid4() for _ in range(3)}
    try:
        async with server.connect(keyspace) as writer:
            await writer.create_schema(server.replication, feed=True)
            async with MemberProcess("127.0.0.1", server.port, keyspace, "members") as member:
                handled = asyncio.create_task(member.reaches(streams))
                while not handled.done():
                    await _append(writer, streams)
                    await asyncio.wait([handled], timeout=0.05)
                assert streams <= member.handled.keys()
                member.end(kill=False)
    finally:
        await drop_keyspace(store, keyspace)


async def _append(store: EventStore, streams: set[UUID]) -> None:
    for stream in streams:
        await store.persist_events(stream, [{"type": "measured"}])
