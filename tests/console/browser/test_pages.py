"""Each page, on each kind of screen: it can be read by everybody, and is kept as a picture."""

from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser

from event_store_async import MemoryEventStore
from event_store_async.console import console_app

from .chromium import LOOKS, Watched, watched_page
from .judging import CONTRAST, faults_for_readers, wider_than_screen
from .pages import EMPTY, FAULTS, PAGES
from .sample import Sample
from .serving import serving

PICTURES: Final = Path(__file__).parents[3] / "results" / "console"
"""Where the pictures are; git ignores it."""


async def judged(watched: Watched, name: str) -> None:
    """Keep a picture of a page in each look, and check what every page must keep."""
    faults: list[str] = []
    for look in LOOKS:
        await watched.show(look)
        await watched.picture(PICTURES / f"{name}-{look}.png")
        faults += [f"{look}: {each}" for each in await wider_than_screen(watched.page)]
        rules = [CONTRAST] if look == "dark" else None
        faults += [f"{look}: {each}" for each in await faults_for_readers(watched.page, rules)]
    assert faults == []
    assert await watched.page.title()


@pytest.mark.parametrize("name", PAGES)
async def test_a_page(operating: Watched, shop: Sample, name: str) -> None:
    await operating.open(PAGES[name](shop))

    await judged(operating, name)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_page_of_what_is_not_there_says_the_next_step(watched: Watched, name: str) -> None:
    status, path = FAULTS[name]
    await watched.open(path, status=status)

    await judged(watched, name)
    assert await watched.page.locator("main li, main a").count() > 0


@pytest.mark.parametrize("name", EMPTY)
async def test_an_empty_store_explains_what_to_do(browser: Browser, name: str) -> None:
    async with (
        MemoryEventStore() as store,
        serving(console_app(store)) as base,
        watched_page(browser, base) as watched,
    ):
        await watched.open(EMPTY[name])

        await judged(watched, name)
        await watched.check()
