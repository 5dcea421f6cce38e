"""
Accounts, and totals per owner: a view that a feed keeps up to date.

The view reads the feed from the beginning, then follows it. It is stored in a file together with
its position, so that a new start goes on where the last one ended.

``python -m examples.totals`` prints::

    Ann: 2 accounts, 100 + 20 = 120
    Bob: 1 account, 20
    a new start goes on after event 6
    Ann: 2 accounts, 50 + 20 = 70
    Bob: 1 account, 20
"""

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID, uuid4

from event_store_async import Feed, FeedEvent, NewEvent, Position

from .cassandra import open_store

OPENED, DEPOSITED, WITHDRAWN = "account-opened", "deposited", "withdrawn"


class Totals:
    """
    Who owns which account, and how much is in it.

    Args:
        file: Where the view is stored; it need not exist yet.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.position: Position | None = None  # None: before the first event
        self.owners: dict[str, str] = {}
        self.balances: dict[str, int] = {}
        if file.exists():
            stored = json.loads(file.read_text("utf-8"))
            self.position = Position.parse(stored["position"])
            self.owners, self.balances = stored["owners"], stored["balances"]

    def apply(self, event: FeedEvent) -> None:
        """Take in an event, and its position with it."""
        account = str(event.stream_id)
        match event.type:
            case "account-opened":
                self.owners[account] = event.payload["owner"]
                self.balances[account] = 0
            case "deposited":
                self.balances[account] += event.payload["amount"]
            case "withdrawn":
                self.balances[account] -= event.payload["amount"]
        self.position = event.position

    def store(self) -> None:
        """Replace the file: view and position are stored in one step, so each event counts once."""
        content = {
            "position": str(self.position),
            "owners": self.owners,
            "balances": self.balances,
        }
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(content), "utf-8")
        new.replace(self.file)

    async def follow(self, feed: Feed, until: Position) -> None:
        """Keep the view up to date; for this example, only until it has reached a position."""
        if self.position is not None and self.position >= until:
            return
        async with aclosing(feed.follow(self.position)) as events:
            async for event in events:
                self.apply(event)
                self.store()
                if event.position >= until:
                    return

    def print(self) -> None:
        """Print each owner's accounts, in the order in which they were opened, and the total."""
        for owner in sorted(set(self.owners.values())):
            balances = [self.balances[it] for it, name in self.owners.items() if name == owner]
            total = str(sum(balances))
            if len(balances) > 1:
                total = f"{' + '.join(map(str, balances))} = {total}"
            print(f"{owner}: {len(balances)} account{'s'[: len(balances) - 1]}, {total}")


def opened(owner: str) -> NewEvent:
    """Return the first event of an account."""
    return NewEvent({"owner": owner}, OPENED)


def moved(type_: str, amount: int) -> NewEvent:
    """Return a deposit or a withdrawal."""
    return NewEvent({"amount": amount}, type_)


async def main(keyspace: str, folder: Path) -> None:
    """Append to three accounts, and keep the totals, twice."""
    async with open_store(keyspace) as store:
        await store.create_schema(feed=True)
        accounts = store.category("account")
        feed = accounts.feed(types=[OPENED, DEPOSITED, WITHDRAWN])

        async def published(stream_id: UUID, *events: NewEvent) -> Position:
            """Append events; return a position that a view must pass to have seen them."""
            done = await accounts.persist_events(stream_id, events)
            return await feed.position_of(stream_id, done.version, timeout=30)

        ann, savings, bob = uuid4(), uuid4(), uuid4()
        await published(ann, opened("Ann"), moved(DEPOSITED, 100))
        await published(bob, opened("Bob"), moved(DEPOSITED, 20))
        here = await published(savings, opened("Ann"), moved(DEPOSITED, 20))
        totals = Totals(folder / "totals.json")
        await totals.follow(feed, here)
        totals.print()

        here = await published(ann, moved(WITHDRAWN, 50))
        again = Totals(folder / "totals.json")  # as another process would
        if again.position is not None:
            print("a new start goes on after event", again.position.ordinal)
        await again.follow(feed, here)
        again.print()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(main("totals", Path(folder)))
