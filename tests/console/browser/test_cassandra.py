"""The console of a store on a real Cassandra, in a browser."""

from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest_asyncio
from playwright.async_api import Browser, expect

from event_store_async import EventStore, NewEvent
from event_store_async.console import console_app

from .chromium import Watched, watched_page
from .serving import serving


@pytest_asyncio.fixture
async def on_cassandra(browser: Browser, cassandra: EventStore) -> AsyncGenerator[Watched, None]:
    async with (
        serving(console_app(cassandra)) as base,
        watched_page(browser, base) as watched,
    ):
        yield watched
        await watched.check()


async def test_the_doctor_is_on_the_overview(on_cassandra: Watched) -> None:
    await on_cassandra.open("/")
    page = on_cassandra.page
    await page.get_by_role("heading", name="Findings of the doctor").scroll_into_view_if_needed()

    findings = page.frame_locator("iframe.doctor")
    await expect(findings.locator("li, p").first).to_be_visible(timeout=60_000)
    await expect(page.get_by_role("region", name="Health")).to_contain_text("Ready")


async def test_new_events_appear_in_a_stream_and_in_the_feed(
    on_cassandra: Watched, cassandra: EventStore
) -> None:
    stream = uuid4()
    page = on_cassandra.page
    await cassandra.category("order").persist_events(stream, [NewEvent({"n": 1}, "placed")])
    for path, kind in ((f"/streams/{stream}", "paid"), ("/feed?category=order", "sent")):
        await on_cassandra.open(path)
        log = page.frame_locator("iframe.live").get_by_role("log")
        await expect(log).to_be_visible()
        await cassandra.persist_events(stream, [NewEvent({"n": 2}, kind)])
        await expect(log).to_contain_text(kind, timeout=60_000)
