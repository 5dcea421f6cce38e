"""What is live goes on by itself, and stands still when it is told to."""

from uuid import uuid4

import pytest
from playwright.async_api import Browser, expect

from event_store_async import NewEvent

from .chromium import Watched, watched_page
from .pages import PAGES
from .sample import HEALTHY, Sample


async def test_an_event_appears_in_an_open_stream(watched: Watched, shop: Sample) -> None:
    stream = uuid4()
    await shop.store.persist_events(stream, [NewEvent({"n": 1}, "opened")])
    await watched.open(f"/streams/{stream}")
    log = watched.page.frame_locator("iframe.live").get_by_role("log")
    await expect(log).to_be_visible()

    for number in (2, 3):
        await shop.store.persist_events(stream, [NewEvent({"n": number}, f"step-{number}")])
        await expect(log).to_contain_text(f"step-{number}")

    await expect(log).not_to_contain_text("opened")
    # Its line leads to the event, in the whole window.
    await log.get_by_role("link", name="version 3").click()
    await expect(watched.page.get_by_role("heading", level=1)).to_contain_text("Version 3")


async def test_an_event_appears_in_the_open_feed(watched: Watched, shop: Sample) -> None:
    await watched.open("/feed?category=order")
    log = watched.page.frame_locator("iframe.live").get_by_role("log")
    await expect(log).to_be_visible()

    await shop.store.persist_events(uuid4(), [NewEvent({}, "of-no-category")])
    await shop.store.category("order").persist_events(uuid4(), [NewEvent({}, "just-placed")])

    await expect(log).to_contain_text("just-placed")
    await expect(log).not_to_contain_text("of-no-category")


async def test_the_newest_line_is_in_view(watched: Watched, shop: Sample) -> None:
    stream = uuid4()
    await watched.open(f"/streams/{stream}")
    log = watched.page.frame_locator("iframe.live").get_by_role("log")
    await expect(log).to_be_visible()

    await shop.store.persist_events(stream, [NewEvent({}, f"step-{each}") for each in range(60)])

    await expect(log.get_by_text("step-59")).to_be_in_viewport()


async def test_a_pause_stands_still_and_goes_on(watched: Watched, shop: Sample) -> None:
    stream = uuid4()
    await shop.store.persist_events(stream, [NewEvent({}, "opened")])
    await watched.open(f"/streams/{stream}")
    await watched.page.get_by_role("link", name="Pause").click()
    await expect(watched.page.locator("iframe.live")).to_have_count(0)

    await shop.store.persist_events(stream, [NewEvent({}, "while-paused")])
    await expect(watched.page.locator("main")).not_to_contain_text("while-paused")
    await watched.page.get_by_role("link", name="Go on").click()

    await expect(watched.page.locator("iframe.live")).to_have_count(1)
    await expect(watched.page.locator("main")).to_contain_text("while-paused")


async def test_the_rate_of_appends_and_the_lag_are_drawn(watched: Watched) -> None:
    await watched.open("/")
    pulse = watched.page.frame_locator("iframe.pulse")
    await expect(pulse.get_by_role("img", name="Events a second")).to_be_visible()
    await watched.open(f"/subscriptions/{HEALTHY}")
    lag = watched.page.frame_locator("iframe.lag")
    await expect(lag.get_by_role("img", name="Events behind")).to_be_visible()


@pytest.mark.slow
async def test_a_seventh_page_opens_beside_six_live_ones(
    browser: Browser, reading: str, shop: Sample
) -> None:
    """A browser has six connections to a host, and a live page keeps one."""
    async with watched_page(browser, reading) as watched:
        context = watched.page.context
        await watched.open(PAGES["feed"](shop))
        for _ in range(5):
            page = await context.new_page()
            await page.goto(reading + PAGES["feed"](shop), wait_until="commit")
            await expect(page.frame_locator("iframe.live").get_by_role("log")).to_be_visible()

        page = await context.new_page()
        await page.goto(reading + "/streams", wait_until="domcontentloaded", timeout=60_000)

        await expect(page.get_by_role("heading", level=1)).to_have_text("Streams")
