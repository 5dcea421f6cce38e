"""Whoever has never seen the console finds out why a named subscription lags, in a few clicks."""

import pytest
from playwright.async_api import expect

from .chromium import Watched
from .sample import ABANDONED, HOLDING, PARKED, PAUSED, Sample


@pytest.mark.parametrize(
    ("name", "in_the_list", "words"),
    [
        (PARKED, "events are parked", ["2 streams are parked", "replay them"]),
        (PAUSED, "paused", ["An operator has paused it.", "Resume it"]),
        (ABANDONED, "nobody works on it", ["No process works on it.", "Start a process"]),
        (HOLDING, "stands still", ["no shelf is known for 'Umbrella'", "Mend the cause"]),
    ],
)
async def test_why_a_subscription_lags(
    watched: Watched, name: str, in_the_list: str, words: list[str]
) -> None:
    """The overview says what is the matter, and one click says why and what to do."""
    page = watched.page
    await watched.open("/")
    await expect(page.get_by_role("row", name=name)).to_contain_text(in_the_list)
    await page.get_by_role("row", name=name).get_by_role("link", name=name).click()

    why = page.get_by_role("region", name="Why it is behind")
    for text in words:
        await expect(why).to_contain_text(text)
    await expect(why).to_be_in_viewport()


async def test_which_event_failed_and_with_what_error(watched: Watched, shop: Sample) -> None:
    """From the overview to the error: two clicks; to the event itself: three."""
    page = watched.page
    await watched.open("/")
    await page.get_by_role("row", name=PARKED).get_by_role("link", name="2").click()
    row = page.get_by_role("row", name=str(shop.orders[3]))
    await expect(row).to_contain_text("550 5.1.1 <ada@example.invalid>")
    await row.get_by_role("link").click()

    await expect(page.get_by_role("heading", name="The event that failed")).to_be_visible()
    await expect(page.locator("article.event").first).to_contain_text("order-paid")
    await expect(page.locator("main")).to_contain_text("event-store subscription replay")
