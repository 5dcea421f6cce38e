"""The group of processes ends in good order: nothing is lost, nothing is done twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from event_store_async import EventStore, NewEvent
from tests.fixtures.server import Server
from tests.fixtures.stores import QUICK, drop_keyspace

ROOT = Path(__file__).parents[2]
OWNERS = [(f"owner{number}", uuid4()) for number in range(24)]
LONGEST = 120.0
"""Seconds after which something hangs."""


@dataclass
class Member:
    """A process of the group, and what it has printed."""

    process: Process
    sent: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    silent: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.sent.append(line.decode().strip())
            self.news.set()
        self.silent.set()
        self.news.set()

    async def has_sent(self, count: int) -> None:
        """Wait until it has sent so many mails."""
        while len(self.sent) < count:
            assert not self.silent.is_set(), f"it ended after {len(self.sent)} of {count} mails"
            self.news.clear()
            await self.news.wait()

    async def ended(self) -> int:
        """Wait until it has ended and all its mails are known; return its exit code."""
        # Its process may be known to have ended before what it printed last has been read.
        await self.silent.wait()
        return await self.process.wait()


@asynccontextmanager
async def member(keyspace: str) -> AsyncGenerator[Member]:
    """Start a process; it is killed at the end, if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "examples.mails", keyspace, cwd=ROOT, stdout=PIPE
    )
    started = Member(process)
    listening = asyncio.ensure_future(started.listen())
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await listening


async def withdraw(store: EventStore, cents: int, wanted: list[str]) -> None:
    """Append a withdrawal to each account, and note the mails that must be sent."""

    async def append(owner: str, account: UUID) -> None:
        event = NewEvent({"owner": owner, "cents": cents}, "withdrawn")
        await store.persist_events(account, [event])
        wanted.append(f"to {owner}: {cents} withdrawn")

    await asyncio.gather(*(append(*each) for each in OWNERS))


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_sigterm_in_the_middle_loses_nothing_and_repeats_nothing(server: Server) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    wanted: list[str] = []
    try:
        async with server.connect(keyspace) as store:
            await store.create_schema(server.replication, feed=True)
            async with (
                asyncio.timeout(LONGEST),
                member(keyspace) as one,
                member(keyspace) as other,
            ):
                cents = 0
                while not (one.sent and other.sent):  # until both have slices
                    cents += 1
                    await withdraw(store, cents, wanted)
                    waiting = [asyncio.ensure_future(each.has_sent(1)) for each in (one, other)]
                    done, _ = await asyncio.wait(waiting, timeout=1.0)
                    for each in waiting:
                        each.cancel()
                    for each in done:
                        await each  # raises if its process has ended
                before = len(one.sent)
                for more in range(1, 4):
                    await withdraw(store, cents + more, wanted)
                await one.has_sent(before + 1)  # it is in the middle

                one.process.send_signal(signal.SIGTERM)
                assert await one.ended() == 0
                status = await store.subscriptions.status("mails")
                assert len(status.members) == 1
                assert {each.holder for each in status.lag.slices} <= {None, *status.members}

                await withdraw(store, cents + 4, wanted)
                await other.has_sent(len(wanted) - len(one.sent))
                other.process.send_signal(signal.SIGTERM)
                assert await other.ended() == 0
                ended = await store.subscriptions.status("mails")
                assert not ended.members
                assert {each.holder for each in ended.lag.slices} == {None}
    finally:  # by another store: this keyspace is the one that its connections use
        async with server.connect(keyspace, settings=QUICK) as left:
            await drop_keyspace(left, keyspace)

    sent = [*one.sent, *other.sent]
    assert sorted(sent) == sorted(wanted)  # each once
    for owner, _ in OWNERS:  # in order, whoever sent it
        for member_ in (one, other):
            own = [int(each.split()[2]) for each in member_.sent if f"{owner}:" in each]
            assert own == sorted(own)


def test_the_page_shows_the_program() -> None:
    program = (ROOT / "examples" / "mails.py").read_text("utf-8")
    shown = program[program.index("async def send_mail") : program.index("\n\nif __name__")]
    page = (ROOT / "docs" / "subscriptions.md").read_text("utf-8")

    assert shown.strip() in page
