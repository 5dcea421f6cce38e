"""
The contract of every event store, as tests: subclass it, provide a store, and run pytest.

    import pytest
    from event_store_async.testing.contract import EventStoreContract

    class TestMyStore(EventStoreContract):
        @pytest.fixture
        def store(self) -> MyStore:
            return MyStore()

        def reopened(self, store: MyStore, **options: Any) -> MyStore:
            return MyStore(store.data, **options)

Every test uses streams of its own, so the tests may share a store: make ``store`` a fixture of the
module, with ``scope="module"``. The tests are marked for pytest-asyncio, in its strict or its auto
mode.

    base          what all tests share: the store, its capabilities, helpers
    original      the cases of the Clojure original and of Revent
    expectations  expected versions and conflicts
    repetition    appends repeated with the same event ids
    records       what is recorded of an event
    plain         arguments of subclasses of plain types
    correlation   correlation and causation ids
    codecs        payloads
    compression   compressed payloads
    reading       ranges, directions, pages, and the version of a stream
    following     a stream's events as they come
    listing       the streams of a store
    refusals      invalid arguments are refused
    invalid       the invalid arguments, as data
    limits        the largest append
    concurrency   concurrent calls, and two stores
    closing       closed stores
    monitoring    hooks, health and statistics
    feed          the contract of a feed: the log of all streams, for stores that have one
    feed_base     what its tests share
    feed_delivery  what a feed delivers, and in which order
    feed_position  positions, pages and selections
    feed_telemetry  what is reported of the feed
    feed_refusals  invalid arguments, and closed stores
    erasure       `ErasureContract`, of stores that erase events
    erasure_base  what its tests share
    erasure_surroundings  lists, categories, snapshots and the feed
    erasure_reads  what reads give of streams that were erased in part
    categories    `CategoryContract`, of stores with categories
    snapshot_base  what the tests of stored snapshots share
    snapshot_refusals  what they refuse
    snapshots     `SnapshotContract`, of stores that keep snapshots
    subscriptions  the contract of what keeps subscriptions
    subscription_base  what its tests share
    transactions  the contract of a view and its checkpoint, kept together
    keys          `KeyStoreContract`, of what keeps the keys of subjects
    subscription_leases  who works on a slice, and how far it is
    subscription_operations  groups, generations, and what operators do
"""

import pkgutil

import pytest

pytest.register_assert_rewrite(
    *(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__))
)

from .base import ContractBase, ContractStore  # noqa: E402 - after the assert rewrite
from .categories import CategoryContract  # noqa: E402
from .closing import Closing  # noqa: E402
from .codecs import CodecTests  # noqa: E402
from .compression import Compression  # noqa: E402
from .concurrency import Concurrency  # noqa: E402
from .correlation import Correlation  # noqa: E402
from .erasure import ErasureContract  # noqa: E402
from .expectations import Expectations  # noqa: E402
from .feed import FeedContract  # noqa: E402
from .following import Following  # noqa: E402
from .keys import KeyStoreContract  # noqa: E402
from .limits import Limits  # noqa: E402
from .listing import Listing  # noqa: E402
from .monitoring import Monitoring  # noqa: E402
from .original import Original  # noqa: E402
from .plain import PlainValues  # noqa: E402
from .reading import Reading  # noqa: E402
from .records import Records  # noqa: E402
from .refusals import Refusals  # noqa: E402
from .repetition import Repetition  # noqa: E402
from .snapshots import SnapshotContract  # noqa: E402
from .subscriptions import SubscriptionStoreContract  # noqa: E402
from .transactions import TransactionsContract  # noqa: E402

__all__ = [
    "CategoryContract",
    "Closing",
    "CodecTests",
    "Compression",
    "Concurrency",
    "ContractBase",
    "ContractStore",
    "Correlation",
    "ErasureContract",
    "EventStoreContract",
    "Expectations",
    "FeedContract",
    "Following",
    "KeyStoreContract",
    "Limits",
    "Listing",
    "Monitoring",
    "Original",
    "PlainValues",
    "Reading",
    "Records",
    "Refusals",
    "Repetition",
    "SnapshotContract",
    "SubscriptionStoreContract",
    "TransactionsContract",
]


class EventStoreContract(
    Original,
    Expectations,
    Repetition,
    Records,
    PlainValues,
    Correlation,
    CodecTests,
    Compression,
    Reading,
    Following,
    Listing,
    Refusals,
    Limits,
    Concurrency,
    Closing,
    Monitoring,
):
    """
    The tests of every promise of a store's ports that can be seen without faults.

    A subclass provides:

    - ``store``, a fixture: the store under test, with the default `Settings`;
    - `reopened`, a method: a second store on the same streams, with other options.

    Attributes:
        opens_others: Whether the subclass has `reopened`. If False, the tests that need it are
            skipped: codecs, limits, look-back, sources of time and ids, two stores, closing.
        keeps_json: Whether the store's default codec is the library's `JsonCodec`. If False, the
            tests of its forms and refusals are skipped; the other tests use plain dicts, lists,
            strings and numbers as payloads, and expect them back unchanged.
        follows: Whether the store is a `StreamFollower`. If False, as by default, those tests are
            skipped.
        lists_streams: Whether the store is a `StreamLister`. If False, as by default, those tests
            are skipped.
        is_monitored: Whether the store reports to `Settings.hooks`, and has ``health`` and
            ``statistics``, as the library's own stores do. If False, as by default, those tests
            are skipped.
    """
