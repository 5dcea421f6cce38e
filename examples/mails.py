"""
Mails about withdrawals, sent by a group of processes.

``python -m examples.mails KEYSPACE``, started as often as you like, *is* the group: the processes
share its slices. SIGTERM ends one in good order: no further event begins, the one in hand is
finished, its slices are given back at once, and the exit code is 0.
"""

import asyncio
import signal
import sys
from typing import Any

from event_store_async import FeedEvent
from event_store_async.subscriptions import Subscription

from .cassandra import open_store


async def send_mail(event: FeedEvent[Any]) -> None:
    """Send a mail, in place of a real mailer."""
    await asyncio.sleep(0.02)
    print(f"to {event.payload['owner']}: {event.payload['cents']} withdrawn", flush=True)


async def main(keyspace: str) -> None:
    """Send mails until SIGTERM."""
    async with open_store(keyspace) as store:
        await store.create_schema(feed=True)
        feed = store.feed(types=["withdrawn"])
        mails = Subscription("mails", feed, send_mail, store.subscriptions, slices=8)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, mails.stop)
        await mails.run()  # until `stop` was called, and what was in hand is done


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "mails"))
