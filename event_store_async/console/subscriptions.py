"""Subscriptions: the list of them, one of them, its parked streams, and what was skipped."""

from collections import deque
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import FeedDisabled
from ..ports.subscriptions import Subscriptions
from ..subscriptions import Beat, ParkedStream, SkippedEvent, SubscriptionStatus
from .console import EVENTS, Console
from .overview import series_of, subscription_statuses
from .parameters import is_live, number, stream_id
from .payload import SHOWN
from .plot import plot
from .reasons import Reason, reasons, state_of
from .rows import EventRow, read_rows

_REFRESH: Final = "3"
_WAITING: Final = 10
_SKIPPED: Final = 200
_MOST_PAGES: Final = 1000


@dataclass(frozen=True)
class MemberRow:
    """
    A member of a consumer group as it is shown.

    Attributes:
        member: The member.
        slices: The slices that it holds.
        beat: What it last said of itself.
        silent: Seconds since this process saw its count of beats change, if it has looked twice.
    """

    member: UUID
    slices: list[int]
    beat: Beat
    silent: float | None


class SubscriptionPages:
    """
    The pages about subscriptions that change nothing.

    Args:
        console: What the pages share.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        bounded = self._console.budget.bounded
        return [
            Route("/subscriptions", bounded(self.subscriptions)),
            Route("/subscriptions/{name}", bounded(self.subscription)),
            Route("/subscriptions/{name}/lag", bounded(self.lag)),
            Route("/subscriptions/{name}/parked", bounded(self.parked)),
            Route("/subscriptions/{name}/parked/{stream}", bounded(self.parked_stream)),
            Route("/subscriptions/{name}/skipped", bounded(self.skipped)),
        ]

    async def subscriptions(self, request: Request) -> Response:
        """Show all subscriptions."""
        try:
            feed = self._console.feed()
            has_feed = feed is not None and bool(await feed.head())
        except FeedDisabled:
            has_feed = False
        if not has_feed:
            return self._console.page(request, "feedless.html")
        statuses, problem = await subscription_statuses(self._console)
        return self._console.page(
            request,
            "subscriptions.html",
            statuses=statuses,
            problem=problem,
            keeps=self._console.subscriptions is not None,
        )

    async def subscription(self, request: Request) -> Response:
        """Show a subscription: how far it is, who works on it, and why it is behind."""
        status = await self._status(request)
        return self._console.page(
            request,
            "subscription.html",
            status=status,
            state=state_of(status.registration),
            reasons=self._reasons(status),
            members=self._members(status),
            is_live=is_live(request),
            done=request.query_params.get("done"),
        )

    async def lag(self, request: Request) -> Response:
        """Show how far a subscription is behind; a part of its page, which reloads itself."""
        live = is_live(request)
        status = await self._status(request)
        samples = self._console.samples
        return self._console.page(
            request,
            "lag.html",
            headers={"refresh": _REFRESH} if live else None,
            status=status,
            plot=plot(samples.series(series_of(status))),
            reasons=self._reasons(status),
        )

    async def parked(self, request: Request) -> Response:
        """Show the parked streams of a subscription, page by page."""
        status = await self._status(request)
        page = number(request.query_params, "page", at_least=1, at_most=_MOST_PAGES) or 1
        rows: list[ParkedStream] = []
        wanted = range((page - 1) * EVENTS, page * EVENTS + 1)
        async with aclosing(kept(self._console).parked(status.registration.name)) as found:
            at = 0
            async for row in found:
                if at in wanted:
                    rows.append(row)
                at += 1
                if at == wanted.stop:
                    break
        return self._console.page(
            request,
            "parked.html",
            name=status.registration.name,
            total=status.lag.parked,
            rows=rows[:EVENTS],
            page=page,
            has_next=len(rows) > EVENTS,
            done=request.query_params.get("done"),
        )

    async def parked_stream(self, request: Request) -> Response:
        """Show a parked stream: the event that failed, its error, and what waits behind it."""
        name, stream = request.path_params["name"], stream_id(request)
        row = await parked_row(self._console, name, stream)
        if row is None:
            return self._console.page(
                request,
                "not_parked.html",
                code=404,
                name=name,
                stream=stream,
                done=request.query_params.get("done"),
            )
        waiting: list[EventRow] = []
        if row.waits:
            count = min(row.last_version - row.version + 1, _WAITING + 1)
            waiting = await read_rows(
                self._console.store, stream, row.version, count, backward=False
            )
        return self._console.page(
            request,
            "parked_stream.html",
            name=name,
            row=row,
            waiting=waiting,
            cut=SHOWN,
            done=request.query_params.get("done"),
        )

    async def skipped(self, request: Request) -> Response:
        """Show the last events of a subscription that were skipped, the last one first."""
        name = request.path_params["name"]
        last: deque[SkippedEvent] = deque(maxlen=_SKIPPED)
        async with aclosing(kept(self._console).skipped(name)) as found:
            async for event in found:
                last.append(event)
        return self._console.page(
            request, "skipped.html", name=name, rows=list(reversed(last)), most=_SKIPPED
        )

    async def _status(self, request: Request) -> SubscriptionStatus:
        status = await kept(self._console).status(request.path_params["name"])
        self._console.samples.add(series_of(status), status.lag.events)
        for member, beat in islice(status.members.items(), EVENTS):
            self._console.samples.add(_series_of_member(member), beat.count)
        return status

    def _reasons(self, status: SubscriptionStatus) -> list[Reason]:
        silences = {member: self._silence(member) for member in islice(status.members, EVENTS)}
        silent = {member: span for member, span in silences.items() if span is not None}
        return reasons(status, self._console.samples.rate(series_of(status)), silent)

    def _members(self, status: SubscriptionStatus) -> list[MemberRow]:
        held: dict[UUID, list[int]] = {}
        for each in status.lag.slices:
            if each.holder is not None:
                held.setdefault(each.holder, []).append(each.slice)
        return [
            MemberRow(member, held.get(member, []), beat, self._silence(member))
            for member, beat in islice(sorted(status.members.items()), EVENTS)
        ]

    def _silence(self, member: UUID) -> float | None:
        series = self._console.samples.series(_series_of_member(member))
        if len(series) < 2:
            return None
        last = series[-1][1]
        return -next((at for at, count in series if count == last), 0.0)


def kept(console: Console) -> Subscriptions:
    """
    Return the subscriptions of the store.

    Raises:
        HTTPException: 404, it keeps none.
    """
    found = console.subscriptions
    if found is None:
        raise HTTPException(404, "this store keeps no subscriptions")
    return found


async def parked_row(console: Console, name: str, stream: UUID) -> ParkedStream | None:
    """Return a parked stream; None if it is not parked. Raises as `SubscriptionAdmin.parked`."""
    async with aclosing(kept(console).parked(name, stream)) as found:
        return await anext(found, None)


def _series_of_member(member: UUID) -> str:
    return f"member {member}"
