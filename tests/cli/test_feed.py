"""`event-store feed`: enabled, built, read, followed, located, sequenced."""

import asyncio
import json
import os
import signal
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, NewEvent, Settings
from event_store_async.cassandra import FeedBackfill

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .running import Shell, ended

TIMEOUT = 60.0


async def published(store: EventStore, stream_id: UUID, *events: object) -> str:
    """Append events, wait until they are in the feed, and return the position before them."""
    before = str(await store.feed().head())
    done = await store.persist_events(stream_id, events)
    await store.feed().position_of(stream_id, done.version, timeout=TIMEOUT)
    return before


async def old_table(shell: Shell, server: Server, keyspace: str, streams: int) -> str:
    """Create a table without a feed, with one event in each of its streams; return its name."""
    table = f"t_{uuid4().hex[:8]}"
    async with server.connect(keyspace, table=table) as store:
        await store.create_schema(server.replication)
        await asyncio.gather(*[store.persist_events(uuid4(), [n]) for n in range(streams)])
    return table


# Without a feed


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--json"],
        ["read"],
        ["read", "--links"],
        ["follow"],
        ["follow", "--now"],
        ["locate", str(uuid4()), "1"],
        ["locate", str(uuid4()), "1", "--timeout", "5"],
        ["run"],
        ["run", "--until-complete"],
    ],
    ids=" ".join,
)
async def test_a_table_without_a_feed_is_told_of_with_the_command_to_run(
    shell: Shell, store: EventStore, keyspace: str, command: list[str]
) -> None:
    await store.persist_events(uuid4(), ["a"])

    done = await shell("feed", *command)

    assert (done.code, done.out) == (1, "")
    assert f"error: {keyspace}.events: the table has no feed" in done.err
    assert f"hint: enable it with `event-store feed enable --keyspace {keyspace}`" in done.err


async def test_the_command_to_run_names_another_table(
    shell: Shell, server: Server, keyspace: str
) -> None:
    table = await old_table(shell, server, keyspace, 1)

    done = await shell("feed", "read", "--table", table)

    (hint,) = [line for line in done.err.splitlines() if line.startswith("hint: ")]
    assert hint.endswith(f"`event-store feed enable --keyspace {keyspace} --table {table}`")


async def test_a_table_that_does_not_exist_is_not_created(
    shell: Shell, store: EventStore, keyspace: str
) -> None:
    for more in ([], ["--dry-run"]):
        done = await shell("feed", "enable", "--table", "evnts", *more)
        assert (done.code, done.out) == (1, "")
        assert f"error: {keyspace}.evnts: there is no such table" in done.err
    assert (await shell("schema", "status", "--table", "evnts")).code == 1


# Enabling


async def test_enabling_an_old_table_with_data(shell: Shell, server: Server, keyspace: str) -> None:
    there = ["--table", await old_table(shell, server, keyspace, 5)]

    planned = await shell("feed", "enable", "--dry-run", *there)
    untouched = await shell("feed", "status", *there)
    enabled = await shell("feed", "enable", *there)
    idle = await shell("feed", "status", "--json", *there)
    built = await shell("feed", "run", "--until-complete", *there)
    again = await shell("feed", "enable", *there)
    planned_again = await shell("feed", "enable", "--dry-run", *there)
    built_again = await shell("feed", "run", "--until-complete", *there)
    read = await shell("feed", "read", *there)

    assert planned.code == enabled.code == again.code == 0
    creates = [line for line in planned.lines if line.startswith("CREATE TABLE IF NOT EXISTS")]
    assert len(creates) >= 6
    assert "nothing was changed" in planned.err
    assert untouched.code == 1
    assert sum(": created; schema version 1" in line for line in enabled.lines) == 10
    assert "restart every process that appends to the table" in enabled.err
    assert "this command among them" in enabled.err
    assert f"    {server.contact_points[0]}  " in enabled.err
    assert "event-store feed run --until-complete" in enabled.err
    found = json.loads(idle.out)
    assert (idle.code, found["state"], found["events"]) == (5, "building", 0)
    assert (found["sequenced"], found["published"], found["backfilled"]) == (False, None, 0.0)
    assert (built.code, built.lines) == (0, ["the feed is complete: 5 events"])
    assert (again.code, again.out.count("created")) == (0, 0)
    assert "the table had a feed already" in again.err
    assert (planned_again.code, planned_again.out) == (0, "")
    assert "nothing to do" in planned_again.err
    assert (built_again.code, built_again.lines) == (0, built.lines)
    assert sorted(json.loads(line)["payload"] for line in read.lines) == list(range(5))


async def test_the_backfill_shows_how_far_it_has_come_and_goes_on_after_a_kill(
    shell: Shell, server: Server, keyspace: str
) -> None:
    streams = 800
    table = await old_table(shell, server, keyspace, streams)
    run = ("feed", "run", "--until-complete", "--table", table, "--every", "0")
    await shell("feed", "enable", "--table", table)

    process = await shell.process(*run)
    assert process.stderr is not None
    seen = ""
    while "%" not in seen or ": 0%" in seen:
        seen = (await asyncio.wait_for(process.stderr.readline(), TIMEOUT)).decode()
        assert seen, "it was killed too late, or has failed"
    process.kill()
    await process.wait()
    async with server.connect(keyspace, table=table, settings=Settings(sequences=False)) as store:
        halfway = await store.operations.feed_status()
    resumed = await shell(*run)
    async with server.connect(keyspace, table=table, settings=Settings(sequences=False)) as store:
        events = [event async for event in store.feed().read()]

    assert halfway.state == "building"
    assert 0 < halfway.backfilled < 1
    assert not halfway.is_sequenced or halfway.published is not None
    assert (resumed.code, resumed.lines) == (0, [f"the feed is complete: {streams:,} events"])
    assert "feed: resuming at " in resumed.err
    assert sorted(event.payload for event in events) == list(range(streams))
    assert [event.position.ordinal for event in events] == list(range(1, streams + 1))


async def test_ctrl_c_says_that_the_backfill_goes_on(
    shell: Shell, server: Server, keyspace: str
) -> None:
    table = await old_table(shell, server, keyspace, 800)
    await shell("feed", "enable", "--table", table)
    process = await shell.process(
        "feed", "run", "--until-complete", "--table", table, "--every", "0"
    )
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readline(), TIMEOUT)
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert (done.code, done.out) == (130, "")
    assert "interrupted: the same command goes on where this one ended" in done.err


async def test_progress_is_a_bar_on_a_terminal(shell: Shell, server: Server, keyspace: str) -> None:
    table = await old_table(shell, server, keyspace, 1)
    await shell("feed", "enable", "--table", table)

    shown, code = await asyncio.to_thread(
        shell.on_a_terminal,
        *("feed", "run", "--until-complete", "--table", table),
        TERM="xterm-256color",
    )

    assert code == 0
    assert "━" in shown
    assert "100%" in shown
    assert "the feed is complete: 1 event" in shown


# Status


async def test_status_in_words_and_in_json(feed_shell: Shell, feed_store: EventStore) -> None:
    await published(feed_store, uuid4(), "a")

    words = await feed_shell("feed", "status")
    told = await feed_shell("feed", "status", "--json")

    assert (words.code, told.code, words.err, told.err) == (0, 0, "", "")
    lines = dict(line.split(maxsplit=1) for line in words.lines)
    found = json.loads(told.out)
    assert list(lines) == [
        *("state", "events", "head", "published", "writers", "undecided", "sequenced")
    ]
    assert (lines["state"], lines["sequenced"]) == ("complete", "yes")
    assert lines["head"] == found["head"]
    assert lines["published"] == found["published"]
    assert found["published"].endswith("Z")
    assert (found["state"], found["backfilled"], found["sequenced"]) == ("complete", 1.0, True)
    assert found["events"] >= 1
    assert found["writers"] >= 1


async def test_status_ends_with_5_if_nobody_sequences(
    shell: Shell, server: Server, keyspace: str
) -> None:
    table = await old_table(shell, server, keyspace, 1)
    await shell("feed", "enable", "--table", table)

    done = await shell("feed", "status", "--table", table)

    assert done.code == 5
    assert "sequenced     no" in done.lines
    assert "state         building, 0%" in done.lines
    assert "no sequencer works" in done.err
    assert "hint: " in done.err


# Reading


async def test_read_prints_events_with_their_places(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    stream, other = uuid4(), uuid4()
    account = feed_store.category("account")
    before = str(await feed_store.feed().head())
    await account.persist_events(stream, [NewEvent({"n": 1}, "opened"), NewEvent({"n": 2}, "paid")])
    await published(feed_store, other, NewEvent({"n": 3}, "opened", {"by": "me"}))

    read = await feed_shell("feed", "read", "--after", before)
    asked = await feed_shell("feed", "read", "--after", before, "--json")
    pretty = await feed_shell("feed", "read", "--after", before, "--pretty")
    one = await feed_shell("feed", "read", "--after", before, "--count", "1")
    typed = await feed_shell("feed", "read", "--after", before, "--type", "opened")
    both = await feed_shell(
        *("feed", "read", "--after", before, "--type", "opened", "--type", "paid")
    )
    of_category = await feed_shell("feed", "read", "--after", before, "--category", "account")
    none = await feed_shell("feed", "read", "--after", before, "--type", "no such type")

    events = [json.loads(line) for line in read.lines]
    assert (read.code, read.err, asked.out) == (0, "", read.out)
    assert [event["payload"]["n"] for event in events] == [1, 2, 3]
    assert [event["category"] for event in events] == ["account", "account", None]
    assert [event["version"] for event in events] == [1, 2, 1]
    assert [event["type"] for event in events] == ["opened", "paid", "opened"]
    assert events[2]["metadata"] == {"by": "me"}
    first = events[0]["ordinal"]
    assert [event["ordinal"] for event in events] == [first, first + 1, first + 2]
    assert f"{first} {stream}  account" in pretty.lines
    assert f"{first + 2} {other}" in pretty.lines
    assert one.lines == read.lines[:1]
    assert typed.lines == [read.lines[0], read.lines[2]]
    assert both.lines == read.lines
    assert of_category.lines == read.lines[:2]
    assert (none.code, none.out) == (0, "")
    assert "there is nothing to print, or not yet: see `event-store feed status`" in none.err


async def test_read_goes_on_after_a_position(feed_shell: Shell, feed_store: EventStore) -> None:
    before = await published(feed_store, uuid4(), *range(5))

    first = await feed_shell("feed", "read", "--after", before, "--count", "2")
    position = json.loads(first.lines[-1])["position"]
    rest = await feed_shell("feed", "read", "--after", position)

    assert [json.loads(line)["payload"] for line in first.lines] == [0, 1]
    assert [json.loads(line)["payload"] for line in rest.lines] == [2, 3, 4]


async def test_links_are_what_the_feed_stores(feed_shell: Shell, feed_store: EventStore) -> None:
    stream = uuid4()
    account = feed_store.category("account")
    before = str(await feed_store.feed().head())
    await account.persist_events(stream, [NewEvent(1, "a"), NewEvent(2, "b"), NewEvent(3, "a")])
    await published(feed_store, uuid4(), 4)
    read = await feed_shell("feed", "read", "--after", before)
    last = json.loads(read.lines[-1])["ordinal"]

    links = await feed_shell("feed", "read", "--after", before, "--links")
    shown = await feed_shell("feed", "read", "--after", before, "--links", "--pretty")
    one = await feed_shell("feed", "read", "--after", before, "--links", "--count", "1")
    selected = await feed_shell("feed", "read", "--after", before, "--links", "--type", "b")
    other = await feed_shell("feed", "read", "--after", before, "--links", "--category", "order")

    first, second = map(json.loads, links.lines)
    assert (links.code, links.err) == (0, "")
    assert (first["stream_id"], first["first"], first["last"]) == (str(stream), 1, 3)
    assert (first["category"], first["types"]) == ("account", ["a", "b"])
    assert (first["ordinal"], second["ordinal"]) == (last - 1, last)
    assert (second["category"], second["types"]) == (None, [None])
    assert first["published"].endswith("Z")
    assert first["position"] == json.loads(read.lines[2])["position"]
    assert shown.lines[0] == f"{last - 1}\t{stream}\t1\t3\taccount\ta,b"
    assert shown.lines[1].endswith("\t1\t1\t-\t-")
    assert one.lines == selected.lines == links.lines[:1]
    assert (other.out, "nothing to print" in other.err) == ("", True)


async def test_an_event_that_cannot_be_read_is_told_of_with_the_way_on(
    feed_shell: Shell, feed_store: EventStore, keyspace: str
) -> None:
    stream = uuid4()
    before = await published(feed_store, stream, "good", "bad", "after")
    await run_cql(
        feed_store,
        f"UPDATE {keyspace}_feed.events SET content_type = 'text/none' "
        f"WHERE stream_id = {stream} AND version = 2",
    )

    done = await feed_shell("feed", "read", "--after", before)
    (hint,) = [line for line in done.err.splitlines() if line.startswith("hint: ")]
    on = await feed_shell("feed", "read", *hint.removeprefix("hint: ").split()[:2])

    assert (done.code, [json.loads(line)["payload"] for line in done.lines]) == (1, ["good"])
    assert hint.startswith("hint: --after ")
    assert [json.loads(line)["payload"] for line in on.lines] == ["after"]


async def test_a_reader_that_leaves_ends_the_command_quietly(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    before = await published(feed_store, uuid4(), *range(900))

    for command in ("read", "read --links", "follow"):
        done = await feed_shell.sh(f"event-store feed {command} --after {before} | head -n 1")
        assert (done.code, len(done.lines)) == (0, 1)
        assert "error" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "--after", "text"],
        ["read", "--after", ""],
        ["read", "--after", f"{uuid4().hex}-1-1-1"],  # of another feed
        ["read", "--after", f"{uuid4().hex}-1-1-1", "--links"],
        ["read", "--count", "0"],
        ["read", "--type", ""],
        ["read", "--category", "two words"],
        ["read", "--category", "two words", "--links"],
        ["follow", "--after", "text"],
        ["follow", "--after", f"{uuid4().hex}-1-1-1"],
        ["follow", "--now", "--after", f"{uuid4().hex}-1-1-1"],
        ["follow", "--category", ""],
        ["locate", "text", "1"],
        ["locate", str(uuid4()), "0"],
        ["locate", str(uuid4()), str(2**31)],
        ["locate", str(uuid4()), "1", "--timeout", "-1"],
        ["locate", str(uuid4()), "1", "--timeout", "nan"],
        ["locate", str(uuid4()), "1", "--timeout", "inf"],
        ["run", "--every", "nan"],
        ["enable", "--no-such-option"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
async def test_wrong_arguments(feed_shell: Shell, arguments: list[str]) -> None:
    done = await feed_shell("feed", *arguments)

    assert (done.code, done.out) == (2, ""), done.err
    assert done.err


# Following


async def test_follow_shows_events_as_they_are_published_and_ends_at_ctrl_c(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    before = await published(feed_store, uuid4(), "before")
    process = await feed_shell.process("feed", "follow", "--after", before)
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [json.loads(await asyncio.wait_for(process.stdout.readline(), TIMEOUT))]
    await feed_store.persist_events(uuid4(), ["one", "two"])
    lines += [json.loads(await asyncio.wait_for(process.stdout.readline(), TIMEOUT)) for _ in "12"]
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert [line["payload"] for line in lines] == ["before", "one", "two"]
    assert (done.code, done.out) == (130, "")
    assert done.err == "following the feed; press Ctrl-C to stop\n"


async def test_follow_begins_at_the_end_if_asked_to(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    await published(feed_store, uuid4(), "before")
    process = await feed_shell.process("feed", "follow", "--now", "--count", "1")
    assert process.stderr is not None
    await asyncio.wait_for(process.stderr.readline(), TIMEOUT)
    await feed_store.persist_events(uuid4(), ["now"])

    done = await ended(process)

    assert (done.code, [json.loads(line)["payload"] for line in done.lines]) == (0, ["now"])


# Locating


async def test_locate_prints_a_position_behind_the_event(
    feed_shell: Shell, feed_store: EventStore
) -> None:
    stream = uuid4()
    before = await published(feed_store, stream, "a", "b")

    found = await feed_shell("feed", "locate", str(stream), "2")
    waited = await feed_shell("feed", "locate", str(stream), "2", "--timeout", "10")
    missing = await feed_shell("feed", "locate", str(stream), "3")
    never = await feed_shell("feed", "locate", str(stream), "3", "--timeout", "0.1")
    rest = await feed_shell("feed", "read", "--after", found.out.strip())
    whole = await feed_shell("feed", "read", "--after", before)

    assert (found.code, found.out) == (waited.code, waited.out)
    assert found.code == 0
    assert str(stream) not in rest.out
    assert whole.out.count(str(stream)) == 2
    for done in (missing, never):
        assert (done.code, done.out) == (1, "")
        assert f"version 3 of stream {stream} is not in the feed" in done.err
        assert "hint: see `event-store feed status`" in done.err


async def test_locate_waits_for_the_sequencer(feed_shell: Shell, feed_store: EventStore) -> None:
    stream = uuid4()
    waiting = asyncio.ensure_future(
        feed_shell("feed", "locate", str(stream), "1", "--timeout", str(TIMEOUT))
    )
    await feed_store.persist_events(stream, ["a"])

    assert (await waiting).code == 0


# Sequencing


async def test_of_several_sequencers_another_takes_over(
    shell: Shell, server: Server, keyspace: str
) -> None:
    table = await old_table(shell, server, keyspace, 0)
    await shell("feed", "enable", "--table", table)
    processes = [await shell.process("feed", "run", "--table", table) for _ in range(3)]
    left = list(processes)
    streams: list[UUID] = []
    quiet = Settings(sequences=False)
    try:
        async with server.connect(keyspace, table=table, settings=quiet) as store:
            feed = store.feed()
            for end in (signal.SIGKILL, signal.SIGINT, None):
                streams.append(uuid4())
                await store.persist_events(streams[-1], ["a", "b"])
                await feed.position_of(streams[-1], 2, timeout=TIMEOUT)
                if end is not None:
                    os.kill(left[0].pid, end)
                    await asyncio.wait_for(left.pop(0).wait(), TIMEOUT)
            events = [(event.stream_id, event.version) async for event in feed.read()]
    finally:
        for process in left:
            process.send_signal(signal.SIGINT)
        done = [await ended(process) for process in left]

    assert events == [(stream, version) for stream in streams for version in (1, 2)]
    assert [each.code for each in done] == [130]
    assert done[0].out == ""
    assert done[0].err == "sequencing the feed; press Ctrl-C to stop\n"


async def test_a_sequencer_that_ends_gives_the_lead_up(
    shell: Shell, server: Server, keyspace: str
) -> None:
    table = await old_table(shell, server, keyspace, 1)
    await shell("feed", "enable", "--table", table)
    quiet = Settings(sequences=False)
    async with server.connect(keyspace, table=table, settings=quiet) as store:
        seen: list[FeedBackfill] = []
        await store.operations.build_feed(seen.append)
        feed = await store._engine.feed._tables.feed()

    assert feed.leader is None
    assert feed.beat is not None
    assert (seen[-1].state, seen[-1].fraction, seen[-1].events) == ("complete", 1.0, 1)
