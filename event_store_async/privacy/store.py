"""Store: a store that encrypts what is personal, on any other store."""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from functools import cached_property
from time import monotonic
from typing import Any
from uuid import UUID

from ..checks import check_callable, check_instance, check_methods
from ..errors import InvalidArgument
from ..events import NewEvent, RecordedEvent
from ..excerpt import excerpt
from ..feeds import Feed
from ..health import Health
from ..ids import random_uuid
from ..personal import PersonalFields
from ..ports import (
    CategorisedStore,
    CategoryStore,
    EventReaderWriter,
    FeedStore,
    HealthCheck,
    KeyStore,
    SnapshotStore,
    StreamFollower,
)
from ..ports.feeds import feeder
from ..ports.monitoring import prober
from ..ports.snapshots import reads_personal, snapshots_of
from ..ports.subscriptions import Subscriptions, subscriptions_of
from ..ports.wrapped_store import WrappedStore
from ..results import AppendResult
from ..versions import ANY, ExpectedVersion
from .appends import PrivateAppends
from .cached_keys import CachedKeys, cache_of, cached
from .cipher import check_installed
from .feed import private_feed
from .page import PrivatePages
from .snapshot_fields import SnapshotFields
from .snapshots import PrivateSnapshots


class PrivateEventStore(
    WrappedStore[Any], FeedStore, CategorisedStore, StreamFollower, HealthCheck
):
    """
    A store that encrypts personal values with the keys of their subjects, in any other store.

    It keeps the promises of the ports. What is personal is a `PersonalValue` in a payload, and the
    fields that *fields* names. Everything else is stored as the other store does it. A payload is
    read with the values in the places of their envelopes; with `FORGOTTEN` once a subject is
    forgotten; and with `Encrypted` if the key store has never had a key of the subject.

    The keys of one append are created by one request, before it, and those of a page of a read are
    fetched by one. Both stores belong to the caller, who closes them.

    What its methods raise beside the errors of the ports:

    - an append: `SubjectForgotten` and `KeyOutcomeUnknown`, both before anything is stored, and
      what else `KeyStore.key_for` raises. An append that is refused later, because of a conflict
      for example, may have created keys.
    - a read: what `KeyStore.get` raises, and `UndecryptableField`; reading on after it works.

    Args:
        store: The other store. Its codec must encode plain data, like `JsonCodec`.
        keys: The keys of the subjects. Stores that share a `CachedKeys` share its cache.
        fields: The personal fields of payloads that are bare dicts, by the type of event.
        snapshot_fields: The personal fields of aggregates that are bare dicts, by the kind of
            snapshot. None says that nothing is personal in a kind but what its classes mark. A kind
            that is not named here is refused by `snapshots`, unless `typed_snapshots` are of
            classes with marks.
        cache_seconds: How long a key in memory is used at most, and so how long a subject that
            another process has forgotten can still be read here. None is 60, or what a `CachedKeys`
            has.
        clock: Returns seconds, 0 or more, that never go back, for the cache.
        new_event_id: Returns an id for an event with personal values that has none.

    Raises:
        InvalidArgument: an argument is not valid, or ``cryptography`` is not installed.
    """

    def __init__(
        self,
        store: EventReaderWriter,
        keys: KeyStore,
        fields: Mapping[str, PersonalFields] | None = None,
        *,
        snapshot_fields: Mapping[str, PersonalFields | None] | None = None,
        cache_seconds: float | None = None,
        clock: Callable[[], float] = monotonic,
        new_event_id: Callable[[], UUID] = random_uuid,
    ) -> None:
        check_methods("store", store, "a store", "read_events", "try_persist_events")
        if getattr(store, "is_typed", False):
            raise InvalidArgument(
                "store is typed, so it takes no encrypted values",
                hint="wrap the private store: TypedEventStore(PrivateEventStore(store, keys), …)",
            )
        if reads_personal(store):
            raise InvalidArgument("store is private already", hint="use it as it is")
        check_callable("new_event_id", new_event_id)
        check_installed()
        self._store = store
        self._snapshot_fields = SnapshotFields(snapshot_fields)
        self._keys = cached(keys, cache_seconds, clock)
        self._cache = cache_of(self._keys)
        self._appends = PrivateAppends(self._cache, _checked_fields(fields), new_event_id)

    @property
    def keys(self) -> CachedKeys:
        """
        The keys of the subjects, with their cache.

        ``await store.keys.forget(subject)`` forgets a subject in this process at once.
        """
        return self._keys

    async def try_persist_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        events: Iterable[Any | NewEvent],
        expected_version: ExpectedVersion = ANY,
        *,
        timeout: float | None = None,
    ) -> AppendResult:
        return await self._appends.append(self._store, stream_id, events, expected_version, timeout)

    def read_events(  # noqa: D102 - inherited from the port
        self,
        stream_id: UUID,
        from_version: int | None = None,
        max_count: int | None = None,
        *,
        backward: bool = False,
        page_size: int | None = None,
        serial: bool = False,
        timeout: float | None = None,
    ) -> AsyncGenerator[RecordedEvent, None]:
        events = self._store.read_events(
            stream_id,
            from_version,
            max_count,
            backward=backward,
            page_size=page_size,
            serial=serial,
            timeout=timeout,
        )
        return PrivatePages(self._cache, page_size, timeout).run(events)

    def category(self, name: str) -> CategoryStore:
        """
        Return a view of the store: what is appended through it is of a category, and encrypted.

        Args:
            name: As for `CategorisedStore.category`.

        Raises:
            InvalidArgument: it is not the name of a category, or the other store has none.
        """
        found = getattr(self._store, "category", None)
        if not callable(found):
            raise InvalidArgument(f"{type(self._store).__name__} has no category()")
        view: EventReaderWriter = found(name)

        async def append(
            stream_id: UUID,
            events: Iterable[Any],
            expected: ExpectedVersion,
            timeout: float | None,
            _category: str,
        ) -> AppendResult:
            return await self._appends.append(view, stream_id, events, expected, timeout)

        return CategoryStore(self, name, append)

    def feed(self, *, categories: Collection[str] = (), types: Collection[str] = ()) -> Feed[Any]:
        """
        Return the feed of the table, with personal values in plain text; see `private_feed`.

        Args:
            categories: As for `FeedStore.feed`.
            types: As for `FeedStore.feed`.

        Raises:
            InvalidArgument: a name is not valid, or the other store has no feed.
            MisuseError: the store is closed, or belongs to another event loop or process.
        """
        feed = feeder(self._store).feed(categories=categories, types=types)
        return private_feed(feed, self._keys)

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """
        The snapshots of the other store, which must have some; personal values are encrypted.

        They refuse, with `InvalidArgument`, a kind of which nothing says what is personal: neither
        *snapshot_fields* nor the classes of `typed_snapshots`. An aggregate is made of values in
        plain text, so it would be stored like that.
        """
        return PrivateSnapshots(snapshots_of(self._store), self._keys, self._snapshot_fields)

    @property
    def reads_personal(self) -> bool:
        """Whether what is read may hold personal values in plain text: always."""
        return True

    @property
    def subscriptions(self) -> Subscriptions:
        """The subscriptions of the other store, which must have some."""
        return subscriptions_of(self._store)

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Return the other store's own health. The key store is not asked.

        Args:
            timeout: As for `HealthCheck.health`.

        Raises:
            InvalidArgument: the store has no ``health``, or *timeout* is not a positive number.
            WrongEventLoop, WrongProcess: the store belongs to another event loop or process.
        """
        return await prober(self._store).health(timeout=timeout)


def _checked_fields(fields: Mapping[str, PersonalFields] | None) -> dict[str, PersonalFields]:
    check_instance("fields", fields, Mapping, "a mapping", optional=True)
    found = dict(fields or {})
    for name, each in found.items():
        if not isinstance(name, str) or not name:
            raise InvalidArgument(
                f"each key of fields must be the type of an event, not {excerpt(name)}"
            )
        check_instance(f"fields[{name!r}]", each, PersonalFields, "a PersonalFields")
    return found
