"""A browser, and consoles to look at in it; skipped where there is no Chromium."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from benchmarks.peers.protocol import Unavailable

from .chromium import run_chromium


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    """Give a headless Chromium; tests are skipped where there is none."""
    try:
        async with run_chromium() as running:
            yield running
    except Unavailable as error:
        pytest.skip(f"no Chromium: {error.reason}: {error.hint}")
