"""Excerpts: consecutive events of a stream, or of several streams, read in one request."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from ...ids import parse_uuid
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.port import Row
from ..driver.request import Request
from ..driver.session import Session
from ..schema.statements import StatementCache
from .rows import KEPT_FROM, STREAM_ID, VERSION, payload_bytes, with_kept_from
from .slices import KnownBeginnings

MOST_TOGETHER: Final = 8
"""
Streams that one request reads, at most. The node that gets it asks the replicas of the others. For
short runs that costs the cluster and the client half as much as a request for each.
"""

_ONE: Final = "read_slice"
_SEVERAL: Final = "feed/read_runs"

_stream_of = itemgetter(STREAM_ID)


class VersionSpan(NamedTuple):
    """
    Consecutive versions of a stream.

    Attributes:
        stream_id: The stream.
        first: The first version.
        length: How many versions.
    """

    stream_id: UUID
    first: int
    length: int


class Excerpt(NamedTuple):
    """
    Consecutive events of a stream.

    They may be fewer than were asked for, or none: they end before a version that a quorum does not
    show. `Reader.extent` and `Reader.read` tell whether it is gone, or lost.

    Attributes:
        rows: Their rows, not decoded, from the version on that was asked for.
        size: The bytes of their payloads.
    """

    rows: Sequence[Row]
    size: int


class Excerpts:
    """
    Reads some events of many streams.

    Args:
        session: The store's.
        statements: The store's.
        settings: The store's.
        beginnings: The store's.

    Attributes:
        most_together: How many streams one request reads: one, if the cluster refuses more.
    """

    def __init__(
        self,
        session: Session,
        statements: StatementCache,
        settings: Settings,
        beginnings: KnownBeginnings,
    ) -> None:
        self._session = session
        self._statements = statements
        self._settings = settings
        self._beginnings = beginnings
        self.most_together = MOST_TOGETHER

    async def read(self, span: VersionSpan) -> Excerpt:
        """
        Return events of a stream. The request is repeated until it is answered.

        Raises:
            StoreUnavailable, SchemaError, MisuseError
        """
        deadline = Deadline(self._settings.timeout)
        page = await self._session.read(
            await self._statements.get(_ONE, deadline),
            _one(span),
            deadline,
            doing=f"reading stream {span.stream_id}",
            page_size=span.length,
            explain=self._statements.explain,
        )
        return self._excerpt(span, with_kept_from(page))

    async def prepare(self, deadline: Deadline) -> None:
        """Prepare what `begin` needs; raises what `read` does."""
        await self._statements.get(_ONE, deadline)
        await self._statements.get(_SEVERAL, deadline)

    def begin(self, spans: Sequence[VersionSpan], deadline: Deadline) -> Request | None:
        """
        Ask for events of different streams, without waiting; None if that is impossible right now.

        The versions of the streams should be about the same: what lies between the lowest and the
        highest one is read of each.

        Args:
            spans: The events, of `most_together` streams at most.
            deadline: Until when the request may be sent.
        """
        prepared = self._statements.at_once(_ONE if len(spans) == 1 else _SEVERAL)
        if prepared is None:
            return None
        if len(spans) == 1:
            return self._session.begin_fetch(prepared, _one(spans[0]), deadline, spans[0].length)
        first = min(span.first for span in spans)
        last = max(span.first + span.length for span in spans) - 1
        ids = [span.stream_id for span in spans]
        rows = len(ids) * (last - first + 1)
        # All that there can be: the limit leaves nothing out. See the statement.
        values = (*ids, *ids[-1:] * (MOST_TOGETHER - len(ids)), first, last, rows)
        return self._session.begin_fetch(prepared, values, deadline, rows)

    def answer(self, request: Request, spans: Sequence[VersionSpan]) -> list[Excerpt]:
        """Return the answers to a request of `begin` that has ended; raises `Fault`."""
        try:
            rows = with_kept_from(self._session.page(request))
        except Fault as fault:
            if len(spans) > 1 and fault.certainty is Certainty.REFUSED:
                self.most_together = 1
            raise
        if len(spans) == 1:
            return [self._excerpt(spans[0], rows)]
        by_stream = {
            parse_uuid(text).int: list(of_stream) for text, of_stream in groupby(rows, _stream_of)
        }
        return [self._excerpt(span, by_stream.get(span.stream_id.int, [])) for span in spans]

    def _excerpt(self, span: VersionSpan, rows: list[Row]) -> Excerpt:
        """Return the events of a span, from rows of its stream that may be more."""
        shown = self._shown(span, rows)
        return Excerpt(shown, payload_bytes(shown))

    def _shown(self, span: VersionSpan, rows: list[Row]) -> list[Row]:
        """Return the rows of a span, from rows of its stream, up to the first that is missing."""
        stream_id, first, count = span
        if rows and (kept_from := rows[0][KEPT_FROM]):
            self._beginnings.put(stream_id, kept_from)
            if first < kept_from:
                return []
        due = range(first, first + count)
        if [row[VERSION] for row in rows] == list(due):
            return rows
        rows = [row for row in rows if row[VERSION] in due]
        return [row for row, version in zip(rows, due, strict=False) if row[VERSION] == version]


def _one(span: VersionSpan) -> tuple[UUID, int, int, int]:
    """Return the values of the statement that reads one stream."""
    return span.stream_id, span.first, span.first + span.length - 1, span.length
