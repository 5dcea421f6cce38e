"""Changes: what operators change, each with a question first, and recorded with who asked."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..counts import counted
from ..escape import escape
from . import forgery
from .console import LOG, Console
from .doorkeeper import who_of
from .parameters import link, number, stream_id
from .subscriptions import kept, parked_row

_MOST_BYTES: Final = 16 * 1024
_MOST_FIELDS: Final = 10
_LONGEST_REASON: Final = 1000

Form = Mapping[str, str]
"""The fields of a form that was sent."""


@dataclass(frozen=True)
class Change:
    """
    Something that an operator can change.

    Attributes:
        title: What it is called.
        effect: What happens.
        button: What its button says.
        needs_reason: Whether a reason must be given.
        is_final: Whether it cannot be taken back.
    """

    title: str
    effect: str
    button: str
    needs_reason: bool = False
    is_final: bool = False


PAUSE: Final = Change(
    "Pause the subscription",
    "Its members finish the events in hand, and stand still until it is resumed, also through "
    "restarts. Nothing is lost.",
    "Pause it",
)
RESUME: Final = Change(
    "Resume the subscription", "Its members go on where they were, in a few seconds.", "Resume it"
)
REPLAY_ALL: Final = Change(
    "Replay all parked streams",
    "The parked events of every stream are handled again, in order. A stream without any left is "
    "live again; one whose event fails again stays parked.",
    "Replay all",
)
REPLAY: Final = Change(
    "Replay the stream",
    "Its parked events are handled again, in order. If none fails, the stream is live again.",
    "Replay it",
)
SKIP: Final = Change(
    "Skip the event",
    "The subscription never handles this event, and those behind it are replayed. The event stays "
    "in its stream, and that it was skipped stays on record with your name and reason, for ever.",
    "Skip it for ever",
    needs_reason=True,
    is_final=True,
)


class ChangePages:
    """
    The pages that change something. They exist only in a console that allows changes.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes of the pages; each asks (GET) and does (POST)."""
        one, parked = "/subscriptions/{name}", "/subscriptions/{name}/parked/{stream}"
        return [
            self._route(f"{one}/pause", PAUSE, self._pause),
            self._route(f"{one}/resume", RESUME, self._resume),
            self._route(f"{one}/replay", REPLAY_ALL, self._replay_all),
            self._route(f"{parked}/replay", REPLAY, self._replay),
            self._route(f"{parked}/skip", SKIP, self._skip),
        ]

    def _route(
        self, path: str, change: Change, do: Callable[[Request, Form], Awaitable[str]]
    ) -> Route:
        async def answer(request: Request) -> Response:
            if request.method != "POST":
                return await self._ask(request, change)
            form = await _form(request)
            forgery.check(request, form.get(forgery.FIELD, ""), who_of(request))
            return RedirectResponse(await do(request, form), 303)

        return Route(path, self._console.budget.bounded(answer), methods=["GET", "POST"])

    async def _ask(self, request: Request, change: Change, problem: str = "") -> Response:
        name = request.path_params["name"]
        row = None
        if "stream" in request.path_params:
            row = await parked_row(self._console, name, stream_id(request))
            if row is None:
                return self._console.page(
                    request,
                    "not_parked.html",
                    code=404,
                    name=name,
                    stream=stream_id(request),
                    done=None,
                )
        else:
            await kept(self._console).status(name)
        return self._console.form(
            request,
            "change.html",
            name=name,
            change=change,
            row=row,
            problem=problem,
            longest=_LONGEST_REASON,
        )

    async def _pause(self, request: Request, form: Form) -> str:
        del form
        name = request.path_params["name"]
        await kept(self._console).pause(name)
        _record(request, f"paused subscription {name}")
        return link(request, "subscriptions", name, done="paused")

    async def _resume(self, request: Request, form: Form) -> str:
        del form
        name = request.path_params["name"]
        await kept(self._console).resume(name)
        _record(request, f"resumed subscription {name}")
        return link(request, "subscriptions", name, done="resumed")

    async def _replay_all(self, request: Request, form: Form) -> str:
        del form
        name = request.path_params["name"]
        found = await kept(self._console).replay(name)
        _record(request, f"asked for a replay of {counted(found, 'parked stream')} of {name}")
        return link(request, "subscriptions", name, "parked", done="replayed")

    async def _replay(self, request: Request, form: Form) -> str:
        del form
        name, stream = request.path_params["name"], stream_id(request)
        await kept(self._console).replay(name, stream)
        _record(request, f"asked for a replay of stream {stream}, parked in subscription {name}")
        return link(request, "subscriptions", name, "parked", stream, done="replayed")

    async def _skip(self, request: Request, form: Form) -> str:
        name, stream = request.path_params["name"], stream_id(request)
        version = number(form, "version", at_least=1)
        reason = form.get("reason", "").strip()
        if version is None:
            raise HTTPException(400, "the form lacks the version of the event")
        if not reason or len(reason) > _LONGEST_REASON:
            raise HTTPException(400, f"give a reason of 1 to {_LONGEST_REASON} characters")
        await kept(self._console).skip(name, stream, version, reason=reason, by=who_of(request))
        _record(
            request,
            f"skipped version {version} of stream {stream} in subscription {name}: {reason}",
        )
        return link(request, "subscriptions", name, "parked", stream, done="skipped")


def _record(request: Request, what: str) -> None:
    LOG.info("%s %s", escape(who_of(request)), escape(what))


async def _form(request: Request) -> dict[str, str]:
    """
    Return the fields of a form.

    Raises:
        HTTPException: 400 or 413, it is not a form of this console.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(400, "it is not a form")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(413)
    try:
        return dict(
            parse_qsl(
                body.decode("ascii"),
                keep_blank_values=True,
                max_num_fields=_MOST_FIELDS,
                errors="strict",
            )
        )
    except ValueError:  # too many fields, or not UTF-8
        raise HTTPException(400, "it is not a form of this console") from None
