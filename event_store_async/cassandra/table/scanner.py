"""Scanning: the streams of a range of tokens, page by page, and where single ones end."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import anyio

from ...cql_files import load_statement
from ...retry import Deadline
from ...ring import ScanPosition, TokenRange
from ...settings import Settings
from ...stored import StreamSummary, StreamTail
from ..driver.port import Page, Prepared
from ..driver.retrying import repeat
from ..driver.session import Session
from ..read.pages import Pages
from ..schema.statements import StatementCache

_STREAMS_A_PAGE: Final = 500


@dataclass(slots=True)
class Scanner:
    """
    Scans the table.

    Its statements are prepared when they are first needed: no store that only appends and reads
    pays for them.
    """

    session: Session
    statements: StatementCache
    settings: Settings
    keyspace: str
    table: str
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _prepared: dict[str, Prepared] = field(default_factory=dict)

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
            # One token before: another stream may share the token, and come behind it.
            first = max(first, after.token - 1)
        if first >= tokens.up_to:
            return
        pages = await self._pages(first, tokens.up_to, page_size or _STREAMS_A_PAGE)
        try:
            while (page := await pages.take()) is not None:
                for stream_id, token, head, version, timestamp in page.rows:
                    summary = StreamSummary(UUID(stream_id), token, head, version, timestamp)
                    if after is None or summary.position.order > after.order:
                        yield summary
        finally:
            pages.stop()

    async def tail(self, stream_id: UUID, *, serial: bool) -> StreamTail | None:
        """Return a stream's end; see `Storage.tail`."""
        prepared = await self._prepare("read_tail", Deadline(self.settings.timeout))
        page = await self._page(prepared, (stream_id,), f"stream {stream_id}", serial=serial)
        return next((StreamTail(*row) for row in page.rows), None)

    async def next_version(self, stream_id: UUID, from_version: int) -> int | None:
        """Return the version of the first event that stands at a version or above it."""
        statements = await self.statements.get(Deadline(self.settings.timeout))
        values = (stream_id, from_version, 1)
        page = await self._page(
            statements.read_forward, values, f"stream {stream_id}", serial=True, page_size=1
        )
        return next((row[0] for row in page.rows), None)

    async def _pages(self, after: int, up_to: int, page_size: int) -> Pages:
        prepared = await self._prepare("scan_streams", Deadline(self.settings.timeout))

        async def fetch(state: bytes | None) -> Page:
            return await self._page(
                prepared, (after, up_to), "the streams", page_size=page_size, page_state=state
            )

        return Pages(fetch)

    async def _page(
        self, prepared: Prepared, values: tuple[Any, ...], what: str, **options: Any
    ) -> Page:
        deadline = Deadline(self.settings.timeout)
        return await repeat(
            lambda elsewhere: self.session.fetch(
                prepared, values, deadline, elsewhere=elsewhere, **options
            ),
            deadline,
            self.settings.backoff,
            f"reading {what}",
        )

    async def _prepare(self, name: str, deadline: Deadline) -> Prepared:
        await self.statements.get(deadline)  # which looks at the schema first
        async with self._lock:
            if name not in self._prepared:
                statement = load_statement(
                    f"statements/{name}", keyspace=self.keyspace, table=self.table
                )
                self._prepared[name] = await repeat(
                    lambda _: self.session.prepare(statement, deadline),
                    deadline,
                    self.settings.backoff,
                    f"preparing {name}",
                )
            return self._prepared[name]
