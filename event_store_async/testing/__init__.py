"""
For tests: of applications that use a store, and of stores.

    hostile      HostileEventStore: any store, made to fail as real ones do
    injections   Injection: what a hostile store does to a call
    hostile_erasure  erases its streams
    hostile_feed  reads its feed
    hostile_snapshots  its stored snapshots
    hostile_subscriptions  its subscriptions
    older_checkpoints  the checkpoints that slices had, for those that are shown as after a crash
    hostile_rooms  gives both, and its health
    hostile_transactions  HostileTransactions: the database of a view
    hostile_log   what it shows of a feed
    settlement   settle: several subscriptions, until nobody appends any more
    deliveries   every_delivery: whether a handler bears every way in which events may come
    given        given_events: what a feed would deliver
    scenario     given-when-then for reducers and decisions, without any store
    rendering    the differences that a failed scenario shows
    contract     EventStoreContract: the tests that every store of the ports must pass
    servers      the Cassandra that the pytest plugin's stores use

An application is tested on `event_store_async.MemoryEventStore`. Subclass
`event_store_async.testing.contract.EventStoreContract` to test a store of your own; it needs the
extra ``testing``, which this package itself does not.
"""

from .deliveries import DeliveryDiffers as DeliveryDiffers
from .deliveries import every_delivery as every_delivery
from .given import given_events as given_events
from .hostile import HostileEventStore as HostileEventStore
from .hostile_transactions import HostileTransactions as HostileTransactions
from .injections import Injected as Injected
from .injections import Injection as Injection
from .scenario import Given as Given
from .scenario import Then as Then
from .scenario import given as given
from .settlement import NotSettled as NotSettled
from .settlement import settle as settle

__all__ = [
    "DeliveryDiffers",
    "Given",
    "HostileEventStore",
    "HostileTransactions",
    "Injected",
    "Injection",
    "NotSettled",
    "Then",
    "every_delivery",
    "given",
    "given_events",
    "settle",
]
