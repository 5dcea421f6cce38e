"""A browser without a screen: it asks for pages, keeps cookies, and fills in forms."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from starlette.types import ASGIApp, Message

ORIGIN: Final = "http://console.test"


class Browser:
    """Asks an application for pages, as one user with one session."""

    def __init__(self, app: ASGIApp) -> None:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        self.client = httpx2.AsyncClient(transport=transport, base_url=ORIGIN)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(path, headers=headers)

    async def page(self, path: str, code: int = 200) -> str:
        """Return a page whose status is *code*, and check what every page must be."""
        response = await self.get(path)
        assert response.status_code == code, (path, response.status_code, response.text[:2000])
        check_page(response)
        return response.text

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> httpx2.Response:
        sent = {"origin": ORIGIN, "sec-fetch-site": "same-origin", **headers}
        sent["content-type"] = "application/x-www-form-urlencoded"
        return await self.client.post(path, content=urlencode(form), headers=sent)

    async def change(self, path: str, **fields: str) -> httpx2.Response:
        """Open the question of a change, and answer it as a person would."""
        return await self.post(path, {**hidden(await self.page(path)), **fields})


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of the forms that change something."""
    form = page.partition('<form method="post"')[2].partition("</form>")[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def check_page(response: httpx2.Response) -> None:
    """Check what every page must be: nothing runs, nothing is loaded from elsewhere."""
    text = response.text
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "same-origin"
    assert "<script" not in text
    assert not re.search(r"<[^>]+\s(on\w+|style)\s*=", text), "no handler and no style attribute"
    for address in re.findall(r'(?:href|src|action)="([^"]*)"', text):
        assert re.match(r"/(?!/)|#", address), address
    assert text.startswith("<!doctype html>")
    assert '<html lang="en"' in text
    assert re.search(r"<title>[^<]+</title>", text)
    assert printable(html.unescape(text)), "nothing invisible"
    if 'class="part"' not in text:
        assert text.count("<h1") == 1
        assert re.search(r'<main id="main"', text)
    levels = [int(level) for level in re.findall(r"<h([1-6])", text)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert text.count("<table>") == text.count("<caption>")
    for name in re.findall(r'<(?:input|select|textarea) id="(\w+)"', text):
        assert f'<label for="{name}">' in text, name


def printable(text: str) -> bool:
    return all(letter.isprintable() or letter == "\n" for letter in text)


def seen(page: str) -> str:
    """Return what a person reads: the text of a page without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def links(page: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="([^"]*)"', page)]


class Live:
    """A live page that a reader has open."""

    def __init__(self) -> None:
        self.text = ""
        self.code = 0
        self.headers: dict[str, str] = {}
        self.is_over = False
        self._news = asyncio.Event()
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()
            self.is_over = not message.get("more_body", False)
        self._news.set()

    def leave(self) -> None:
        self._gone.set()

    async def shows(self, text: str) -> str:
        """Wait until a text is there, and return all that is."""
        async with asyncio.timeout(60):
            while text not in seen(self.text):
                self._news.clear()
                await self._news.wait()
        return self.text


@asynccontextmanager
async def opened(app: ASGIApp, address: str) -> AsyncIterator[Live]:
    """Open a live page during the block; its reader leaves at the end, and all of it must end."""
    live = Live()
    parts = urlsplit(address)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"console.test")],
        "client": ("127.0.0.1", 1),
        "server": ("console.test", 80),
    }
    task: asyncio.Task[None] = asyncio.create_task(_answer(app, scope, live))
    try:
        yield live
    finally:
        live.leave()
        await asyncio.wait_for(task, 60)


async def _answer(app: ASGIApp, scope: dict[str, Any], live: Live) -> None:
    await app(scope, live.receive, live.send)
