"""The follower of the library's feed, for deliveries: a process of its own (`followers`)."""

import asyncio

from event_store_async import EventStore

from .followers import READY, handled, say
from .protocol import Options, parse_options


async def follow(options: Options) -> None:
    """Follow the feed from its end on, until the process is ended."""
    async with EventStore.connect(
        options.contact, port=options.port, keyspace=options.keyspace
    ) as store:
        feed = store.feed()
        events = feed.follow(await feed.head())
        say(READY)
        async for event in events:
            handled(event.payload)


if __name__ == "__main__":
    asyncio.run(follow(parse_options()))
