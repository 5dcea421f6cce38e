"""What is stored, and what other sites send, cannot make a browser do anything."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from event_store_async.console import console_app

from .chromium import Watched, watched_page
from .hostile import FORBIDDEN, MARKUP, SUBSCRIPTION, UNSEEN, Hostile
from .sample import PARKED, Sample
from .serving import serving

FIRST = MARKUP[0]
PLACES = {
    "overview": "/",
    "streams": "/streams",
    "stream": "/streams/{stream}?order=forward",
    "event": "/streams/{stream}/10",
    "unseen": "/streams/{stream}/11",
    "feed": "/feed",
    "categories": "/categories",
    "chain": "/chains/" + quote(MARKUP[4], safe=""),
    "subscriptions": "/subscriptions",
    "subscription": f"/subscriptions/{SUBSCRIPTION}",
    "parked": f"/subscriptions/{SUBSCRIPTION}/parked",
    "parked-stream": f"/subscriptions/{SUBSCRIPTION}/parked/" + "{parked}",
    "skip": f"/subscriptions/{SUBSCRIPTION}/parked/" + "{parked}/skip",
}


async def obeyed(page: Page) -> list[str]:
    """Return what a page and its frames have obeyed, or would."""
    found = []
    for frame in page.frames:
        if await frame.evaluate("window.__hit !== undefined"):
            found.append("a script has run")
        found += await frame.evaluate(
            """() => [...document.querySelectorAll(
                "script, base, object, embed, meta[http-equiv], a[href^='javascript:' i],"
                + "[onclick], [onerror], [onload], [onfocus], [onmouseover], [style], [autofocus]"
            )].map((each) => each.outerHTML.slice(0, 120))"""
        )
        found += await frame.evaluate(
            """() => [...document.querySelectorAll("a[href], form, img, iframe, link")].map(
                (each) => each.href || each.action || each.src
            ).filter((each) => each && new URL(each).origin !== location.origin)"""
        )
    return found


@pytest.mark.parametrize("name", PLACES)
async def test_nothing_that_is_stored_is_obeyed(
    browser: Browser, attacked: str, attack: Hostile, name: str
) -> None:
    async with watched_page(browser, attacked) as watched:
        await watched.open(PLACES[name].format(stream=attack.stream, parked=attack.parked))
        await watched.settle()
        for each in await watched.page.locator("summary").all():
            await each.click()

        assert await obeyed(watched.page) == []
        for frame in watched.page.frames:
            assert set(await frame.inner_text("html")) & FORBIDDEN - {"\n"} == set()
        await watched.check()


async def test_markup_and_unseen_letters_are_shown_as_they_are(
    browser: Browser, attacked: str, attack: Hostile
) -> None:
    async with watched_page(browser, attacked) as watched:
        await watched.open(f"/streams/{attack.stream}/1")
        assert FIRST in await watched.page.locator("pre").first.inner_text()
        await watched.open(f"/streams/{attack.stream}/11")
        shown = await watched.page.locator("pre").first.inner_text()
        for word in (r"\u001b", r"\u202e", r"\u2066", r"\u200b", r"\ufeff", r"\u2028"):
            assert word in shown
        await watched.check()


async def test_live_lines_obey_nothing(browser: Browser, attacked: str, attack: Hostile) -> None:
    async with watched_page(browser, attacked) as watched:
        await watched.page.goto(
            f"{attacked}/streams/{attack.stream}/live?from=1",
            wait_until="commit",  # it goes on
        )
        await watched.page.get_by_text("version 11").wait_for()

        assert await obeyed(watched.page) == []
        assert set(await watched.page.inner_text("html")) & FORBIDDEN - {"\n"} == set()
        await watched.check()


@pytest.mark.parametrize(
    "path",
    ["/feed?category={}", "/feed?type={}", "/feed?at={}", "/streams?id={}", "/chains/{}", "/{}"],
)
async def test_no_address_is_obeyed(browser: Browser, attacked: str, path: str) -> None:
    async with watched_page(browser, attacked) as watched:
        for given in (*MARKUP, UNSEEN.replace("\x00", "")):
            address = attacked + path.format(quote(given, safe=""))
            await watched.page.goto(address, wait_until="commit")
            await watched.settle()

            assert await obeyed(watched.page) == []
            assert (watched.elsewhere, await watched.violations()) == ([], [])


@asynccontextmanager
async def _other_site(page: str) -> AsyncGenerator[str, None]:
    async def answer(_: Request) -> HTMLResponse:
        return HTMLResponse(page)

    async with serving(Starlette(routes=[Route("/", answer)])) as base:
        yield base


async def _parked_count(shop: Sample) -> int:
    asked = [each async for each in shop.store.subscriptions.parked(PARKED) if each.replay]
    return len(asked)


async def test_a_form_on_another_site_changes_nothing(
    browser: Browser, changing: str, shop: Sample
) -> None:
    """Also if the browser has a session of the console, and the form a token of it."""
    path = f"/subscriptions/{PARKED}/pause"
    async with watched_page(browser, changing) as watched:
        page = watched.page
        await watched.open(path)
        token = await page.locator("input[name=token]").input_value()
        form = (
            f'<form method="post" action="{changing}{path}">'
            f'<input name="token" value="{token}"><button>win a prize</button></form>'
        )
        async with _other_site(form) as base:
            for home in (base, base.replace("127.0.0.1", "localhost")):
                await page.goto(home)
                async with page.expect_navigation(url=f"**{path}") as navigation:
                    await page.get_by_role("button").click()
                answer = await navigation.value
                assert answer is not None
                assert answer.status == 403
                assert "page of this console" in await page.inner_text("main")

    found = await shop.store.subscriptions.status(PARKED)
    assert not found.registration.paused


async def test_a_token_of_another_change_or_session_changes_nothing(
    browser: Browser, changing: str, shop: Sample
) -> None:
    pause, all_of_them = f"/subscriptions/{PARKED}/pause", f"/subscriptions/{PARKED}/replay"
    async with (
        watched_page(browser, changing) as watched,
        watched_page(browser, changing) as other,
    ):
        await other.open(pause)
        foreign = await other.page.locator("input[name=token]").input_value()
        await watched.open(all_of_them)
        another = await watched.page.locator("input[name=token]").input_value()
        for token in (foreign, another, another[:-1] + "x", "", "x" * 10_000):
            await watched.open(pause)
            await watched.page.locator("input[name=token]").evaluate(
                "(input, token) => { input.value = token }", token
            )
            async with watched.page.expect_navigation() as navigation:
                await watched.page.get_by_role("button", name="Pause it").click()
            answer = await navigation.value
            assert answer is not None
            assert answer.status == 403

    found = await shop.store.subscriptions.status(PARKED)
    assert not found.registration.paused


async def test_a_change_works_and_is_not_repeated_by_a_reload(
    operating: Watched, shop: Sample
) -> None:
    page = operating.page
    await operating.open(f"/subscriptions/{PARKED}")
    await page.get_by_role("link", name="Pause …").click()
    await page.get_by_role("button", name="Pause it").click()
    await page.wait_for_url("**done=paused**")
    assert (await shop.store.subscriptions.status(PARKED)).registration.paused
    await shop.store.subscriptions.resume(PARKED)

    await page.reload(wait_until="domcontentloaded")

    assert not (await shop.store.subscriptions.status(PARKED)).registration.paused


async def test_a_console_that_reads_only_has_no_way_to_change(
    watched: Watched, shop: Sample
) -> None:
    for path in (f"/subscriptions/{PARKED}", f"/subscriptions/{PARKED}/parked/{shop.orders[3]}"):
        await watched.open(path)
        assert await watched.page.locator("form[method=post]").count() == 0
        assert await watched.page.get_by_role("link", name="…").count() == 0
    await watched.open(f"/subscriptions/{PARKED}/pause", status=404)


async def test_no_page_is_framed_by_another_site(browser: Browser, reading: str) -> None:
    async with (
        _other_site(f'<iframe src="{reading}/subscriptions"></iframe>') as base,
        watched_page(browser, base) as watched,
    ):
        await watched.page.goto(base, wait_until="load")
        (_, frame) = watched.page.frames

        assert "Subscriptions" not in await frame.content()


@pytest.mark.parametrize(
    "path",
    [
        "//attack.invalid/",
        "/\\attack.invalid",
        "/streams?id=//attack.invalid",
        "/streams?id=https://attack.invalid",
        "/%2f%2fattack.invalid/",
        "/streams/..%2f..%2f..%2fetc%2fpasswd",
        "/style.css/../../console.py",
    ],
)
async def test_no_address_leads_elsewhere(browser: Browser, reading: str, path: str) -> None:
    async with watched_page(browser, reading) as watched:
        answer = await watched.page.goto(reading + path, wait_until="domcontentloaded")

        assert answer is not None
        assert answer.status in {400, 404}
        assert watched.page.url.startswith(reading)
        assert watched.elsewhere == []


async def test_an_error_of_the_console_itself_is_guarded_too(browser: Browser) -> None:
    class Broken:
        def read_events(self, *_: object, **__: object) -> object:
            raise RuntimeError(f"secret {FIRST}")

        async def current_version(self, *_: object, **__: object) -> int:
            raise RuntimeError(f"secret {FIRST}")

        async def persist_events(self, *_: object, **__: object) -> None:
            raise NotImplementedError

    app = console_app(Broken())  # type: ignore[arg-type]
    path = "/streams/00000000-0000-4000-8000-000000000000"
    async with serving(app) as base, watched_page(browser, base) as watched:
        answer = await watched.page.goto(base + path)

        assert answer is not None
        assert answer.status == 500
        assert "secret" not in await watched.page.content()
        assert "default-src 'none'" in answer.headers.get("content-security-policy", "")
