"""The ports' docstrings are those of every store: an editor shows them at each call."""

import inspect
import pydoc
import re
import typing

import pytest

from event_store_async import (
    CategorisedStore,
    CategoryStore,
    EventReaderWriter,
    EventStore,
    FeedStore,
    HealthCheck,
    MemoryEventStore,
    StreamFollower,
    StreamLister,
)
from event_store_async.cassandra.feed.reader import CassandraFeedReader
from event_store_async.feeds import FeedReader
from event_store_async.memory_feed import MemoryFeedReader
from event_store_async.testing import HostileEventStore
from event_store_async.testing.hostile_feed import HostileFeedReader
from event_store_async.typed import TypedEventStore
from event_store_async.typed.feed import TypedFeedReader

from .test_public import exported, signatures

PORTS = {
    name: port
    for port in (EventReaderWriter, StreamFollower, StreamLister, HealthCheck)
    for name in dir(port)
    if not name.startswith("_") and inspect.isfunction(getattr(port, name))
}
STORES: list[type] = [
    EventStore,
    MemoryEventStore,
    HostileEventStore,
    TypedEventStore,
    CategoryStore,
]
OF_THEIR_OWN: dict[tuple[type, str], str] = {
    (HostileEventStore, "health"): "it injects no faults, and the wrapped store may have no health",
    (TypedEventStore, "read_events"): "it has one argument more",
    (TypedEventStore, "follow"): "it has one argument more",
    (TypedEventStore, "streams"): "the wrapped store may have none",
    (TypedEventStore, "health"): "it has none",
    (CategoryStore, "streams"): "they are the store's, of all categories",
    (CategoryStore, "health"): "it is the store's, which may have none",
}


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize("store", STORES)
def test_the_methods_of_a_store_have_the_docstrings_of_the_port(store: type, name: str) -> None:
    if (store, name) in OF_THEIR_OWN:
        pytest.skip(OF_THEIR_OWN[store, name])

    assert inspect.getdoc(getattr(store, name)) == inspect.getdoc(getattr(PORTS[name], name))


@pytest.mark.parametrize("name", PORTS)
def test_the_docstrings_of_the_store_on_cassandra_are_its_own(name: str) -> None:
    assert getattr(EventStore, name).__doc__, "an editor need not look for a base class"


@pytest.mark.parametrize("store", [EventStore, MemoryEventStore])
def test_a_store_says_of_its_categories_what_the_port_says(store: type[CategorisedStore]) -> None:
    assert inspect.getdoc(store.category) == inspect.getdoc(CategorisedStore.category)


@pytest.mark.parametrize("store", [EventStore, MemoryEventStore])
def test_a_store_says_of_its_feed_what_the_port_says(store: type[FeedStore]) -> None:
    assert inspect.getdoc(store.feed) == inspect.getdoc(FeedStore.feed)


READERS: list[type] = [
    CassandraFeedReader,
    MemoryFeedReader,
    HostileFeedReader,
    TypedFeedReader,
]


@pytest.mark.parametrize("name", ["changed", "head", "locate", "read_page"])
def test_the_readers_of_feeds_have_the_parameters_of_the_port(name: str) -> None:
    wanted = inspect.signature(getattr(FeedReader, name))

    for reader in READERS:
        given = inspect.signature(getattr(reader, name))
        assert list(given.parameters) == list(wanted.parameters)
        assert f"`FeedReader.{name}`" in (inspect.getdoc(getattr(reader, name)) or "")


def test_the_ports_are_these() -> None:
    assert sorted(PORTS) == [
        "current_version",
        "follow",
        "health",
        "persist_events",
        "read_events",
        "streams",
        "try_persist_events",
    ]


def test_every_error_in_a_public_docstring_has_a_description() -> None:
    """Otherwise the build of the reference warns of it, and users do not learn when it comes."""
    bare = []
    for place, thing in exported():
        for name, documented in signatures(place, thing):
            _, _, raises = (inspect.getdoc(documented) or "").partition("\nRaises:\n")
            entries = re.findall(r"^    (\S.*)$", raises.partition("\n\n")[0], re.MULTILINE)
            bare += [f"{name}: {each}" for each in entries if not re.match(r"[\w, .]+: \S", each)]

    assert bare == []


def test_help_shows_what_an_append_raises() -> None:
    text = pydoc.plain(pydoc.render_doc(EventStore))

    _, _, of_persist = text.partition(" persist_events(")
    of_persist, _, _ = of_persist.partition(" read_events(")
    assert "Raises:" in of_persist
    assert "AppendOutcomeUnknown: no quorum answered in time." in of_persist


@pytest.mark.parametrize(
    "name", ["persist_events", "try_persist_events", "read_events", "follow", "streams"]
)
def test_the_signatures_of_the_stores_have_the_parameters_of_the_port(name: str) -> None:
    wanted = list(inspect.signature(getattr(PORTS[name], name)).parameters)

    for store in STORES:
        if (store, name) in OF_THEIR_OWN and not hasattr(store, name):
            continue
        given = list(inspect.signature(getattr(store, name)).parameters)
        assert given[: len(wanted)] == wanted


async def test_a_method_that_a_subclass_of_a_port_forgets_says_so() -> None:
    from uuid import uuid4

    class Forgetful(FeedStore, StreamLister, HealthCheck):
        pass

    store = typing.cast("typing.Any", Forgetful)()
    with pytest.raises(NotImplementedError):
        store.read_events(uuid4())
    with pytest.raises(NotImplementedError):
        await store.current_version(uuid4())
    with pytest.raises(NotImplementedError):
        await store.persist_events(uuid4(), [])
    with pytest.raises(NotImplementedError):
        await store.health()
    with pytest.raises(NotImplementedError):
        store.streams()
    with pytest.raises(NotImplementedError):
        store.feed()
