"""Changes: only where they are allowed, only by a form of the console, and recorded."""

import logging
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from event_store_async import MemoryEventStore
from event_store_async.console import console_app
from event_store_async.errors import InvalidArgument
from event_store_async.subscriptions import ParkedStream, SliceKey

from .browsing import ORIGIN, Browser, hidden, seen

NAME: Final = "mails"
ACTIONS: Final = ("pause", "resume", "replay")


@pytest_asyncio.fixture
async def parked(shown: Any, account: UUID) -> UUID:
    """Give a stream that is parked at version 3, in a subscription that is registered anew."""
    if NAME in [each.registration.name async for each in shown.subscriptions.all()]:
        await shown.subscriptions.forget(NAME)
    head = await shown.feed().head()
    page = await shown.feed().page(None, 2)
    await shown.subscriptions.register(NAME, 1, page.position)
    lease = await shown.subscriptions.claim(SliceKey(NAME, 1, 0), uuid4(), 0)
    moment = (await anext(shown.read_events(account, 1, 1))).timestamp
    row = ParkedStream(account, 3, 9, page.position, head, "deposited", "it broke", 1, moment)
    await shown.subscriptions.commit(lease, lease.position, {account: row})
    return account


async def rows(store: Any) -> list[ParkedStream]:
    return [row async for row in store.subscriptions.parked(NAME)]


async def test_replay(operator: Browser, shown: Any, parked: UUID) -> None:
    path = f"/subscriptions/{NAME}/parked/{parked}"
    page = await operator.page(path)
    assert "it broke" in seen(page)
    assert '"amount": 3' in seen(page)
    done = await operator.change(f"{path}/replay")

    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=replayed")
    assert [row.replay for row in await rows(shown)] == [True]
    assert "A replay is asked for" in await operator.page(f"{path}?done=replayed")


async def test_replay_of_all(operator: Browser, shown: Any, parked: UUID) -> None:
    done = await operator.change(f"/subscriptions/{NAME}/replay")

    assert done.headers["location"] == f"/subscriptions/{NAME}/parked?done=replayed"
    assert [row.replay for row in await rows(shown)] == [True]


async def test_skip_is_recorded_with_who_and_why(
    operator: Browser, shown: Any, parked: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/subscriptions/{NAME}/parked/{parked}"
    with caplog.at_level(logging.INFO, "event_store_async.console"):
        done = await operator.change(f"{path}/skip", reason="sent by hand\u202e")

    assert done.headers["location"] == f"{path}?done=skipped"
    skipped = [each async for each in shown.subscriptions.skipped(NAME)][-1]
    assert (skipped.stream_id, skipped.version) == (parked, 3)
    assert (skipped.by, skipped.reason) == ("ann", "sent by hand\u202e")
    assert f"ann skipped version 3 of stream {parked}" in caplog.text
    assert "\u202e" not in caplog.text
    page = seen(await operator.page(f"/subscriptions/{NAME}/skipped"))
    assert "sent by hand\\u202e" in page
    assert "ann" in page


async def test_pause_and_resume(operator: Browser, shown: Any, parked: UUID) -> None:
    for action, word, paused in (("pause", "paused", True), ("resume", "resumed", False)):
        done = await operator.change(f"/subscriptions/{NAME}/{action}")
        assert done.headers["location"] == f"/subscriptions/{NAME}?done={word}"
        status = await shown.subscriptions.status(NAME)
        assert status.registration.paused is paused


async def test_without_leave_there_is_no_way_to_change(
    browser: Browser, shown: Any, parked: UUID
) -> None:
    for action in (*ACTIONS, f"parked/{parked}/replay", f"parked/{parked}/skip"):
        path = f"/subscriptions/{NAME}/{action}"
        await browser.page(path, 404)
        assert (await browser.post(path, {})).status_code in {404, 405}
    page = await browser.page(f"/subscriptions/{NAME}/parked/{parked}")
    assert "This console is read-only" in seen(page)
    assert '<form method="post"' not in page
    assert [row.replay for row in await rows(shown)] == [False]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "0" * 64}, {}),
        ({"token": "\u00e4" * 64}, {}),
        ({}, {"origin": "http://evil.example"}),
        ({}, {"origin": "null"}),
        ({}, {"origin": ""}),
        ({}, {"origin": "http://[broken"}),
        ({}, {"origin": f"{ORIGIN}.evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
        ({}, {"sec-fetch-site": "same-site"}),
        ({}, {"host": "evil.example"}),
        ({}, {"cookie": f"event_store_console={'A' * 43}"}),
        ({}, {"cookie": "event_store_console="}),
    ],
)
async def test_a_forged_change_is_refused(
    operator: Browser, shown: Any, parked: UUID, fields: dict[str, str], headers: dict[str, str]
) -> None:
    path = f"/subscriptions/{NAME}/parked/{parked}/skip"
    form = {**hidden(await operator.page(path)), "reason": "because", **fields}
    if "cookie" in headers:
        operator.client.cookies.clear()
    response = await operator.post(path, form, **headers)

    assert response.status_code == 403
    assert [(row.version, row.replay) for row in await rows(shown)] == [(3, False)]


async def test_a_form_without_its_token_is_refused(
    operator: Browser, shown: Any, parked: UUID
) -> None:
    path = f"/subscriptions/{NAME}/parked/{parked}/skip"
    await operator.page(path)
    response = await operator.post(path, {"reason": "x", "version": "3"})

    assert response.status_code == 403
    assert [(row.version, row.replay) for row in await rows(shown)] == [(3, False)]


async def test_a_token_is_for_one_change_one_session_and_one_person(
    parked: UUID, shown: Any
) -> None:
    current = "ann"
    app = console_app(shown, allow_changes=True, authorize=lambda _: current)
    browser = Browser(app)
    skip = f"/subscriptions/{NAME}/parked/{parked}/skip"
    form = {**hidden(await browser.page(skip)), "reason": "x"}

    assert (await browser.post(f"/subscriptions/{NAME}/pause", form)).status_code == 403
    assert (await Browser(app).post(skip, form)).status_code == 403
    current = "bob"
    assert (await browser.post(skip, form)).status_code == 403
    current = "ann"
    assert (await browser.post(skip, form)).status_code == 303


async def test_a_session_cannot_be_read_or_sent_by_other_sites(
    operator: Browser, parked: UUID
) -> None:
    response = await operator.get(f"/subscriptions/{NAME}/pause")
    cookie = response.headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": ""}, 400),
        ({"reason": "  "}, 400),
        ({"reason": "x" * 1001}, 400),
        ({"reason": "x" * 20_000}, 413),
        ({"reason": "x", "version": ""}, 400),
        ({"reason": "x", "version": "4"}, 409),
        ({"reason": "x", "version": "-3"}, 400),
        ({"reason": "x", **{f"more{n}": "" for n in range(20)}}, 400),
    ],
)
async def test_a_wrong_form_changes_nothing(
    operator: Browser, shown: Any, parked: UUID, fields: dict[str, str], code: int
) -> None:
    path = f"/subscriptions/{NAME}/parked/{parked}/skip"
    response = await operator.change(path, **fields)

    assert response.status_code == code
    assert [(row.version, row.replay) for row in await rows(shown)] == [(3, False)]


async def test_what_is_not_parked_is_not_asked_about(operator: Browser, parked: UUID) -> None:
    for action in ("skip", "replay"):
        page = await operator.page(f"/subscriptions/{NAME}/parked/{uuid4()}/{action}", 404)
        assert "is not parked" in seen(page)
    await operator.page("/subscriptions/unknown/pause", 404)


async def test_who_may_see_it() -> None:
    async def signed_on(request: Request) -> str | None:
        user = request.headers.get("x-user")
        if user == "nobody":
            raise HTTPException(303, headers={"location": "/login"})
        if user == "broken":
            raise LookupError(user)
        return user

    browser = Browser(console_app(MemoryEventStore(), authorize=signed_on))
    assert (await browser.get("/")).status_code == 403
    assert (await browser.get("/style.css")).status_code == 403
    assert (await browser.get("/", **{"x-user": "broken"})).status_code == 403
    assert (await browser.get("/", **{"x-user": " "})).status_code == 403
    away = await browser.get("/", **{"x-user": "nobody"})
    assert (away.status_code, away.headers["location"]) == (303, "/login")
    seen_by = await browser.get("/", **{"x-user": "ann"})
    assert seen_by.status_code == 200
    assert "ann" in seen_by.text
    assert "default-src 'none'" in away.headers["content-security-policy"]


def test_changes_need_to_know_who_makes_them() -> None:
    with pytest.raises(InvalidArgument, match="needs authorize"):
        console_app(MemoryEventStore(), allow_changes=True)
