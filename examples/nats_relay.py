"""
A relay: it publishes the feed to NATS JetStream, each event once and each stream in order.

A subscription hands over one event after the other. Its handler returns when the broker has
acknowledged the message, so the checkpoint never passes an event that is not published. A process
that dies between the two publishes again; JetStream recognises the id of the event, and drops the
copy.

``python -m examples.nats_relay nats://127.0.0.1:4222`` needs a ``nats-server --jetstream``. It
prints::

    Ann: opened, deposited, withdrawn
    Bob: opened, deposited
    all events delivered again: 0 new messages
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

import nats
import orjson
from nats.aio.client import Client
from nats.errors import (
    ConnectionClosedError,
    ConnectionDrainingError,
    NoRespondersError,
    OutboundBufferLimitError,
)
from nats.errors import TimeoutError as NatsTimeout
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import (
    NoStreamResponseError,
    NotFoundError,
    ServerError,
    ServiceUnavailableError,
)

from event_store_async import Feed, FeedEvent, NewEvent
from event_store_async.subscriptions import Pace, Recovery, Subscription, SubscriptionStore

from .cassandra import open_store

WINDOW: Final = 600.0
"""Seconds for which JetStream remembers ids: longer than a relay may be down in the middle."""

OUTAGES: Final = (
    ConnectionClosedError,
    ConnectionDrainingError,
    ConnectionError,
    NatsTimeout,
    NoRespondersError,
    NoStreamResponseError,
    OutboundBufferLimitError,
    ServerError,
    ServiceUnavailableError,
)
"""What is not the fault of an event: the relay waits until it is over, and parks nothing."""

Message: TypeAlias = dict[str, Any]


def subject(stream: str, event: FeedEvent[Any]) -> str:
    """Return the subject of an event: each stream of the event store has its own."""
    # A point would begin another part of the subject.
    category = (event.category or "none").replace(".", "_")
    return f"{stream}.{category}.{event.stream_id}"


def identity(event: FeedEvent[Any]) -> str:
    """Return by what the broker recognises an event."""
    # Events that the Clojure original wrote have no id.
    return str(event.event_id or f"{event.stream_id}/{event.version}")


def message(event: FeedEvent[Any]) -> Message:
    """Return what is published of an event: a contract with its readers, so change it with care."""
    return {
        "id": identity(event),
        "stream": str(event.stream_id),
        "version": event.version,
        "type": event.type,
        "time": event.timestamp.isoformat(),
        "metadata": dict(event.metadata or {}),
        "payload": event.payload,
    }


def relay(
    jetstream: JetStreamContext,
    stream: str,
    feed: Feed[Any],
    subscriptions: SubscriptionStore,
    *,
    slices: int = 8,
    timeout: float = 5.0,
    pace: Pace | None = None,
) -> Subscription[Any]:
    """
    Return a subscription that publishes a feed; any number of processes may run it.

    Args:
        jetstream: The broker.
        stream: The name of the stream of JetStream, and of its subscription.
        feed: What is published.
        subscriptions: What keeps how far the relay is.
        slices: How many events, each of another stream, are on their way at once.
        timeout: After how many seconds without an acknowledgement an event is published again.
        pace: How often things happen.
    """

    async def publish(event: FeedEvent[Any]) -> None:
        # Raises unless this stream has stored the message, or has it already.
        await jetstream.publish(
            subject(stream, event),
            orjson.dumps(message(event)),
            timeout=timeout,
            stream=stream,
            headers={"Nats-Msg-Id": identity(event)},
        )

    return Subscription(
        f"nats-{stream}",
        feed,
        publish,
        subscriptions,
        slices=slices,
        recovery=Recovery(transient=(*Recovery().transient, *OUTAGES)),
        pace=pace or Pace(),
    )


class Inbox:
    """
    What a reader of the messages remembers: the last version of each stream.

    A copy that comes later than the broker remembers ids is recognised by it, for ever. Keep it
    where the reader's own data is, and change both in one transaction.
    """

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}

    def is_new(self, received: Message) -> bool:
        """Return whether a message was not received before, and remember it."""
        stream, version = received["stream"], received["version"]
        if version <= self._versions.get(stream, 0):
            return False
        self._versions[stream] = version
        return True


async def connect(url: str) -> Client:
    """Connect to NATS, for as long as the process lives."""
    # Without limit: a client that gave up would never publish again. Nothing is sent late, after
    # its call has failed: the relay itself publishes again.
    return await nats.connect(url, max_reconnect_attempts=-1, pending_size=0)


async def create_stream(
    jetstream: JetStreamContext, stream: str, *, window: float = WINDOW
) -> None:
    """Create a stream of JetStream, unless it exists."""
    try:
        await jetstream.stream_info(stream)
    except NotFoundError:
        config = StreamConfig(name=stream, subjects=[f"{stream}.>"], duplicate_window=window)
        await jetstream.add_stream(config)


async def messages(
    jetstream: JetStreamContext, stream: str, filter_subject: str | None = None
) -> AsyncGenerator[Message]:
    """Read the messages that a stream has, in order."""
    filtered = filter_subject or f"{stream}.>"
    reader = await jetstream.pull_subscribe(filtered, stream=stream)
    try:
        for _ in range((await reader.consumer_info()).num_pending or 0):
            (received,) = await reader.fetch(1)
            await received.ack()
            yield orjson.loads(received.data)
    finally:
        await reader.unsubscribe()


async def main(keyspace: str, url: str) -> None:
    """Append to two accounts, publish their events, and deliver all of them again."""
    async with open_store(keyspace) as store, await connect(url) as client:
        await store.create_schema(feed=True)
        jetstream, stream = client.jetstream(), "bank"
        await create_stream(jetstream, stream)
        accounts = store.category("account")
        running = relay(jetstream, stream, accounts.feed(), store.subscriptions)

        async def appended(account: UUID, *types: str) -> None:
            done = await accounts.persist_events(account, [NewEvent({}, type_) for type_ in types])
            await accounts.feed().position_of(account, done.version, timeout=30)

        ann, bob = uuid4(), uuid4()
        await appended(ann, "opened", "deposited")
        await appended(bob, "opened", "deposited")
        await appended(ann, "withdrawn")
        await running.catch_up()  # in a service: run()

        for name, account in (("Ann", ann), ("Bob", bob)):
            found = messages(jetstream, stream, f"{stream}.account.{account}")
            print(f"{name}: {', '.join([each['type'] async for each in found])}")

        before = (await jetstream.stream_info(stream)).state.messages
        await store.subscriptions.reset(running.name, "beginning")
        await running.catch_up()
        after = (await jetstream.stream_info(stream)).state.messages
        print(f"all events delivered again: {after - before} new messages")


if __name__ == "__main__":
    asyncio.run(main("nats_relay", sys.argv[1] if sys.argv[1:] else "nats://127.0.0.1:4222"))
