"""`event-store tail`: events as they arrive."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import orjson
import pytest

from event_store_async import (
    EventStore,
    MemoryEventStore,
    Polling,
    RecordedEvent,
    StoreUnavailable,
)
from event_store_async.cli.printer import Printer
from event_store_async.cli.tail import follow, pauses

from .running import Shell, ended


async def test_it_begins_at_the_given_version_and_ends_at_the_count(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [1, 2, 3, 4])

    done = await shell("tail", str(stream_id), "--from", "2", "--count", "2")

    assert done.code == 0
    assert [orjson.loads(line)["version"] for line in done.lines] == [2, 3]
    assert f"following stream {stream_id} from version 2" in done.err


async def test_it_shows_new_events_and_ends_at_ctrl_c(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, ["before"])
    process = await shell.process("tail", str(stream_id), "--shortest", "0.02", "--longest", "0.2")
    assert process.stdout is not None
    assert process.stderr is not None
    said = await asyncio.wait_for(process.stderr.readline(), 60)

    await store.persist_events(stream_id, ["one", "two"])
    lines = [orjson.loads(await asyncio.wait_for(process.stdout.readline(), 60)) for _ in "12"]
    await store.persist_events(stream_id, ["three"])
    lines.append(orjson.loads(await asyncio.wait_for(process.stdout.readline(), 60)))
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert b"from version 2" in said
    assert [line["payload"] for line in lines] == ["one", "two", "three"]
    assert [line["version"] for line in lines] == [2, 3, 4]
    assert (done.code, done.out, done.err) == (130, "", "")


class Unreliable(MemoryEventStore):
    """A store whose first two reads fail in the middle."""

    broken = 0

    async def read_events(
        self, stream_id: UUID, from_version: int | None = None, *rest: Any, **options: Any
    ) -> AsyncGenerator[RecordedEvent, None]:
        async for event in super().read_events(stream_id, from_version, *rest, **options):
            yield event
            if self.broken < 2:
                self.broken += 1
                raise StoreUnavailable("no quorum")


async def test_it_continues_after_an_outage_without_gaps_or_duplicates(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Unreliable()
    await store.persist_events(stream_id, [1, 2, 3, 4])

    printer = Printer(as_json=True)
    polling = Polling(shortest=0.001, longest=0.002, max_outage=0, sleep=pauses(printer))

    await follow(store, stream_id, 1, 4, polling, printer)

    captured = capsys.readouterr()
    assert [orjson.loads(line)["version"] for line in captured.out.splitlines()] == [1, 2, 3, 4]
    assert captured.err.count("no quorum; trying again within 0.002 s") == 2


class Stopped(Exception):
    """Nothing more is to be polled."""


async def test_it_says_that_a_stream_is_closed_and_waits(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    store = MemoryEventStore()
    await store.persist_events(stream_id, [1, 2])
    await store.close_stream(stream_id)

    async def sleep(_: float) -> None:
        raise Stopped

    polling = Polling(max_outage=0, sleep=sleep)
    with pytest.raises(Stopped):
        await follow(store, stream_id, None, 1, polling, Printer(as_json=True))

    said = capsys.readouterr()
    assert said.out == ""
    assert f"stream {stream_id} is closed: no event will come" in said.err
