"""Each page: what it shows, of a full store, an empty one, and one that does not answer."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from event_store_async import (
    MemoryEventStore,
    NewEvent,
    RecordedEvent,
    StoreUnavailable,
    UndecodableEvent,
    caused_by,
)
from event_store_async.console import console_app
from event_store_async.feeds import Position
from event_store_async.personal import PersonalValue
from event_store_async.privacy import MemoryKeyStore, PrivateEventStore
from event_store_async.subscriptions import Beat, SliceKey

from .browsing import Browser, links, seen
from .conftest import EVENTS

PAGES = ["/", "/streams", "/feed", "/categories", "/subscriptions", "/parts/pulse"]


async def test_every_page_of_a_full_store(browser: Browser, account: UUID) -> None:
    for path in [*PAGES, f"/streams/{account}", f"/streams/{account}/3", f"/chains/{account}"]:
        await browser.page(path)


async def test_every_link_leads_somewhere(browser: Browser, account: UUID) -> None:
    known = {"/"}
    waiting = ["/", f"/streams/{account}"]
    while waiting and len(known) < 60:
        path = waiting.pop(0)
        response = await browser.get(path)
        assert response.status_code == 200, path
        for link in links(response.text):
            if link not in known and not link.startswith("#"):
                known.add(link)
                if "/live" not in link:
                    waiting.append(link)


async def test_a_stream_opens_at_its_end_and_is_walked_both_ways(
    browser: Browser, account: UUID
) -> None:
    last = await browser.page(f"/streams/{account}")
    assert versions(last) == list(range(EVENTS, EVENTS - 50, -1))
    older = await browser.page(link_named(last, "Older"))
    assert versions(older) == list(range(EVENTS - 50, EVENTS - 100, -1))
    newer = await browser.page(link_named(older, "Newer"))
    assert versions(newer) == list(range(EVENTS - 49, EVENTS + 1))
    first = await browser.page(link_named(older, "First"))
    assert versions(first) == list(range(1, 51))
    some = await browser.page(f"/streams/{account}?from=7&order=forward")
    assert versions(some)[0] == 7
    assert "Newest first" in last
    assert "Oldest first" in some


def versions(page: str) -> list[int]:
    return [int(each) for each in re.findall(r'<article class="event[^"]*" id="v(\d+)', page)]


def link_named(page: str, name: str) -> str:
    found = re.findall(rf'href="([^"]*)"[^>]*>{name}<', page)
    assert found, name
    return str(found[0]).replace("&amp;", "&")


async def test_an_event(browser: Browser, account: UUID) -> None:
    page = await browser.page(f"/streams/{account}/3")

    assert '"amount": 3' in seen(page)
    assert '"user": "ann"' in seen(page)
    assert f"/streams/{account}/2" in links(page)
    assert f"/streams/{account}/4" in links(page)
    missing = await browser.page(f"/streams/{account}/999", 404)
    assert f"The stream is at version {EVENTS}" in missing


async def test_the_feed_at_its_end_from_a_place_and_narrowed(
    browser: Browser, account: UUID, shown: Any
) -> None:
    other = uuid4()
    await shown.category("order").persist_events(other, [NewEvent({"n": 1}, "placed")])
    await shown.feed().position_of(other, 1, timeout=60)
    head = await shown.feed().head()

    last = await browser.page("/feed")
    assert ordinals(last) == list(range(head.ordinal, head.ordinal - 50, -1))
    narrow = await browser.page("/feed?category=order")
    assert [f"<code>{other}" in narrow, f"<code>{account}" in narrow] == [True, False]
    assert versions(await browser.page("/feed?type=placed&category=order"))[0] == 1
    placed = await browser.page(f"/feed?at={head.ordinal - 10}")
    assert ordinals(placed) == list(range(head.ordinal - 9, head.ordinal + 1))
    begin = await browser.page("/feed?at=0")
    assert ordinals(begin) == list(range(1, 51))
    following = await browser.page(link_named(begin, "Next"))
    assert ordinals(following)[0] == 51
    for ordinal in range(0, head.ordinal, 17):
        assert ordinals(await browser.page(f"/feed?at={ordinal}"))[0] == ordinal + 1


def ordinals(page: str) -> list[int]:
    found = re.findall(r'<article class="event[^"]*" id="v\d+-(\d+)"', page)
    return [int(each) for each in found]


async def test_categories_and_latest_streams(browser: Browser, account: UUID) -> None:
    categories = await browser.page("/categories")
    streams = await browser.page("/streams")

    assert "/feed?category=account" in links(categories)
    assert f"/streams/{account}" in links(categories)
    assert f"/streams/{account}" in links(streams)


async def test_the_list_of_streams_page_by_page() -> None:
    store = MemoryEventStore()
    for number in range(120):
        await store.persist_events(UUID(int=number + 1), [number])
    browser, found, path = Browser(console_app(store)), set(), "/streams"
    for _ in range(3):
        page = await browser.page(path)
        listed = page.partition("All streams")[2]
        found |= set(re.findall(r"/streams/([0-9a-f-]{36})", listed))
        if 'rel="next"' in page:
            path = link_named(page, "Next page")

    assert found == {str(UUID(int=number + 1)) for number in range(120)}


async def test_who_caused_whom(browser: Browser, shown: Any, account: UUID) -> None:
    (cause,) = (await shown.persist_events(account, [NewEvent({"n": 1}, "asked")])).events
    other = uuid4()
    with caused_by(cause):
        await shown.persist_events(other, [NewEvent({"n": 2}, "answered")])
    await shown.feed().position_of(other, 1, timeout=60)
    event = await browser.page(f"/streams/{other}/1")
    chain = await browser.page(f"/chains/{cause.event_id}")

    assert f"/chains/{cause.event_id}" in links(event)
    assert chain.index("asked") < chain.index('class="depth depth-1"') < chain.index("answered")


async def test_truncated_closed_and_unknown_streams(browser: Browser, shown: Any) -> None:
    truncated, closed = uuid4(), uuid4()
    await shown.persist_events(truncated, [1, 2, 3, 4])
    await shown.truncate_stream(truncated, before=3)
    await shown.persist_events(closed, [1])
    await shown.close_stream(closed)

    page = await browser.page(f"/streams/{truncated}")
    assert "Events are kept from version 3 on" in seen(page)
    assert versions(page) == [4, 3]
    assert versions(await browser.page(f"/streams/{truncated}?order=forward")) == [3, 4]
    gone = await browser.page(f"/streams/{truncated}/1", 404)
    assert "kept from version 3" in gone
    assert "Closed for ever" in seen(await browser.page(f"/streams/{closed}"))
    assert "does not exist yet" in seen(await browser.page(f"/streams/{uuid4()}"))


async def test_an_event_that_cannot_be_read_hides_no_other(account: UUID, shown: Any) -> None:
    class Picky:
        def __getattr__(self, name: str) -> Any:
            return getattr(shown, name)

        def read_events(
            self, stream_id: UUID, first: Any = None, count: Any = None, **options: Any
        ) -> Any:
            async def events() -> Any:
                async for event in shown.read_events(stream_id, first, count, **options):
                    if event.version == EVENTS - 2:
                        raise UndecodableEvent(stream_id, event.version, "x/y", b"", "it is x/y")
                    yield event

            return events()

    browser = Browser(console_app(Picky()))  # type: ignore[arg-type]
    page = await browser.page(f"/streams/{account}")
    assert versions(page) == list(range(EVENTS, EVENTS - 50, -1))
    assert "It cannot be read: " in seen(page)
    assert "it is x/y" in seen(await browser.page(f"/streams/{account}/{EVENTS - 2}"))


@pytest.mark.parametrize("path", PAGES)
async def test_an_empty_store_says_what_to_do(path: str) -> None:
    page = await Browser(console_app(MemoryEventStore())).page(path)

    if path not in {"/", "/parts/pulse"}:
        assert re.search("empty|There are none", page)


class Feedless:
    """A store as it is without a feed: on a table that has none."""

    def __init__(self) -> None:
        self._store = MemoryEventStore()

    def __getattr__(self, name: str) -> Any:
        if name in {"feed", "subscriptions", "streams", "health", "statistics", "follow"}:
            raise AttributeError(name)
        return getattr(self._store, name)

    async def current_version(self, stream_id: UUID, **options: Any) -> int:
        return await self._store.current_version(stream_id, **options)

    def read_events(self, *arguments: Any, **options: Any) -> Any:
        return self._store.read_events(*arguments, **options)


async def test_a_store_of_the_least_ports() -> None:
    store = Feedless()
    stream = uuid4()
    await store._store.persist_events(stream, [1])
    browser = Browser(console_app(store))

    for path in ["/", "/streams", f"/streams/{stream}", f"/streams/{stream}/1"]:
        await browser.page(path)
    for path in ["/feed", "/categories", "/subscriptions", f"/chains/{stream}"]:
        assert "event-store feed enable" in await browser.page(path)
    await browser.page("/subscriptions/mails", 404)


@pytest.mark.without_feed
async def test_a_table_without_a_feed(store: Any) -> None:
    stream = uuid4()
    await store.persist_events(stream, [1])
    browser = Browser(console_app(store))

    assert "event-store feed enable" in await browser.page("/")
    for path in ["/feed", "/categories", "/subscriptions", f"/chains/{stream}"]:
        assert "event-store feed enable" in await browser.page(path)
    for path in ["/streams", f"/streams/{stream}", "/parts/doctor"]:
        await browser.page(path)
    assert "event-store feed enable" in await browser.page("/parts/pulse", 404)


class Away:
    """A store that does not answer."""

    subscriptions = None

    def read_events(self, *_: Any, **__: Any) -> Any:
        async def events() -> Any:
            raise StoreUnavailable("no quorum answered within 5 s")
            yield

        return events()

    async def current_version(self, *_: Any, **__: Any) -> int:
        raise StoreUnavailable("no quorum answered within 5 s")

    def feed(self, **_: Any) -> Any:
        raise StoreUnavailable("no quorum answered within 5 s")


@pytest.mark.parametrize("path", ["/streams/{}", "/streams/{}/1", "/feed", "/parts/pulse"])
async def test_an_outage_is_a_page_with_the_next_step(path: str) -> None:
    page = await Browser(console_app(Away())).page(path.format(UUID(int=7)), 503)  # type: ignore[arg-type]

    assert "no quorum answered within 5 s" in page
    assert "event-store doctor" in page
    assert "Traceback" not in page


async def test_personal_data_is_shown_as_such() -> None:
    plain = MemoryEventStore()
    keys = MemoryKeyStore()
    store = PrivateEventStore(plain, keys)
    stream = uuid4()
    await store.persist_events(
        stream, [{"name": PersonalValue("ann", "Ann Smith")}, {"n": PersonalValue("bob", "Bob")}]
    )
    await store.keys.forget("bob")

    opened = seen(await Browser(console_app(store)).page(f"/streams/{stream}"))
    assert "Ann Smith" in opened
    assert "personal data of a person who is forgotten" in opened
    raw = seen(await Browser(console_app(plain)).page(f"/streams/{stream}"))
    assert "Ann Smith" not in raw
    assert "encrypted personal data of ann" in raw
    stranger = PrivateEventStore(plain, MemoryKeyStore())
    other = seen(await Browser(console_app(stranger)).page(f"/streams/{stream}"))
    assert "Ann Smith" not in other
    assert "encrypted personal data of ann" in other


async def test_why_a_subscription_is_behind(browser: Browser, shown: Any, account: UUID) -> None:
    name, feed = f"mails-{uuid4().hex[:8]}", shown.feed()
    head = await feed.head()
    await shown.subscriptions.register(name, 1, Position.beginning(head.feed_id))

    nobody = seen(await browser.page(f"/subscriptions/{name}"))
    assert "No process works on it" in nobody
    assert "it goes on" not in nobody, "nobody works on its slices"
    member = uuid4()
    await shown.subscriptions.claim(SliceKey(name, 1, 0), member, 0)
    await shown.subscriptions.beat(name, member, Beat(1, 1, {0: "tries again: OSError: no mail"}))
    held = seen(await browser.page(f"/subscriptions/{name}"))
    assert "Slice 0 stays where it is: tries again: OSError: no mail" in held
    assert str(member) in held
    await shown.subscriptions.pause(name)
    assert "An operator has paused it" in seen(await browser.page(f"/subscriptions/{name}"))
    listed = seen(await browser.page("/subscriptions"))
    assert name in listed
    assert "paused" in listed
    assert f"{head.ordinal:,}" in seen(await browser.page(f"/subscriptions/{name}/lag"))
    await shown.subscriptions.forget(name)


async def test_a_position_of_another_feed_is_refused(browser: Browser, account: UUID) -> None:
    page = await browser.page(f"/feed?at={Position.beginning(uuid4())}", 400)

    assert "A position of another feed" in page


async def test_how_long_after_its_append_an_event_is_published(cassandra: Any) -> None:
    stream = uuid4()
    await cassandra.persist_events(stream, [1, 2])
    await cassandra.feed().position_of(stream, 2, timeout=60)
    page = seen(await Browser(console_app(cassandra)).page("/parts/pulse"))

    assert re.search(r"Published after\s*\d", page)


async def test_doctor_on_cassandra(cassandra: Any) -> None:
    page = await Browser(console_app(cassandra)).page("/parts/doctor")

    assert "feed sequencer" in page
    assert page.count("<li>") > 5


async def test_payloads_of_every_kind() -> None:
    store = MemoryEventStore()
    stream = uuid4()
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    await store.persist_events(
        stream, [None, 1.5, "text", [], {}, [1, {"a": True}], deep, "x" * 99]
    )
    browser = Browser(console_app(store))
    page = seen(await browser.page(f"/streams/{stream}"))

    assert "nested more than 64 deep" in page
    for each in ("null", "1.5", '"text"', "[]", "{}", '[\n  1,\n  {"a": true}\n]'):
        assert each in page


async def test_a_moment_is_shown_in_utc(account: UUID, browser: Browser, shown: Any) -> None:
    event: RecordedEvent[Any] = await anext(shown.read_events(account, 1, 1))
    page = await browser.page(f"/streams/{account}/1")

    assert event.timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") in page
    assert datetime.now(UTC).year >= 2024
