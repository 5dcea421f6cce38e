"""`event-store subscription`: listed, measured, paused, reset, divided, parked, forgotten."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from event_store_async import EventStore, Position
from event_store_async.feeds.selection import slice_of
from event_store_async.subscriptions import Beat, Lease, ParkedStream, SliceKey

from .running import QUIET, Shell

TIMEOUT = 60.0


@pytest.fixture
def name() -> str:
    return f"mails-{uuid4().hex[:8]}"


async def appended(store: EventStore, stream_id: UUID, count: int) -> tuple[Position, Position]:
    """Append events, and return the positions before and behind them in the feed."""
    before = await store.feed().head()
    done = await store.persist_events(stream_id, [{"n": 1}] * count)
    await store.feed().position_of(stream_id, done.version, timeout=TIMEOUT)
    return before, await store.feed().head()


async def claimed(store: EventStore, name: str, number: int) -> Lease:
    lease = await store.subscriptions.claim(SliceKey(name, 1, number), uuid4(), 0)
    assert lease is not None
    return lease


def row(stream_id: UUID, place: Position, **fields: Any) -> ParkedStream:
    facts: dict[str, Any] = {
        "version": 2,
        "last_version": 3,
        "type": "sent",
        "error": "ValueError: no",
        "attempts": 5,
        "since": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    }
    return ParkedStream(stream_id, after=place, last_position=place, **(facts | fields))


async def parked(store: EventStore, name: str) -> list[ParkedStream]:
    return [each async for each in store.subscriptions.parked(name)]


async def test_subscriptions_are_listed_and_measured(
    feed_shell: Shell, feed_store: EventStore, stream_id: UUID, name: str
) -> None:
    before, behind = await appended(feed_store, stream_id, 5)
    await feed_store.subscriptions.register(name, 2, before)
    mine = slice_of(stream_id, 2)
    lease = await claimed(feed_store, name, mine)
    await feed_store.subscriptions.commit(lease, behind, {stream_id: row(stream_id, before)})
    await feed_store.subscriptions.beat(name, lease.member, Beat(1, 1, {mine: "holds"}))

    listed = await feed_shell("subscription", "list")
    (line,) = [each for each in listed.lines if each.startswith(name)]
    as_json = await feed_shell("subscription", "list", "--json")
    (found,) = [each for each in map(orjson.loads, as_json.lines) if each["name"] == name]
    lag = await feed_shell("subscription", "lag", name)
    one = await feed_shell("subscription", "lag", name, "--json")
    within = await feed_shell(
        "subscription", "lag", name, "--max-events", "1000000", "--max-seconds", "1000000"
    )
    events = await feed_shell("subscription", "lag", name, "--max-events", "4")
    seconds = await feed_shell("subscription", "lag", name, "--max-seconds", "0")

    cells = line.split("\t")
    assert (cells[1], cells[2], int(cells[3]) >= 5, cells[5:]) == ("2", "1", True, ["1", "ready"])
    assert (found["state"], found["parked"], found["members"]) == ("ready", 1, [str(lease.member)])
    assert {key: orjson.loads(one.out)[key] for key in ("name", "generation")} == {
        "name": name,
        "generation": 1,
    }
    shown = [each.split("\t") for each in lag.lines]
    assert [each[0] for each in shown] == ["0", "1"]
    assert shown[mine][3:] == ["1", str(lease.member), "holds"]
    assert shown[1 - mine][3:] == ["0", "-", "-"]
    assert (listed.code, lag.code, within.code) == (0, 0, 0)
    assert (events.code, seconds.code) == (5, 5)
    assert "events behind, more than 4" in events.err
    assert "seconds behind, more than 0" in seconds.err


async def test_what_is_parked_is_shown_replayed_skipped_and_parked(
    feed_shell: Shell, feed_store: EventStore, stream_id: UUID, name: str
) -> None:
    before, behind = await appended(feed_store, stream_id, 3)
    await feed_store.subscriptions.register(name, 1, before)
    lease = await claimed(feed_store, name, 0)
    await feed_store.subscriptions.commit(lease, behind, {stream_id: row(stream_id, before)})
    stream, other = str(stream_id), str(uuid4())

    words = await feed_shell("subscription", "parked", name)
    as_json = await feed_shell("subscription", "parked", name, stream, "--json")
    none = await feed_shell("subscription", "parked", name, other)
    handled = await feed_shell("subscription", "wait", name, stream, "1")
    waits = await feed_shell("subscription", "wait", name, stream, "3")
    late = await feed_shell("subscription", "wait", name, other, "1", "--timeout", "0.1")
    replayed = await feed_shell("subscription", "replay", name, stream)
    (after_replay,) = await parked(feed_store, name)
    skip = ("subscription", "skip", name, stream)
    wrong = await feed_shell(*skip, "3", "--reason", "no")
    none_yet = await feed_shell("subscription", "skipped", name)
    skipped = await feed_shell(*skip, "2", "--reason", "by hand", "--by", "ann")
    (after_skip,) = await parked(feed_store, name)
    records = await feed_shell("subscription", "skipped", name)
    records_as_json = await feed_shell("subscription", "skipped", name, "--json")
    park = await feed_shell("subscription", "park", name, other)
    every = await feed_shell("subscription", "replay", name)
    unparked = await feed_shell("subscription", "replay", name, str(uuid4()))

    assert words.lines == [f"{stream}\t2\tsent\t3\t2026-01-02T03:04:05.678Z\t5\t-\tValueError: no"]
    assert orjson.loads(as_json.out) == {
        "stream_id": stream,
        "version": 2,
        "last_version": 3,
        "type": "sent",
        "since": "2026-01-02T03:04:05.678Z",
        "attempts": 5,
        "replay": False,
        "error": "ValueError: no",
    }
    assert (none.code, none.out, "not parked" in none.err) == (0, "", True)
    assert (handled.code, handled.lines) == (0, ["handled"])
    assert (waits.code, waits.lines) == (5, ["parked"])
    assert (late.code, late.lines) == (1, ["late"])
    assert (replayed.code, after_replay.replay) == (0, True)
    assert "1 parked stream will be replayed" in replayed.err
    assert wrong.code == 1
    assert "is version 2" in wrong.err
    assert (skipped.code, after_skip.version) == (0, 3)
    (record,) = [each async for each in feed_store.subscriptions.skipped(name)]
    assert (record.version, record.reason, record.by) == (2, "by hand", "ann")
    at = orjson.loads(records_as_json.out)["at"]
    assert orjson.loads(records_as_json.out) == {
        "stream_id": stream,
        "version": 2,
        "at": at,
        "by": "ann",
        "reason": "by hand",
        "error": "ValueError: no",
    }
    assert records.lines == [f"{stream}\t2\t{at}\tann\tby hand\tValueError: no"]
    assert (none_yet.code, none_yet.out, "no event was skipped" in none_yet.err) == (0, "", True)
    assert park.code == 0
    assert "2 parked streams will be replayed" in every.err
    assert (unparked.code, "is not parked" in unparked.err) == (1, True)


async def test_a_subscription_is_paused_reset_divided_and_forgotten(
    feed_shell: Shell, feed_store: EventStore, name: str
) -> None:
    await feed_store.subscriptions.register(name, 2, await feed_store.feed().head())

    async def state() -> Any:
        done = await feed_shell("subscription", "lag", name, "--json")
        return orjson.loads(done.out)["state"]

    await feed_shell("subscription", "pause", name)
    assert await state() == "paused"
    await feed_shell("subscription", "resume", name)
    assert await state() == "ready"
    lease = await claimed(feed_store, name, 1)
    asked = await feed_shell("subscription", "slices", name, "4")
    assert "about to go over to 4 slices" in asked.err
    assert await state() == "going over to 4 slices"
    await feed_store.subscriptions.release(lease)
    divided = await feed_shell("subscription", "slices", name, "4")
    assert "has 4 slices" in divided.err
    refused = await feed_shell("subscription", "reset", name, "--to", "beginning")
    assert (refused.code, "--again" in refused.err, "now" in refused.err) == (2, True, False)
    assert (await feed_shell("subscription", "reset", name, "--to", "now", "--yes")).code == 0
    start = str(Position.beginning((await feed_store.feed().head()).feed_id))
    done = await feed_shell("subscription", "reset", name, "--to", start, "--again", "--yes")
    assert (done.code, "begins generation 4" in done.err) == (0, True)
    assert await state() == "preparing"
    assert (await feed_shell("subscription", "forget", name)).code == 0
    gone = await feed_shell("subscription", "lag", name)
    assert (gone.code, f"there is no subscription '{name}'" in gone.err) == (1, True)


async def test_a_reset_that_a_view_does_not_survive_must_be_confirmed(
    feed_shell: Shell, feed_store: EventStore, name: str
) -> None:
    """A projection clears its view wherever it starts, and nothing stored tells a projection."""
    head = await feed_store.feed().head()
    await feed_store.subscriptions.register(name, 1, head)
    reset = ("subscription", "reset", name, "--to")

    async def generation() -> int:
        return (await feed_store.subscriptions.status(name)).registration.generation

    refused = [
        await feed_shell(*reset, "now"),
        await feed_shell(*reset, "now", "--again"),
        await feed_shell(*reset, str(head), "--again"),
    ]
    dumb = {**QUIET, **feed_shell.environment}
    asked, _ = await asyncio.to_thread(
        feed_shell.on_a_terminal, *reset, "now", answer="n\n", **dumb
    )
    untouched = await generation()
    again = await feed_shell(*reset, "beginning", "--again")

    for done in refused:
        said = " ".join(done.err.split())
        assert done.code == 2
        assert "clears its view, which then lacks all events before the new start" in said
        assert "--to beginning --again" in said
        assert "--yes" in said
    assert "lacks all events before the new start. Reset?" in asked
    assert "nothing is reset" in asked
    assert untouched == 1
    assert (again.code, await generation()) == (0, 2)


@pytest.mark.parametrize(
    "command",
    [
        ["lag"],
        ["parked"],
        ["pause"],
        ["resume"],
        ["skipped"],
        ["reset", "--to", "now", "--yes"],
        ["slices", "2"],
        ["replay"],
        ["skip", str(uuid4()), "1", "--reason", "no"],
        ["park", str(uuid4())],
        ["wait", str(uuid4()), "1"],
        ["forget"],
    ],
    ids=lambda command: command[0],
)
async def test_a_name_that_is_unknown_or_none_is_told_of(
    feed_shell: Shell, feed_store: EventStore, command: list[str]
) -> None:
    assert feed_store is not None
    what, *more = command
    unknown = await feed_shell("subscription", what, "nobody", *more)
    wrong = await feed_shell("subscription", what, "two words", *more)

    assert (unknown.code, unknown.out) == (1, "")
    assert "error: there is no subscription 'nobody'" in unknown.err
    assert (wrong.code, wrong.out) == (2, "")
    assert "is not the name of a subscription" in wrong.err


@pytest.mark.parametrize("to", ["yesterday", "", "7"])
async def test_what_is_no_start_is_refused(feed_shell: Shell, to: str) -> None:
    done = await feed_shell("subscription", "reset", "mails", "--to", to)

    assert done.code == 2
    assert "neither beginning, now, nor a position" in " ".join(done.err.split())


async def test_a_table_without_a_feed_is_told_of(shell: Shell, keyspace: str) -> None:
    done = await shell("subscription", "list")

    assert (done.code, done.out) == (1, "")
    assert f"hint: enable it with `event-store feed enable --keyspace {keyspace}`" in done.err
