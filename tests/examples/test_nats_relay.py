"""The relay to NATS: each event once, each stream in order, whoever dies."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, MemoryEventStore, NewEvent, RecordedEvent
from event_store_async.subscriptions import Pace, Subscription, SubscriptionStore
from event_store_async.testing import every_delivery

from ..fixtures.nats import NatsServer, run_nats
from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace

pytest.importorskip("nats", reason="nats-py is not installed")

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PubAck

from examples import nats_relay
from examples.nats_relay import (
    Inbox,
    Message,
    connect,
    create_stream,
    messages,
    relay,
)

PACE = Pace(page=5, commit_seconds=0, beat=0.01, lease=0.03)
SIX = [1, 2, 3, 4, 5, 6]


class WatchedJetStream(JetStreamContext):
    """
    The broker, as a relay sees it.

    Attributes:
        acknowledged: What it has answered.
        gate: An answer comes only while this is set.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.acknowledged: list[PubAck] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def publish(self, *arguments: Any, **options: Any) -> PubAck:
        answer = await super().publish(*arguments, **options)
        self.acknowledged.append(answer)
        await self.gate.wait()
        return answer

    @property
    def copies(self) -> int:
        """How many messages it has dropped, since it has them."""
        return sum(bool(answer.duplicate) for answer in self.acknowledged)


@pytest_asyncio.fixture
async def client(nats_server: NatsServer) -> AsyncGenerator[Client, None]:
    """Give a connection to the broker."""
    async with await connect(nats_server.url) as client:
        yield client


@pytest_asyncio.fixture
async def jetstream(client: Client) -> WatchedJetStream:
    """Give the broker."""
    return WatchedJetStream(client)


@pytest_asyncio.fixture
async def stream(jetstream: WatchedJetStream) -> str:
    """Give the name of a stream of the broker, of the test's own."""
    name = f"test-{uuid4().hex[:12]}"
    await create_stream(jetstream, name)
    return name


async def filled(store: MemoryEventStore, streams: int = 4, events: int = 6) -> list[UUID]:
    """Append to some streams in turn; return them."""
    ids = [uuid4() for _ in range(streams)]
    for number in range(events):
        for stream_id in ids:
            await store.persist_events(stream_id, [NewEvent({"number": number}, "counted")])
    return ids


def relayed(
    store: MemoryEventStore | EventStore, jetstream: JetStreamContext, stream: str, **options: Any
) -> Subscription[Any]:
    """Return a relay of all events."""
    options = {"pace": PACE, **options}
    return relay(jetstream, stream, store.feed(), store.subscriptions, **options)


async def versions(jetstream: JetStreamContext, stream: str) -> dict[UUID, list[int]]:
    """Return the versions that the broker has of each stream of the store, in its order."""
    found: dict[UUID, list[int]] = {}
    async for each in messages(jetstream, stream):
        found.setdefault(UUID(each["stream"]), []).append(each["version"])
    return found


async def test_all_of_an_event_is_published(jetstream: WatchedJetStream, stream: str) -> None:
    store = MemoryEventStore()
    account = uuid4()
    given = NewEvent({"owner": "ann"}, "opened", {"who": "bob"})
    await store.category("bank.account").persist_events(account, [given, NewEvent({}, "closed")])
    events = [event async for event in store.read_events(account)]
    await relayed(store, jetstream, stream).catch_up()

    def published(event: RecordedEvent[Any]) -> Message:
        return {
            "id": str(event.event_id),
            "stream": str(account),
            "version": event.version,
            "type": event.type,
            "time": event.timestamp.isoformat(),
            "metadata": dict(event.metadata or {}),
            "payload": event.payload,
        }

    there = messages(jetstream, stream, f"{stream}.bank_account.{account}")
    assert [each async for each in there] == [published(event) for event in events]
    assert events[0].metadata == {"who": "bob"}


async def test_streams_are_published_in_order_and_none_twice(
    jetstream: WatchedJetStream, stream: str
) -> None:
    store = MemoryEventStore()
    ids = await filled(store)
    running = relayed(store, jetstream, stream)
    await running.catch_up()
    first = await versions(jetstream, stream)
    await store.subscriptions.reset(running.name, "beginning")
    await running.catch_up()

    assert first == dict.fromkeys(ids, SIX)
    assert await versions(jetstream, stream) == first
    assert jetstream.copies >= 24


async def test_a_crash_between_publish_and_checkpoint_gives_no_duplicate(
    jetstream: WatchedJetStream, stream: str
) -> None:
    """Until the broker has answered, the checkpoint stays, although the message is there."""
    store = MemoryEventStore()
    (stream_id,) = await filled(store, streams=1)
    running = relayed(store, jetstream, stream, slices=1)
    jetstream.gate.clear()
    process = asyncio.create_task(running.run())
    async with asyncio.timeout(60):
        while not jetstream.acknowledged:
            await asyncio.sleep(0.01)
    published = await versions(jetstream, stream)
    checkpoints = await store.subscriptions.checkpoints(running.name)
    process.cancel()
    await asyncio.gather(process, return_exceptions=True)
    jetstream.gate.set()
    await relayed(store, jetstream, stream, slices=1).catch_up()

    assert published == {stream_id: [1]}
    assert [position.ordinal for position in checkpoints.positions] == [0]
    assert jetstream.copies >= 1
    assert await versions(jetstream, stream) == {stream_id: SIX}


async def test_every_legal_delivery_publishes_each_event_once_and_in_order(
    jetstream: WatchedJetStream,
) -> None:
    """With a crash before and after each commit, among others."""
    ann, bob = uuid4(), uuid4()
    events: list[tuple[UUID, Any]] = [
        (each, NewEvent({}, "counted")) for each in (ann, bob, ann, ann, bob, ann)
    ]

    def make(
        name: str, store: MemoryEventStore, known: SubscriptionStore, options: Mapping[str, Any]
    ) -> Subscription[Any]:
        return relay(jetstream, name, store.feed(), known, **options)

    async def observe(name: str) -> object:
        return await versions(jetstream, name)

    names = [f"test-{uuid4().hex[:12]}" for _ in range(60)]
    for name in names:
        await create_stream(jetstream, name)

    assert await every_delivery(events, names.pop, make, observe) > 10
    assert jetstream.copies > 5


async def test_relays_that_are_killed_again_and_again_publish_all_once(
    jetstream: WatchedJetStream, stream: str
) -> None:
    store = MemoryEventStore()
    ids = await filled(store)
    for published in range(2, 24, 3):
        members = [relayed(store, jetstream, stream, slices=3) for _ in range(2)]
        processes = [asyncio.create_task(member.run()) for member in members]
        async with asyncio.timeout(60):
            while len(jetstream.acknowledged) < published:
                await asyncio.sleep(0)
        for process in processes:
            process.cancel()
        await asyncio.gather(*processes, return_exceptions=True)
    await relayed(store, jetstream, stream, slices=3).catch_up()

    assert await versions(jetstream, stream) == dict.fromkeys(ids, SIX)


async def test_an_outage_of_the_broker_is_waited_out(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    """Nothing is parked, and the broker recognises what it had before it was killed."""
    store = MemoryEventStore()
    ids = await filled(store)
    with run_nats(tmp_path) as server:
        async with await connect(server.url) as client:
            jetstream = WatchedJetStream(client)
            await create_stream(jetstream, "outage")
            running = relayed(store, jetstream, "outage", timeout=0.5)
            await running.catch_up()
            await store.subscriptions.reset(running.name, "beginning")
            server.end()
            more = await filled(store)
            process = asyncio.create_task(running.run())
            async with asyncio.timeout(60):
                while not running.health().holding:
                    await asyncio.sleep(0.01)
            parked = running.health().parked
            server.start()
            last = [
                await running.progress.wait_for(stream_id, 6, timeout=60.0)
                for stream_id in (*ids, *more)
            ]
            running.stop()
            await process
            found = await versions(jetstream, "outage")

    assert parked == 0
    assert last == ["handled"] * 8
    assert jetstream.copies >= 24
    assert found == dict.fromkeys((*ids, *more), SIX)


async def test_a_missing_stream_is_waited_for(jetstream: WatchedJetStream) -> None:
    store = MemoryEventStore()
    (stream_id,) = await filled(store, streams=1)
    name = f"test-{uuid4().hex[:12]}"
    running = relayed(store, jetstream, name, timeout=0.5)
    process = asyncio.create_task(running.run())
    async with asyncio.timeout(60):
        while not running.health().holding:
            await asyncio.sleep(0.01)
    await create_stream(jetstream, name)
    outcome = await running.progress.wait_for(stream_id, 6, timeout=60.0)
    running.stop()
    await process

    assert outcome == "handled"
    assert await versions(jetstream, name) == {stream_id: SIX}


async def test_an_event_that_the_broker_refuses_parks_its_stream_only(
    client: Client, jetstream: WatchedJetStream, stream: str
) -> None:
    store = MemoryEventStore()
    large, small = uuid4(), uuid4()
    await store.persist_events(large, [NewEvent("x" * (client.max_payload - 100)), "waits"])
    await store.persist_events(small, ["passes"])
    running = relayed(store, jetstream, stream, slices=1)
    await running.catch_up()
    (parked,) = [each async for each in store.subscriptions.parked(running.name)]

    assert (parked.stream_id, parked.version, parked.last_version) == (large, 1, 2)
    assert "maximum payload exceeded" in parked.error
    assert await versions(jetstream, stream) == {small: [1]}


async def test_a_reader_recognises_a_copy_that_the_broker_does_not(
    jetstream: WatchedJetStream,
) -> None:
    """It forgets ids: here, after a tenth of a second."""
    store = MemoryEventStore()
    ids = await filled(store, streams=2, events=3)
    name = f"test-{uuid4().hex[:12]}"
    await create_stream(jetstream, name, window=0.1)
    running = relayed(store, jetstream, name)
    await running.catch_up()
    async with asyncio.timeout(60):
        while len(received := [each async for each in messages(jetstream, name)]) < 12:
            await store.subscriptions.reset(running.name, "beginning")
            await running.catch_up()
    inbox = Inbox()
    taken: dict[str, list[int]] = {}
    for each in received:
        if inbox.is_new(each):
            taken.setdefault(each["stream"], []).append(each["version"])

    assert taken == {str(stream_id): [1, 2, 3] for stream_id in ids}


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    nats_server: NatsServer, store: EventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        await nats_relay.main(keyspace, nats_server.url)
    finally:
        await drop_keyspace(store, keyspace)

    _, _, documented = (nats_relay.__doc__ or "").partition("prints::\n\n")
    printed = capsys.readouterr().out.splitlines()
    assert printed == [line.strip() for line in documented.splitlines()]


@pytest.mark.slow
async def test_relays_of_a_feed_on_cassandra_that_are_killed_publish_all_once(
    server: Server, store: EventStore, jetstream: WatchedJetStream, stream: str
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    pace = Pace(beat=0.1, lease=0.5)
    ids = [uuid4() for _ in range(4)]
    try:
        async with server.connect(keyspace) as own:
            await own.create_schema(server.replication, feed=True)
            for rounds in range(1, 6):
                for stream_id in ids:
                    await own.persist_events(stream_id, [{"round": rounds}] * 20)
                members = [relayed(own, jetstream, stream, pace=pace) for _ in range(2)]
                processes = [asyncio.create_task(member.run()) for member in members]
                await asyncio.wait(processes, timeout=0.1 * rounds)
                for process in processes:
                    process.cancel()
                await asyncio.gather(*processes, return_exceptions=True)
            last = relayed(own, jetstream, stream, pace=pace)
            process = asyncio.create_task(last.run())
            for stream_id in ids:
                outcome = await last.progress.wait_for(stream_id, 100, timeout=120.0)
                assert outcome == "handled"
            last.stop()
            await process
    finally:
        await drop_keyspace(store, keyspace)

    assert await versions(jetstream, stream) == {each: list(range(1, 101)) for each in ids}
