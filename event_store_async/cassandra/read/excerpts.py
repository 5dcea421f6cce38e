"""Excerpts: consecutive events of a stream, or of several streams, read in one request."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, Generic, NamedTuple
from uuid import UUID

from ...ids import parse_uuid
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Certainty, Fault
from ..driver.port import Row
from ..driver.request import Request
from ..driver.session import Session
from ..schema.statements import StatementCache
from .rows import KEPT_FROM, PAYLOAD, VERSION, E, Make, RowDecoder, with_kept_from
from .slices import KnownBeginnings

MOST_TOGETHER: Final = 8
"""
Streams that one request reads, at most. The node that gets it asks the replicas of the others. For
short runs that costs the cluster and the client half as much as a request for each.
"""

_ONE: Final = "read_slice"
_SEVERAL: Final = "feed/read_runs"

_stream_of = itemgetter(0)


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


class Excerpt(NamedTuple, Generic[E]):
    """
    Consecutive events of a stream.

    They may be fewer than were asked for, or none: they end before a version that a quorum does not
    show, and before an event that cannot be decoded.

    Attributes:
        events: The events, from the version on that was asked for.
        size: The bytes of their payloads.
        is_missing: Whether a quorum does not show the next one. `Reader.extent` and `Reader.read`
            tell whether it is gone, or lost.
    """

    events: Sequence[E]
    size: int
    is_missing: bool


class Excerpts(Generic[E]):
    """
    Reads some events of many streams.

    Args:
        session: The store's.
        statements: The store's.
        decoder: The store's.
        settings: The store's.
        beginnings: The store's.
        make: Makes the events.

    Attributes:
        most_together: How many streams one request reads: one, if the cluster refuses more.
    """

    def __init__(
        self,
        session: Session,
        statements: StatementCache,
        decoder: RowDecoder,
        settings: Settings,
        beginnings: KnownBeginnings,
        make: Make[E],
    ) -> None:
        self._session = session
        self._statements = statements
        self._decoder = decoder
        self._settings = settings
        self._beginnings = beginnings
        self._make = make
        self.most_together = MOST_TOGETHER

    async def read(self, span: VersionSpan) -> Excerpt[E]:
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
        values = (*ids, *ids[-1:] * (MOST_TOGETHER - len(ids)), first, last)
        rows = len(ids) * (last - first + 1)
        return self._session.begin_fetch(prepared, values, deadline, rows)

    def answer(self, request: Request, spans: Sequence[VersionSpan]) -> list[Excerpt[E]]:
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
            parse_uuid(text).int: [row[1:] for row in of_stream]
            for text, of_stream in groupby(rows, _stream_of)
        }
        return [self._excerpt(span, by_stream.get(span.stream_id.int, [])) for span in spans]

    def _excerpt(self, span: VersionSpan, rows: Sequence[Row]) -> Excerpt[E]:
        """Return the events of a span, from rows of its stream that may be more."""
        stream_id, first, count = span
        if rows and (kept_from := rows[0][KEPT_FROM]):
            self._beginnings.put(stream_id, kept_from)
            if first < kept_from:
                return Excerpt([], 0, True)
        if len(rows) > count or (rows and rows[0][VERSION] < first):
            rows = [row for row in rows if first <= row[VERSION] < first + count]
        expected = first
        size = 0
        for row in rows:
            if row[VERSION] != expected:
                rows = rows[: expected - first]
                break
            expected += 1
            size += len(row[PAYLOAD] or b"")
        events, _ = self._decoder.decode(stream_id, rows, self._make)
        return Excerpt(events, size, len(rows) < count)


def _one(span: VersionSpan) -> tuple[UUID, int, int, int]:
    """Return the values of the statement that reads one stream."""
    return span.stream_id, span.first, span.first + span.length - 1, span.length
