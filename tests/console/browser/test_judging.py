"""What the tests of the console look for is found on a page that has it."""

from collections.abc import AsyncGenerator

import pytest_asyncio
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from .chromium import Watched, watched_page
from .judging import faults_for_readers, walk, wider_than_screen
from .serving import serving

_BAD = """<!doctype html><html><title>bad</title>
<style>a { outline: none } p { color: #999; background: #aaa }</style>
<p>hard to read</p> <input> <a href="/">first</a>
<div style="width: 3000px">wide</div>
<img alt="" src="http://192.0.2.1/pixel.png"><script>alert(1)</script></html>"""

_GOOD = """<!doctype html><html lang="en"><title>good</title>
<body><main><h1>Good</h1><p>easy to read</p><a href="/">first</a></main></html>"""


async def _page(request: Request) -> HTMLResponse:
    policy = "default-src 'self'; script-src 'none'; style-src 'unsafe-inline'"
    text = _BAD if request.url.path == "/bad" else _GOOD
    return HTMLResponse(text, headers={"content-security-policy": policy})


async def _icon(_: Request) -> HTMLResponse:
    return HTMLResponse("", status_code=204)


@pytest_asyncio.fixture
async def watched(browser: Browser) -> AsyncGenerator[Watched, None]:
    app = Starlette(
        routes=[
            Route("/favicon.ico", _icon),
            Route("/bad", _page),
            Route("/good", _page),
        ]
    )
    async with serving(app) as base, watched_page(browser, base) as page:
        yield page


async def test_faults_are_found(watched: Watched) -> None:
    await watched.open("/bad")
    await watched.page.wait_for_function("window.__violations.length >= 2")

    rules = " ".join(await faults_for_readers(watched.page))
    assert "color-contrast" in rules
    assert "label" in rules
    assert "html-has-lang" in rules
    assert "wide" in " ".join(await wider_than_screen(watched.page))
    assert any("192.0.2.1" in each for each in await watched.violations())
    assert any("script-src" in each for each in await watched.violations())
    assert watched.errors != []
    (link,) = [each for each in await walk(watched.page) if each.tag == "a"]
    assert not link.ring


async def test_a_good_page_has_none(watched: Watched) -> None:
    await watched.open("/good")

    assert await faults_for_readers(watched.page) == []
    assert await wider_than_screen(watched.page) == []
    assert await watched.violations() == []
    assert (watched.errors, watched.elsewhere) == ([], [])
    assert [(each.text, each.ring, each.shown) for each in await walk(watched.page)] == [
        ("first", True, True)
    ]
