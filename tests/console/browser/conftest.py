"""A browser, and consoles to look at in it; skipped where there is no Chromium."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from benchmarks.peers.protocol import Unavailable
from event_store_async.console import console_app

from .chromium import Watched, run_chromium, watched_page
from .hostile import Hostile, hostile
from .sample import Sample, sample
from .serving import serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    """Give a headless Chromium; tests are skipped where there is none."""
    try:
        async with run_chromium() as running:
            yield running
    except Unavailable as error:
        pytest.skip(f"no Chromium: {error.reason}: {error.hint}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(browser: Browser) -> AsyncGenerator[Sample, None]:
    """Give a shop's store, with its subscriptions running; the module's own."""
    async with sample() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reading(shop: Sample) -> AsyncGenerator[str, None]:
    """Give the address of a console of the shop that reads only."""
    async with serving(console_app(shop.store)) as base:
        yield base


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changing(shop: Sample) -> AsyncGenerator[str, None]:
    """Give the address of a console of the shop where Ann may change something."""
    app = console_app(shop.store, allow_changes=True, authorize=lambda _: "ann")
    async with serving(app) as base:
        yield base


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attack(browser: Browser) -> AsyncGenerator[Hostile, None]:
    """Give a store whose events attack; the module's own."""
    async with hostile() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attacked(attack: Hostile) -> AsyncGenerator[str, None]:
    """Give the address of a console of it where Ann may change something."""
    app = console_app(attack.store, allow_changes=True, authorize=lambda _: "ann")
    async with serving(app) as base:
        yield base


@pytest_asyncio.fixture
async def watched(browser: Browser, reading: str) -> AsyncGenerator[Watched, None]:
    """Give a page on the console that reads only. In the end, nothing must be wrong with it."""
    async with watched_page(browser, reading) as page:
        yield page
        await page.check()


@pytest_asyncio.fixture
async def operating(browser: Browser, changing: str) -> AsyncGenerator[Watched, None]:
    """Give a page on the console that allows changes. In the end, nothing must be wrong with it."""
    async with watched_page(browser, changing) as page:
        yield page
        await page.check()
