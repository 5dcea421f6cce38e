"""The view in Cassandra shows the same, however often and in whatever order events are applied."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
import pytest_asyncio

from event_store_async import EventStore, MemoryEventStore, NewEvent
from event_store_async.aggregates import Repository
from event_store_async.ports.subscriptions import SubscriptionStore
from event_store_async.subscriptions import Projection
from event_store_async.testing import every_delivery
from event_store_async.typed import TypedEventStore, typed_feed
from examples import balances_view
from examples.balances_view import BalancesView
from examples.bank_service.domain import (
    ACCOUNT,
    TYPES,
    Account,
    AccountEvent,
    Deposited,
    Opened,
    Withdrawn,
)
from examples.cassandra import Contact
from tests.fixtures.server import Server
from tests.fixtures.stores import drop_keyspace


@pytest_asyncio.fixture(loop_scope="session")
async def session(server: Server) -> AsyncGenerator[Any]:
    """Give a session of acsylla."""
    contact = Contact(tuple(server.contact_points), server.port, None)
    async with balances_view.open_session(contact) as session:
        yield session


@pytest.mark.usefixtures("pointed_at_the_server")
async def test_it_prints_what_its_docstring_says(
    store: EventStore, capsys: pytest.CaptureFixture[str]
) -> None:
    keyspace = f"test_{uuid4().hex[:12]}"
    try:
        await balances_view.main(keyspace)
    finally:
        await drop_keyspace(store, keyspace)

    _, _, documented = (balances_view.__doc__ or "").partition("prints::\n\n")
    assert capsys.readouterr().out.splitlines() == [
        line.strip() for line in documented.splitlines()
    ]


def accounts_of(store: MemoryEventStore) -> Repository[Account, AccountEvent]:
    return Repository(TypedEventStore(store.category("account"), TYPES), ACCOUNT)


class OwnRows(BalancesView):
    """A view with rows of its own in the one table: it begins empty."""

    def __init__(self, session: Any, keyspace: str) -> None:
        super().__init__(session, keyspace, accounts_of(MemoryEventStore()))
        self._run = uuid4()
        self._rows: set[UUID] = set()

    def of(self, store: MemoryEventStore) -> "OwnRows":
        self._accounts = accounts_of(store)
        return self

    async def write(self, account: UUID, state: Account, ordinal: int) -> None:
        row = uuid5(self._run, str(account))
        self._rows.add(row)
        await super().write(row, state, ordinal)

    async def shown(self) -> object:
        text = f'SELECT owner, cents FROM "{self._keyspace}".balances WHERE account = ?'
        prepared = await self._session.create_prepared(text)
        found = [await self._session.execute(prepared.bind([row])) for row in self._rows]
        return sorted(rows.first().as_tuple() for rows in found)


async def test_every_delivery_leads_to_the_same_view(
    session: Any, store: EventStore, keyspace: str
) -> None:
    view = BalancesView(session, keyspace, accounts_of(MemoryEventStore()))
    await view.create()
    ann, bob = uuid4(), uuid4()
    events = [
        *((ann, each) for each in (Opened("Ann"), Deposited(100), Withdrawn(30))),
        *((bob, each) for each in (Opened("Bob"), Deposited(20))),
        (ann, Deposited(1)),
    ]
    payloads = [TYPES.stored(event) for _, event in events]

    def make(
        view: OwnRows,
        store: MemoryEventStore,
        subscriptions: SubscriptionStore,
        options: Mapping[str, Any],
    ) -> Projection[AccountEvent, None]:
        feed = typed_feed(store.feed(), TYPES)
        return Projection("balances", feed, view.of(store).apply, subscriptions, **options)

    given = [
        (stream, NewEvent(plain, name))
        for (stream, _), (name, _, plain) in zip(events, payloads, strict=True)
    ]
    tried = await every_delivery(
        given, lambda: OwnRows(session, keyspace), make, lambda view: view.shown()
    )

    assert tried > 10


async def test_a_process_that_stood_still_sets_nothing_back(
    session: Any, store: EventStore, keyspace: str
) -> None:
    view = BalancesView(session, keyspace, accounts_of(MemoryEventStore()))
    await view.create()
    account = uuid4()
    for cents, ordinal in ((10, 1), (70, 9), (40, 5), (10, 1)):
        await view.write(account, Account("Zoe", cents), ordinal)

    assert (await view.balances())["Zoe"] == 70
