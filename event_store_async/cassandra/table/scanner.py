"""Scanning: the streams of a range of tokens, page by page, and where single ones end."""

import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ...retry import Deadline
from ...ring import ScanPosition, TokenRange
from ...settings import Settings
from ...stored import StreamSummary, StreamTail
from ...versions import MAX_VERSION
from ..driver.port import Page
from ..driver.session import Session
from ..read.pages import Pages
from ..read.rows import KEPT_FROM, VERSION, last_version, with_kept_from
from ..schema.statements import StatementCache

_STREAMS_A_PAGE: Final = 500
_ID: Final = 0
_TOKEN: Final = 1


@dataclass(slots=True)
class Scanner:
    """Scans the table."""

    session: Session
    statements: StatementCache
    settings: Settings

    async def scan(
        self,
        tokens: TokenRange,
        after: ScanPosition | None,
        page_size: int | None,
        *,
        max_count: int = sys.maxsize,
        timeout: float | None = None,
    ) -> AsyncGenerator[StreamSummary, None]:
        """
        Iterate over the streams of a range; see `Storage.scan_streams` for the promises.

        Args:
            tokens: The range.
            after: Continue after this stream.
            page_size: Streams fetched at once; None chooses.
            max_count: The most streams. Nothing is fetched beyond them.
            timeout: Seconds in which each page must be answered; None is `Settings.timeout`.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        first = tokens.after
        if after is not None:
            # One token before: another stream may share the token and come after this one.
            first = max(first, after.token - 1)
        if first >= tokens.up_to or not max_count:
            return
        # One more, for the stream to continue after: the range begins before it.
        size = min(page_size or _STREAMS_A_PAGE, max_count + (after is not None))
        wanted = _Wanted(after, max_count)

        async def fetch(state: bytes | None) -> Page:
            seconds = self.settings.timeout if timeout is None else timeout
            has_categories = await self.statements.has_categories(Deadline(seconds))
            page = await self._page(
                "scan_categories" if has_categories else "scan_streams",
                (first, tokens.up_to),
                "the streams",
                timeout=timeout,
                page_size=size,
                page_state=state,
            )
            return wanted.of(page)

        pages = Pages(fetch)
        try:
            while (page := await pages.take()) is not None:
                for row in with_kept_from(page):
                    yield _summary(*row)
        finally:
            pages.stop()

    async def tail(self, stream_id: UUID, *, serial: bool) -> StreamTail | None:
        """Return a stream's end; see `Storage.tail`."""
        page = await self._page("read_tail", (stream_id,), f"stream {stream_id}", serial=serial)
        for head, version, timestamp, kept_from in with_kept_from(page):
            first = kept_from or 1
            is_gone = version is not None and version < first  # a mark, or a blank row
            last = None if is_gone else version
            closed = kept_from is not None and head == MAX_VERSION
            return StreamTail(last_version(head, kept_from), last, timestamp, first, closed)
        return None

    async def next_version(self, stream_id: UUID, from_version: int) -> int | None:
        """Return the version of the first event that stands at a version or above it."""
        values = (stream_id, from_version, 2)
        page = await self._page(
            "read_forward", values, f"stream {stream_id}", serial=True, page_size=2
        )
        rows = with_kept_from(page)
        return next((row[VERSION] for row in rows if row[VERSION] >= (row[KEPT_FROM] or 1)), None)

    async def _page(
        self,
        name: str,
        values: tuple[Any, ...],
        what: str,
        *,
        timeout: float | None = None,
        **options: Any,
    ) -> Page:
        deadline = Deadline(self.settings.timeout if timeout is None else timeout)
        prepared = await self.statements.get(name, deadline)
        doing = f"reading {what}"
        explain = self.statements.explain
        return await self.session.read(
            prepared, values, deadline, doing=doing, explain=explain, **options
        )


def _summary(
    stream_id: str,
    token: int,
    head: int | None,
    version: int | None,
    timestamp: int | None,
    *others: Any,
) -> StreamSummary:
    *categories, kept_from = others
    if kept_from is not None and version is not None and version < kept_from:
        # A mark: the first event was not read. There is one unless the stream is empty.
        version = timestamp = None
    return StreamSummary(
        UUID(stream_id),
        token,
        last_version(head, kept_from),
        version,
        timestamp,
        categories[0] if categories else None,
        kept_from or 1,
        kept_from is not None and head == MAX_VERSION,
    )


class _Wanted:
    """
    Takes from the pages of a scan what is wanted, and ends it when there is enough.

    Args:
        after: The streams after this one.
        count: The most streams.
    """

    def __init__(self, after: ScanPosition | None, count: int) -> None:
        self._after = None if after is None else after.order
        self._left = count

    def of(self, page: Page) -> Page:
        """Return a page's part; it is the last one if nothing more is wanted."""
        rows = page.rows
        if self._after is not None:
            rows = [row for row in rows if (row[_TOKEN], UUID(row[_ID]).bytes) > self._after]
        rows = rows[: self._left]
        self._left -= len(rows)
        return Page(page.columns, rows, page.state if self._left else None)
