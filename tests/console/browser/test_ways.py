"""The ways through the pages: filters, links, places, and the keyboard alone."""

from uuid import uuid4

import pytest
from playwright.async_api import expect

from .chromium import Watched
from .judging import focused, walk
from .pages import PAGES
from .sample import LONG, PARKED, Sample


async def test_from_an_event_to_what_caused_it_and_what_belongs_to_it(
    watched: Watched, shop: Sample
) -> None:
    page = watched.page
    await watched.open(f"/streams/{shop.orders[1]}/1")
    await page.get_by_role("link", name="request-2").click()

    events = page.locator("article.event")
    await expect(events).to_have_count(4)
    await page.get_by_text("Metadata and ids").first.click()
    # An id may be anything: this one has a slash.
    await page.get_by_role("link", name="POST /orders").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("POST /orders")
    await page.go_back(wait_until="domcontentloaded")
    await expect(events.locator("h3")).to_have_text(
        ["order-placed", "order-paid", "parcel-packed", "order-sent"]
    )
    lefts = [box["x"] for each in await events.all() if (box := await each.bounding_box())]
    assert lefts == sorted(set(lefts)), "each is indented below what caused it"
    await events.nth(2).get_by_text("Metadata and ids").click()
    await events.nth(2).locator("dd").last.get_by_role("link").click()
    await expect(page.locator("article.event h3").first).to_have_text("order-paid")


async def test_a_stream_is_found_by_its_id_and_walked(watched: Watched, shop: Sample) -> None:
    page = watched.page
    await watched.open("/")
    await page.get_by_role("search").get_by_label("Stream").fill(f" {shop.account} ")
    await page.get_by_role("search").get_by_role("button", name="Open").click()
    first = page.locator("article.event h3").first
    await expect(first).to_contain_text(str(LONG))

    await page.get_by_role("link", name="Older").first.click()
    await expect(first).to_contain_text(str(LONG - 50))
    await page.get_by_role("link", name="First", exact=True).first.click()
    await expect(first).to_have_text("1 account-opened")
    await page.get_by_label("From version").fill("700")
    await page.get_by_label("Order").select_option("newest first")
    await page.get_by_role("button", name="Show").click()
    await expect(first).to_contain_text("700")


async def test_the_feed_is_narrowed_and_gone_through(watched: Watched) -> None:
    page = watched.page
    await watched.open("/feed")
    await page.get_by_label("Category").fill("parcel")
    await page.get_by_role("button", name="Show").click()
    kinds = set(await page.locator("article.event h3").all_inner_texts())
    assert kinds == {"parcel-packed"}

    await page.get_by_role("link", name="Show all").click()
    await page.get_by_label("After event number or position").fill("1280")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator("article.event .ordinal").first).to_have_text("1,281")
    await page.get_by_role("link", name="Next").first.click()
    await expect(page.locator("article.event .ordinal").first).to_have_text("1,331")


async def test_truncated_closed_deleted_and_personal_are_said(
    watched: Watched, shop: Sample
) -> None:
    for stream, words in (
        (shop.truncated, ["Truncated", "from version 6 on"]),
        (shop.closed, ["Closed for ever"]),
        (shop.deleted, ["Deleted", "The next event is version 9"]),
        (shop.customer, ["encrypted personal data of c-1004"]),
    ):
        await watched.open(f"/streams/{stream}")
        for text in words:
            await expect(watched.page.locator("main")).to_contain_text(text)


async def test_a_long_payload_is_shown_in_part(watched: Watched, shop: Sample) -> None:
    await watched.open(f"/streams/{shop.large}")
    assert len(await watched.page.locator("pre").first.inner_text()) < 20_000
    await watched.page.get_by_role("link", name="Show more of it").click()
    cut = watched.page.locator(".cut")
    await expect(cut).to_contain_text("Only the first")
    await expect(cut).to_contain_text(f"event-store read {shop.large} --from 1 --to 1")


@pytest.mark.parametrize(
    "name", ["overview", "stream", "categories", "subscription", "parked-stream"]
)
async def test_everything_is_reached_by_the_keyboard(
    operating: Watched, shop: Sample, name: str
) -> None:
    await operating.open(PAGES[name](shop))
    await operating.settle()
    reached = [each for each in await walk(operating.page) if each.tag != "iframe"]

    assert reached[0].text == "Skip to the content"
    assert reached[0].shown, "the skip link is seen once it has the keyboard"
    assert [each.text for each in reached[1:7]] == [
        "event-store console",
        "Overview",
        "Streams",
        "Feed",
        "Categories",
        "Subscriptions",
    ]
    assert [each for each in reached if not each.ring] == []
    assert [each for each in reached if not each.shown] == []
    links = {each.href for each in reached if each.tag == "a"}
    every = await operating.page.locator("main a[href]:visible").evaluate_all(
        "all => all.map((each) => each.getAttribute('href'))"
    )
    assert set(every) - links == set()


async def test_the_skip_link_leads_to_the_content(watched: Watched) -> None:
    await watched.open("/streams")
    await watched.page.keyboard.press("Tab")
    await watched.page.keyboard.press("Enter")
    await watched.page.keyboard.press("Tab")
    found = await focused(watched.page)

    assert found is not None
    assert "/streams/" in found.href or found.tag == "div"


async def test_a_change_is_made_by_the_keyboard_alone(operating: Watched, shop: Sample) -> None:
    """The question names what happens, and the reason is asked for."""
    stream = shop.orders[17]
    page = operating.page
    await operating.open(f"/subscriptions/{PARKED}/parked/{stream}/skip")
    await page.get_by_label("Reason").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.querySelector(':invalid') !== null"), "no reason was given"
    await page.get_by_label("Reason").focus()
    await page.keyboard.type("the address is known to be wrong")
    await page.keyboard.press("Tab")
    found = await focused(page)
    assert found is not None
    assert found.text == "Skip it for ever"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**done=skipped**")

    await operating.open(f"/subscriptions/{PARKED}/skipped")
    row = page.get_by_role("row", name=str(stream))
    await expect(row).to_contain_text("ann")
    await expect(row).to_contain_text("the address is known to be wrong")


async def test_a_stream_that_is_unknown_says_so(watched: Watched) -> None:
    await watched.open(f"/streams/{uuid4()}")
    await expect(watched.page.locator("main")).to_contain_text("does not exist yet")
