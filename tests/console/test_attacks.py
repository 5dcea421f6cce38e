"""What tries to get something out of the console, or into it."""

import re
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from event_store_async import MemoryEventStore, NewEvent
from event_store_async.console import console_app
from event_store_async.subscriptions import Beat, ParkedStream, SliceKey

from ..cli.test_escaping import EVIL as CONTROLS
from .browsing import Browser, opened, printable, seen

MARKUP: Final = '<script>alert(1)</script><img src=x onerror=alert(2)>"\'><b style="x">{{7*7}}&lt;'
EVIL: Final = f"{MARKUP}{CONTROLS}\u200b\u2066\U000e0041"
STREAM: Final = UUID(int=7)


async def evil_store() -> MemoryEventStore:
    """Return a store in which everything that can be a text is up to no good."""
    store = MemoryEventStore()
    metadata = {EVIL: EVIL, "correlation_id": EVIL[:150], "causation_id": EVIL[:150]}
    await store.persist_events(STREAM, [NewEvent({EVIL: [EVIL, {EVIL: EVIL}]}, EVIL, metadata)])
    await store.persist_events(STREAM, [NewEvent(EVIL, EVIL)])
    head = await store.feed().head()
    await store.subscriptions.register("mails", 1, (await store.feed().page(None, 1)).position)
    member = uuid4()
    lease = await store.subscriptions.claim(SliceKey("mails", 1, 0), member, 0)
    assert lease is not None
    moment = (await anext(store.read_events(STREAM))).timestamp
    row = ParkedStream(STREAM, 1, 2, lease.position, head, EVIL, f"{EVIL}\nerror: no", 1, moment)
    other = ParkedStream(UUID(int=8), 1, 2, lease.position, head, EVIL, EVIL, 1, moment)
    await store.subscriptions.commit(lease, lease.position, {STREAM: row, UUID(int=8): other})
    await store.subscriptions.skip("mails", UUID(int=8), 1, reason=EVIL, by=EVIL)
    await store.subscriptions.beat("mails", member, Beat(1, 1, {0: EVIL}))
    return store


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/streams",
        f"/streams/{STREAM}",
        f"/streams/{STREAM}/1",
        f"/streams/{STREAM}/2",
        "/feed",
        "/categories",
        "/subscriptions",
        "/subscriptions/mails",
        "/subscriptions/mails/lag",
        "/subscriptions/mails/parked",
        f"/subscriptions/mails/parked/{STREAM}",
        f"/subscriptions/mails/parked/{STREAM}/skip",
        "/subscriptions/mails/skipped",
    ],
)
async def test_what_is_stored_is_shown_and_never_obeyed(path: str) -> None:
    """`Browser.page` looks for scripts, handlers, styles, and what cannot be seen."""
    store = await evil_store()
    operator = Browser(console_app(store, allow_changes=True, authorize=lambda _: EVIL))
    page = await operator.page(path)

    assert "<img" not in page
    assert "<b " not in page
    assert "49" not in seen(page) or "{{7*7}}" in seen(page)
    if path not in {"/streams", "/", "/subscriptions", "/subscriptions/mails/lag"}:
        assert "alert(1)" in seen(page)
        assert "\\u202e" in seen(page)


async def test_live_pages_obey_nothing_either() -> None:
    app = console_app(await evil_store())
    for address in (f"/streams/{STREAM}/live?from=1", "/feed/live"):
        async with opened(app, address) as live:
            if "feed" not in address:
                await live.shows("version 2")
                assert "alert(1)" in seen(live.text)
            await live.shows("New events")
        assert "<script" not in live.text
        assert "<img" not in live.text
        assert printable(live.text)
        assert "default-src 'none'" in live.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/feed?category={}",
        "/feed?type={}",
        "/feed?at={}",
        "/streams?id={}",
        "/streams?after={}",
        f"/streams/{STREAM}?from={{}}",
        f"/streams/{STREAM}?order={{}}",
        "/streams/{}",
        f"/streams/{STREAM}/{{}}",
        "/subscriptions/{}",
        "/subscriptions/{}/parked",
        "/subscriptions/mails/parked/{}",
        "/subscriptions/mails/parked?page={}",
        "/chains/{}",
        "/{}",
    ],
)
@pytest.mark.parametrize(
    "given",
    [
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%E2%80%AE%1B%5B2J",
        "%00",
        "%FF%FE",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "%2F%2Fevil.example%2F",
        "9" * 5000,
        "-1",
        "٣",
        "{7*7}",
        "x" * 3000,
    ],
    ids=lambda text: text[:20],
)
async def test_an_address_is_never_obeyed(path: str, given: str) -> None:
    browser = Browser(console_app(await evil_store()))
    response = await browser.get(path.replace("{}", given))

    assert response.status_code in {200, 303, 400, 404}, response.text[:1000]
    if response.status_code == 303:
        assert re.match(r"/streams/[0-9a-f-]{36}$", response.headers["location"])
        return
    await browser.page(path.replace("{}", given), response.status_code)


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/%2f%2fevil.example",
        "/streams/",
        "/feed/",
        "/style.css/../app.py",
        "/%2e%2e/app.py",
        "/templates/base.html",
        "/streams/../../etc/passwd",
    ],
)
async def test_no_path_leads_elsewhere(path: str) -> None:
    browser = Browser(console_app(MemoryEventStore()))
    response = await browser.client.get(f"http://console.test{path}")

    assert response.status_code in {200, 303, 307, 404}
    location = response.headers.get("location", "/")
    assert re.match(r"(http://console\.test)?/(?![/\\])", location), location
    assert "import" not in response.text


async def test_a_redirect_is_to_a_stream_of_this_console() -> None:
    browser = Browser(console_app(MemoryEventStore()))
    found = await browser.get(f"/streams?id={STREAM}&next=//evil.example")

    assert found.headers["location"] == f"/streams/{STREAM}"
    for wrong in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert (await browser.get(f"/streams?id={wrong}")).status_code == 400


async def test_a_long_payload_is_shown_in_part() -> None:
    store = MemoryEventStore()
    for payload in ({"long": "x" * 700_000}, ["y" * 100] * 6_000, "short"):
        await store.persist_events(STREAM, [payload])
    browser = Browser(console_app(store))
    page = await browser.page(f"/streams/{STREAM}")
    alone = await browser.page(f"/streams/{STREAM}/1")

    assert len(page) < 100_000
    assert page.count("Only the first 16,384 characters are shown") == 2
    assert f"/streams/{STREAM}/1" in page
    assert "Only the first 262,144 characters are shown" in alone
    assert len(alone) < 400_000


class Counting:
    """Counts what a console asks a store for."""

    def __init__(self, store: MemoryEventStore) -> None:
        self._store = store
        self.events = 0
        self.heads = 0
        self.looked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def current_version(self, *given: Any, **options: Any) -> int:
        return await self._store.current_version(*given, **options)

    def read_events(
        self, stream_id: UUID, first: Any = None, count: Any = None, **options: Any
    ) -> Any:
        assert count is not None, "every read of a page is bounded"

        async def events() -> Any:
            async for event in self._store.read_events(stream_id, first, count, **options):
                self.events += 1
                yield event

        return events()

    def streams(self, after: Any = None, count: Any = None, **options: Any) -> Any:
        assert count is not None

        async def heads() -> Any:
            async for head in self._store.streams(after, count, **options):
                self.heads += 1
                yield head

        return heads()

    def feed(self, **narrowed: Any) -> Any:
        feed = self._store.feed(**narrowed)
        read_page = feed.reader.read_page

        async def counted(after: Any, count: int, selection: Any) -> Any:
            page = await read_page(after, count, selection)
            self.looked += len(page.events)
            return page

        feed.reader.read_page = counted  # type: ignore[assignment, method-assign]
        return feed


async def test_the_work_of_a_page_does_not_grow_with_the_store() -> None:
    inner = MemoryEventStore()
    for _ in range(100):
        await inner.persist_events(STREAM, [None] * 200)
    for number in range(500):
        await inner.persist_events(UUID(int=1000 + number), [1])
    for path, events, looked in (
        (f"/streams/{STREAM}", 60, 0),
        (f"/streams/{STREAM}?from=10000&order=forward", 60, 0),
        (f"/streams/{STREAM}/10000", 2, 0),
        ("/streams", 0, 400),
        ("/feed", 0, 80),
        ("/feed?at=10000", 0, 100),
        ("/feed?type=none", 0, 50),
        ("/categories", 0, 2100),
        ("/parts/pulse", 0, 10),
        (f"/chains/{STREAM}", 0, 2100),
        ("/", 0, 10),
    ):
        store = Counting(inner)
        await Browser(console_app(store)).page(path)  # type: ignore[arg-type]
        assert store.events <= events, path
        assert store.looked <= looked, path
        assert store.heads <= 60, path


async def test_a_thousand_parked_streams_are_paged() -> None:
    store = MemoryEventStore()
    await store.persist_events(STREAM, [1])
    head = await store.feed().head()
    await store.subscriptions.register("mails", 1, head)
    lease = await store.subscriptions.claim(SliceKey("mails", 1, 0), uuid4(), 0)
    assert lease is not None
    moment = (await anext(store.read_events(STREAM))).timestamp
    rows = {
        UUID(int=number): ParkedStream(UUID(int=number), 1, 1, head, head, "t", "e", 1, moment)
        for number in range(1, 1001)
    }
    await store.subscriptions.commit(lease, head, rows)
    browser, found = Browser(console_app(store)), set()
    for number in range(1, 21):
        page = await browser.page(f"/subscriptions/mails/parked?page={number}")
        listed = re.findall(r"/subscriptions/mails/parked/([0-9a-f-]{36})", page)
        assert len(listed) == 50
        found |= set(listed)
        assert ('rel="next"' in page) == (number < 20)

    assert found == {str(each) for each in rows}
    assert "There are no more" in await browser.page("/subscriptions/mails/parked?page=21")


async def test_only_these_methods_are_answered() -> None:
    browser = Browser(console_app(MemoryEventStore()))
    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE"):
        for path in ("/", "/streams", "/feed", "/subscriptions/mails"):
            response = await browser.client.request(method, path)
            assert response.status_code == 405, (method, path)
    assert (await browser.client.head("/")).status_code == 200
