"""Scanning: the streams of a range of tokens, page by page, and where single ones end."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from ...retry import Deadline
from ...ring import ScanPosition, TokenRange
from ...settings import Settings
from ...stored import StreamSummary, StreamTail
from ..driver.port import Page
from ..driver.session import Session
from ..read.pages import Pages
from ..schema.statements import StatementCache

_STREAMS_A_PAGE: Final = 500


@dataclass(slots=True)
class Scanner:
    """Scans the table."""

    session: Session
    statements: StatementCache
    settings: Settings

    async def scan(
        self, tokens: TokenRange, after: ScanPosition | None, page_size: int | None
    ) -> AsyncGenerator[StreamSummary, None]:
        """
        Iterate over the streams of a range; see `Storage.scan_streams` for the promises.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        first = tokens.after
        if after is not None:
            # One token before: another stream may share the token and come after this one.
            first = max(first, after.token - 1)
        if first >= tokens.up_to:
            return
        pages = self._pages(first, tokens.up_to, page_size or _STREAMS_A_PAGE)
        try:
            while (page := await pages.take()) is not None:
                for stream_id, *facts in page.rows:
                    summary = StreamSummary(UUID(stream_id), *facts)
                    if after is None or summary.position.order > after.order:
                        yield summary
        finally:
            pages.stop()

    async def tail(self, stream_id: UUID, *, serial: bool) -> StreamTail | None:
        """Return a stream's end; see `Storage.tail`."""
        page = await self._page("read_tail", (stream_id,), f"stream {stream_id}", serial=serial)
        return next((StreamTail(*row) for row in page.rows), None)

    async def next_version(self, stream_id: UUID, from_version: int) -> int | None:
        """Return the version of the first event that stands at a version or above it."""
        values = (stream_id, from_version, 1)
        page = await self._page(
            "read_forward", values, f"stream {stream_id}", serial=True, page_size=1
        )
        return next((row[0] for row in page.rows), None)

    def _pages(self, after: int, up_to: int, page_size: int) -> Pages:
        async def fetch(state: bytes | None) -> Page:
            has_categories = await self.statements.has_categories(Deadline(self.settings.timeout))
            name = "scan_categories" if has_categories else "scan_streams"
            return await self._page(
                name, (after, up_to), "the streams", page_size=page_size, page_state=state
            )

        return Pages(fetch)

    async def _page(self, name: str, values: tuple[Any, ...], what: str, **options: Any) -> Page:
        deadline = Deadline(self.settings.timeout)
        prepared = await self.statements.get(name, deadline)
        doing = f"reading {what}"
        explain = self.statements.explain
        return await self.session.read(
            prepared, values, deadline, doing=doing, explain=explain, **options
        )
