"""The console in a service: below a path, behind its own middleware."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from event_store_async import MemoryEventStore
from event_store_async.console import console_app
from event_store_async.subscriptions import SliceKey

from .browsing import Browser, hidden, links

STREAM = UUID(int=7)


def fast_api(app: Any) -> Any:
    service = FastAPI()
    service.mount("/internal/console", app)
    return service


def starlette(app: Any) -> Any:
    return Starlette(routes=[Mount("/internal/console", app)])


@pytest.mark.parametrize("service", [fast_api, starlette])
async def test_below_a_path(service: Any) -> None:
    store = MemoryEventStore()
    await store.persist_events(STREAM, [1, 2])
    head = await store.feed().head()
    await store.subscriptions.register("mails", 1, head)
    await store.subscriptions.claim(SliceKey("mails", 1, 0), uuid4(), 0)
    app = console_app(store, allow_changes=True, authorize=lambda _: "ann")
    browser = Browser(service(app))
    root = "/internal/console"

    for path in (
        "/",
        "/streams",
        f"/streams/{STREAM}",
        f"/streams/{STREAM}/1",
        "/feed",
        "/categories",
        "/subscriptions",
        "/subscriptions/mails",
        "/subscriptions/mails/parked",
    ):
        page = await browser.page(f"{root}{path}")
        assert [each for each in links(page) if not each.startswith((f"{root}/", "#"))] == []
    assert (await browser.get(f"{root}/style.css")).status_code == 200
    missing = await browser.page(f"{root}/nothing", 404)
    assert f"{root}/streams" in links(missing)
    found = await browser.get(f"{root}/streams?id={STREAM}")
    assert found.headers["location"] == f"{root}/streams/{STREAM}"

    paused = await browser.change(f"{root}/subscriptions/mails/pause")
    assert paused.headers["location"] == f"{root}/subscriptions/mails?done=paused"
    assert (await store.subscriptions.status("mails")).registration.paused
    asked = await browser.get(f"{root}/subscriptions/mails/resume")
    assert f"path={root}/" in asked.headers["set-cookie"].lower()
    form = hidden(asked.text)
    assert (await browser.post(f"{root}/subscriptions/mails/pause", form)).status_code == 403


async def test_behind_a_proxy_that_takes_a_prefix_away() -> None:
    """As with uvicorn's --root-path: the path that is asked for lacks it."""
    app = console_app(MemoryEventStore())

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        path = f"/proxied{scope['path']}"
        await app({**scope, "root_path": "/proxied", "path": path}, receive, send)

    page = await Browser(behind).page("/streams")

    assert [each for each in links(page) if not each.startswith(("/proxied/", "#"))] == []


async def test_a_path_with_strange_letters_stays_a_path() -> None:
    app = console_app(MemoryEventStore())

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        root = '//evil.example/"><script>'
        await app({**scope, "root_path": root, "path": f"{root}{scope['path']}"}, receive, send)

    await Browser(behind).page("/streams")
