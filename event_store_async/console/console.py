"""Console: what the pages share: the store, templates, limits, and what was seen of it so far."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..extras import install_hint

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"jinja2 is not installed; {install_hint('console')}", name=error.name
    ) from error

from ..escape import escape
from ..feeds import Feed
from ..moments import moment_text
from ..ports import EventReaderWriter
from ..ports.subscriptions import Subscriptions
from . import forgery
from .budget import Budget
from .doorkeeper import who_of
from .parameters import link
from .payload import advice, visible
from .reasons import standing
from .samples import Samples

LOG: Final = logging.getLogger("event_store_async.console")

EVENTS: Final = 50
"""How many events, streams or rows a page shows."""


class Console:
    """
    What the pages of one console share.

    Args:
        store: The store.
        allow_changes: Whether operators may change something.
        name: What the store is called on the pages.

    Attributes:
        store: The store.
        allow_changes: Whether operators may change something.
        samples: What was seen of the store over time.
        budget: The limits.
    """

    def __init__(
        self, store: EventReaderWriter[Any], *, allow_changes: bool, name: str | None = None
    ) -> None:
        self.store: Any = store
        self.allow_changes = allow_changes
        self.samples = Samples(time.monotonic)
        self.budget = Budget()
        self._name = name or type(store).__name__
        self._templates = _environment()

    def feed(
        self, categories: tuple[str, ...] = (), types: tuple[str, ...] = ()
    ) -> Feed[Any] | None:
        """Return the feed; None if the store has none. Raises as `FeedStore.feed`."""
        feed = getattr(self.store, "feed", None)
        return feed(categories=categories, types=types) if callable(feed) else None

    @property
    def subscriptions(self) -> Subscriptions | None:
        """The subscriptions; None if the store keeps none."""
        found: Subscriptions | None = getattr(self.store, "subscriptions", None)
        return found

    def text(self, request: Request, template: str, **values: Any) -> str:
        """Return a template with values, as text."""
        return self._templates.get_template(template).render(
            link=lambda *parts, **query: link(request, *parts, **query),
            console=self,
            store_name=self._name,
            who=who_of(request),
            path=request.url.path,
            layout="part.html" if _is_part(request) else "base.html",
            **values,
        )

    def page(
        self,
        request: Request,
        template: str,
        *,
        code: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """
        Return a page.

        Args:
            request: The request that is answered.
            template: The name of its template.
            code: The status of the answer.
            headers: More headers.
            values: The values of the template.
        """
        return HTMLResponse(self.text(request, template, **values), code, headers)

    def form(self, request: Request, template: str, **values: Any) -> Response:
        """Return a page with a form that is sent to the page's own address, with its token."""
        session = forgery.session_of(request)
        token = forgery.token(session, request.url.path, who_of(request))
        response = self.page(request, template, token=token, field=forgery.FIELD, **values)
        forgery.remember(request, response, session)
        return response


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("event_store_async.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        advice=advice,
        visible=visible,
        lines=lambda text: visible(text, keep="\n"),
        moment=moment_text,
        amount=amount,
        seconds=seconds,
        standing=standing,
    )
    return made


def _is_part(request: Request) -> bool:
    """Return whether a page is shown as a part of another one."""
    path = request.url.path
    return path.endswith(("/live", "/lag")) or "/parts/" in path


def _harmless(value: Any) -> Any:
    # Whatever a template shows: what autoescape does for HTML, this does for invisible characters.
    return value if isinstance(value, Markup) or not isinstance(value, str) else escape(value)


def amount(number: float) -> str:
    """Return a number with separators, and one digit after the point if it is small."""
    return f"{number:,.1f}" if number != int(number) and number < 100 else f"{number:,.0f}"


def seconds(number: float) -> str:
    """Return a time span in the unit that fits."""
    for unit, size in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if number >= 2 * size:
            return f"{number / size:,.0f} {unit}"
    return f"{number:,.1f} seconds"
