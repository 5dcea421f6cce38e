"""The peers of the benchmark follow their protocol; some are skipped if they are not installed."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from benchmarks.peers import (
    ANNOUNCING,
    BATCHES,
    DELIVERED,
    DELIVERING,
    FEED,
    IN_SHORT,
    NAMES,
    SEQUENCER,
    SINGLY,
    WITH_WRITE,
)
from benchmarks.peers.followers import SENT, FollowerProcess
from benchmarks.peers.ours import Ours
from benchmarks.peers.payloads import make_payloads, stream_ids
from benchmarks.peers.pekko.harness import VERSION
from benchmarks.peers.protocol import (
    Append,
    Batches,
    CommandRefused,
    Deliver,
    Fill,
    FillStreams,
    Manner,
    Quit,
    Read,
    ReadFeed,
    ReadStreams,
    Usage,
    parse_command,
)
from benchmarks.peers.recorders import RecorderPeer
from benchmarks.peers.umadb import UmaDb
from event_store_async import EventStore
from event_store_async.embedded.jar_cache import cache_directory
from event_store_async.embedded.jars import parse_lock
from event_store_async.retry import Deadline

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

ROOT = Path(__file__).parents[2]
LONGEST_ANSWER = 64 * 1024 * 1024


class Process:
    """A peer's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), 60)
        answer = orjson.loads(line)
        assert isinstance(answer, dict)
        return answer

    async def ask(self, command: dict[str, Any] | str) -> dict[str, Any]:
        assert self.process.stdin is not None
        line = command if isinstance(command, str) else orjson.dumps(command).decode()
        self.process.stdin.write(line.encode() + b"\n")
        return await self.answer()


@asynccontextmanager
async def started(name: str, port: int, keyspace: str) -> AsyncGenerator[Process, None]:
    arguments = ["-m", f"benchmarks.peers.{name}", "--contact", "127.0.0.1"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        "--port",
        str(port),
        "--keyspace",
        keyspace,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        limit=LONGEST_ANSWER,
    )
    assert process.stdin is not None
    try:
        yield Process(process)
        process.stdin.write(b'{"do": "quit"}\n')
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process.stdin.close()


@pytest.mark.parametrize("name", ["raw_acsylla", BATCHES, "ours", SINGLY])
async def test_a_peer_answers_each_command(name: str, server: Server, store: EventStore) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    stream = str(uuid4())
    try:
        async with started(name, server.port, keyspace) as peer:
            ready = await peer.answer()
            assert (ready["ready"], ready["name"]) == (True, name)
            assert all(ready[field] for field in ("version", "guarantees", "notes"))

            append = {"do": "append", "count": 50, "concurrency": 4, "payload_bytes": 200}
            for manner in ("own", "hot"):
                done = await peer.ask({**append, "manner": manner, "seed": 1})
                assert (done["count"], len(done["latencies_us"])) == (50, 50), done
                assert 0 < max(done["latencies_us"]) <= done["seconds"] * 1_000_000
                assert done["cpu_seconds"] >= done["loop_seconds"] > 0
                assert done["conflicts"] == 0
            for manner in ("locked", "exact"):
                done = await peer.ask({**append, "manner": manner, "stream": str(uuid4())})
                if name in {"raw_acsylla", BATCHES}:
                    assert f"cannot append in the manner '{manner}'" in done["error"]
                else:
                    assert done["count"] == len(done["latencies_us"]) == 50, done

            assert "error" in await peer.ask("nonsense")
            assert "append, fill" in (await peer.ask({"do": "dance"}))["error"]

            filled = await peer.ask({"do": "fill", "stream": stream, "count": 1200})
            assert filled["count"] == 1200
            assert "error" in await peer.ask({"do": "fill", "stream": stream, "count": 1})
            for page_size in (None, 100):
                read = await peer.ask({"do": "read", "stream": stream, "page_size": page_size})
                assert (read["count"], read["cpu_seconds"] > 0) == (1200, True)
            absent = await peer.ask({"do": "read", "stream": str(uuid4()), "page_size": None})
            assert absent["count"] == 0
            watched = await peer.ask({"do": "read", "stream": stream, "every": 500})
            if name in {"raw_acsylla", BATCHES}:
                assert "watch" in watched["error"]
            else:
                assert watched["count"] == 1200
                assert [it > 10 for it in watched["resident_mib"]] == [True] * 3
    finally:
        await drop_keyspace(store, keyspace)


async def test_a_peer_with_a_feed_fills_reads_and_delivers(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        async with started(FEED, server.port, keyspace) as peer:
            await peer.answer()
            fill = {"do": "fill_streams", "streams": 20, "events": 10, "seed": 5}
            assert (await peer.ask(fill))["count"] == 200
            while (await peer.ask({"do": "usage"}))["events"] < 200:
                pass
            read = {"do": "read_streams", "streams": 20, "seed": 5, "concurrency": 4}
            assert (await peer.ask(read))["count"] == 200
            whole = await peer.ask({"do": "read_feed", "every": 100})
            assert (whole["count"], len(whole["resident_mib"])) == (200, 2)
            done = await peer.ask({"do": "deliver", "count": 3, "pause_ms": 5})
            assert done["count"] == 3
            used = await peer.ask({"do": "usage"})
            assert (used["events"], used["cpu_seconds"] > 0) == (206, True)
    finally:
        await drop_keyspace(store, keyspace)


@pytest.mark.parametrize("name", DELIVERING)
async def test_a_peer_named_as_delivering_delivers(
    name: str, server: Server, store: EventStore
) -> None:
    if name == "pekko" and not (cache_directory() / f"pekko-{VERSION}").exists():
        pytest.skip("its jars are not in the cache")
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        async with started(name, server.port, keyspace) as peer:
            ready = await peer.answer()
            if not ready["ready"]:
                pytest.skip(f"{ready['reason']} ({ready['hint']})")
            for _ in range(2):  # each starts a follower
                done = await peer.ask({"do": "deliver", "count": 3, "pause_ms": 5})
                assert (done["count"], len(done["latencies_us"])) == (3, 3)
                assert min(done["latencies_us"]) > 0
    finally:
        await drop_keyspace(store, keyspace)


def test_every_peer_named_as_delivering_has_the_command_and_is_described() -> None:
    assert set(DELIVERED) == set(DELIVERING)
    for peer in (Ours, RecorderPeer, UmaDb):
        assert callable(peer.deliver)
    harness = ROOT / "benchmarks" / "peers" / "pekko" / "Peer.java"
    assert '"deliver".equals(what)' in harness.read_text("utf-8")


def test_a_follower_runs_while_events_are_delivered_and_is_warmed_up() -> None:
    appended: list[Any] = []
    follower = FollowerProcess("tests.benchmarks.prompt_follower")
    two = [{"number": 1}, {"number": 2}]
    assert follower.deliver_blocking(appended.append, two, 0.0) == [3, 4]
    assert follower.deliver_blocking(appended.append, two[:1], 0.0) == [2]
    with pytest.raises(RuntimeError, match="the follower said ''"):
        follower.deliver_blocking(appended.append, [*two, {"number": 3}], 0.0)
    assert [payload["number"] for payload in appended] == [1, 2, 1, 2, 1, 1, 1, 2, 3, 1, 2, 3]
    assert all(payload[SENT] > 0 for payload in appended)


async def test_a_process_that_only_sequences_publishes_what_another_appends(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    append = {"do": "append", "count": 30, "concurrency": 4}
    try:
        async with (
            started(SEQUENCER, server.port, keyspace) as sequencer,
            started(ANNOUNCING, server.port, keyspace) as writer,
        ):
            await sequencer.answer()
            await writer.answer()
            assert (await writer.ask(append))["count"] == 30
            while (await sequencer.ask({"do": "usage"}))["events"] < 30:
                pass
    finally:
        await drop_keyspace(store, keyspace)


async def test_the_raw_peer_with_a_write_writes_before_each_append(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        async with started(WITH_WRITE, server.port, keyspace) as peer:
            assert (await peer.answer())["name"] == WITH_WRITE
            assert (await peer.ask({"do": "append", "count": 30, "concurrency": 4}))["count"] == 30
            refused = await peer.ask({"do": "deliver", "count": 3, "pause_ms": 5})
            assert "cannot deliver" in refused["error"]
        rows = await store.operations._session.ask(
            f"SELECT max(last_seq) FROM {keyspace}.events_feed_announcements", Deadline(10.0)
        )
        assert rows == [(30,)]
    finally:
        await drop_keyspace(store, keyspace)


async def test_the_raw_peer_of_batches_stores_them_one_after_another(
    server: Server, store: EventStore
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    command: dict[str, Any] = {"do": "batches", "count": 3, "members": 8}
    variants: list[dict[str, Any]] = [{}, {"before": True}, {"every_column": True}]
    try:
        async with started(BATCHES, server.port, keyspace) as peer:
            assert (await peer.answer())["name"] == BATCHES
            for more in variants:
                done = await peer.ask(command | more)
                assert (done["count"], len(done["latencies_us"])) == (24, 3), done
                assert done["cpu_seconds"] >= done["loop_seconds"] > 0
        rows = await store.operations._session.ask(
            f"SELECT max_version, event_type, metadata FROM {keyspace}.events", Deadline(10.0)
        )
        assert len(rows) == 3 * 24
        assert {row[0] for row in rows} == {24}
        assert sum(row[1] is not None and row[2] is not None for row in rows) == 24
        assert sum(row[1] is None and row[2] is None for row in rows) == 2 * 24
        async with started("ours", server.port, keyspace) as peer:
            await peer.answer()
            assert "cannot append batches" in (await peer.ask(command))["error"]
    finally:
        await drop_keyspace(store, keyspace)


@pytest.mark.parametrize("name", ["raw_acsylla", "ours"])
async def test_a_peer_without_its_server_says_so(name: str) -> None:
    async with started(name, 1, "nowhere") as peer:
        answer = await peer.answer()
        assert (answer["ready"], answer["name"]) == (False, name)
        assert answer["reason"]
        assert answer["hint"]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("cassandra_driver", "cassandra"),
        ("eventsourcing_sqlite", "eventsourcing"),
        ("umadb", "umadb"),
    ],
)
async def test_a_peer_whose_package_is_not_installed_says_so(name: str, package: str) -> None:
    program = (
        f"import runpy, sys; sys.modules[{package!r}] = None; sys.argv = ['peer'];"
        f"runpy.run_module('benchmarks.peers.{name}', run_name='__main__')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)

    answer = orjson.loads(output)
    assert (process.returncode, answer["ready"], answer["name"]) == (0, False, name)
    assert "bench" in answer["hint"]


def test_the_jars_of_pekko_are_pinned() -> None:
    lock = ROOT / "benchmarks" / "peers" / "pekko" / "jars.lock"
    jars = {jar.artifact: jar for jar in parse_lock(lock.read_text("ascii"))}

    assert jars["pekko-persistence-cassandra_2.13"].version == VERSION
    assert "ecj" in jars


def test_every_named_peer_can_be_started_and_is_described() -> None:
    assert set(IN_SHORT) == set(NAMES)
    for name in {*NAMES, SINGLY, BATCHES, WITH_WRITE, FEED, ANNOUNCING, SEQUENCER, *DELIVERING}:
        spec = importlib.util.find_spec(f"benchmarks.peers.{name}")
        assert spec is not None
        assert spec.submodule_search_locations is None or importlib.util.find_spec(
            f"benchmarks.peers.{name}.__main__"
        )


@pytest.mark.parametrize("manner", ["own", "hot", "locked", "exact"])
def test_an_append_says_in_which_manner(manner: Manner) -> None:
    line = orjson.dumps({"do": "append", "count": 9, "concurrency": 3, "manner": manner}).decode()

    assert parse_command(line) == Append(9, 3, payload_bytes=200, manner=manner, seed=0)


def test_commands_are_parsed() -> None:
    stream = uuid4()

    assert parse_command('{"do": "append", "count": 9, "concurrency": 3}') == (
        Append(count=9, concurrency=3, payload_bytes=200, manner="own", seed=0)
    )
    assert parse_command(f'{{"do": "fill", "stream": "{stream}", "count": 5}}') == Fill(
        stream, 5, 200
    )
    assert parse_command(f'{{"do": "read", "stream": "{stream}"}}') == Read(stream, None)
    assert parse_command(f'{{"do": "read", "stream": "{stream}", "every": 9}}') == (
        Read(stream, None, 9)
    )
    assert parse_command('{"do": "fill_streams", "streams": 7, "events": 10, "seed": 3}') == (
        FillStreams(7, 10, 3)
    )
    assert parse_command('{"do": "read_streams", "streams": 7, "seed": 3, "concurrency": 2}') == (
        ReadStreams(7, 3, 2)
    )
    assert parse_command('{"do": "read_feed", "every": 5}') == ReadFeed(5)
    assert parse_command('{"do": "deliver", "count": 4, "pause_ms": 9}') == Deliver(4, 9, 0)
    assert parse_command('{"do": "batches", "count": 4, "members": 9, "before": true}') == (
        Batches(count=4, members=9, payload_bytes=200, seed=0, before=True)
    )
    assert parse_command('{"do": "usage"}') == Usage()
    assert parse_command('{"do": "quit"}') == Quit()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        '{"do": null}',
        '{"do": "append", "count": 0, "concurrency": 1}',
        '{"do": "append", "count": true, "concurrency": 1}',
        '{"do": "append", "count": 1, "concurrency": 1, "manner": "cold"}',
        '{"do": "batches", "count": 1, "members": 0}',
        '{"do": "read", "stream": 7}',
        '{"do": "read_feed", "every": 0}',
        '{"do": "fill_streams", "streams": 7, "events": 1}',
        '{"do": "deliver", "count": 4}',
        '{"do": "read", "stream": "00000000-0000-0000-0000-000000000000", "page_size": 0}',
    ],
)
def test_an_invalid_command_is_refused(line: str) -> None:
    with pytest.raises(CommandRefused):
        parse_command(line)


def test_payloads_have_the_size_and_differ_and_are_repeatable() -> None:
    payloads = make_payloads(100, 200, seed=7)

    assert {len(orjson.dumps(payload)) for payload in payloads} == {200}
    assert len({payload["note"] for payload in payloads}) == 100
    assert payloads == make_payloads(100, 200, seed=7)
    assert payloads != make_payloads(100, 200, seed=8)
    short = make_payloads(100, 20, seed=7)
    assert {len(orjson.dumps(payload)) for payload in short} == {20}
    assert len({payload["note"] for payload in short}) == 100


def test_the_ids_of_streams_are_the_same_in_every_process() -> None:
    ids = stream_ids(100, seed=7)

    assert len(set(ids)) == 100
    assert ids[:50] == stream_ids(50, seed=7)
    assert ids != stream_ids(100, seed=8)
