"""Each page, on each kind of screen: it can be read by everybody, and is kept as a picture."""

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from event_store_async import MemoryEventStore
from event_store_async.console import console_app

from .chromium import LOOKS, Look, Watched, watched_page
from .judging import faults_for_readers, wider_than_screen
from .pages import FAULTS, PAGES
from .sample import Sample
from .serving import serving

PICTURES: Final = Path(__file__).parents[3] / "results" / "console"
"""Where the pictures are; git ignores it."""


async def taken(watched: Watched, name: str, look: Look) -> None:
    """Keep a picture of a page, and check what every page must keep."""
    await watched.settle()
    PICTURES.mkdir(parents=True, exist_ok=True)
    await watched.page.screenshot(path=PICTURES / f"{name}-{look}.png", full_page=True)
    assert await wider_than_screen(watched.page) == []
    assert await faults_for_readers(watched.page) == []
    assert await watched.page.title()
    await watched.check()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", PAGES)
async def test_a_page(browser: Browser, changing: str, shop: Sample, name: str, look: Look) -> None:
    async with watched_page(browser, changing, look) as watched:
        await watched.open(PAGES[name](shop))

        await taken(watched, name, look)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", FAULTS)
async def test_a_page_of_what_is_not_there_says_the_next_step(
    browser: Browser, reading: str, name: str, look: Look
) -> None:
    status, path = FAULTS[name]
    async with watched_page(browser, reading, look) as watched:
        await watched.open(path, status=status)

        await taken(watched, name, look)
        assert await watched.page.locator("main li, main a").count() > 0


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "path", ["/", "/streams", "/feed", "/categories", "/subscriptions"], ids=lambda path: path
)
async def test_an_empty_store_explains_what_to_do(browser: Browser, path: str, look: Look) -> None:
    async with (
        MemoryEventStore() as store,
        serving(console_app(store)) as base,
        watched_page(browser, base, look) as watched,
    ):
        await watched.open(path)

        await taken(watched, f"empty-{path.strip('/') or 'overview'}", look)
