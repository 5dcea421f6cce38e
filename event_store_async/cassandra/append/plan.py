"""Plans: one append's conditional batch, and what the server's answer to it means. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ...encoding import EncodedEvents
from ...hooks import AttemptOutcome
from ...moments import to_milliseconds
from ...results import Persisted, persisted
from ..driver.port import UNSET, Page, Prepared
from ..schema.statements import AppendStatements


@dataclass(frozen=True, slots=True)
class Answer:
    """
    The server's answer to a plan.

    Attributes:
        applied: The batch is stored by this very request.
        actual_version: Where the stream is, if not applied; 0 where there is none.
        event_id: The id of the event that stands at the plan's first version, if any.
    """

    applied: bool
    actual_version: int = 0
    event_id: UUID | None = None


_APPLIED: Final = Answer(True)


class Plan:
    """
    Events at their versions: a batch that can be repeated as it is, and applies once at most.

    It is conditioned on the stream being at `expected`; versions only grow, so of all the times
    it may be sent, only one can find that true.

    Attributes:
        stream_id: The stream.
        expected: The exact version that the batch is conditioned on.
        encoded: The events.
        timestamp: The events' timestamp, with millisecond precision.
        last: The version of the last event.
    """

    __slots__ = ("encoded", "expected", "last", "stream_id", "timestamp")

    def __init__(
        self, stream_id: UUID, expected: int, encoded: EncodedEvents, timestamp: datetime
    ) -> None:
        self.stream_id = stream_id
        self.expected = expected
        self.encoded = encoded
        self.timestamp = timestamp
        self.last = expected + len(encoded.items)

    def statements(self, prepared: AppendStatements) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        """
        Yield the batch's statements with their values.

        One after the other: all of them at once would be two more objects an event for Python's
        garbage collector to look at.
        """
        yield prepared.head, (self.last, self.stream_id, self.expected or None)
        milliseconds = to_milliseconds(self.timestamp)
        statement = prepared.first
        version = self.expected
        for item in self.encoded.items:
            version += 1
            values = (
                item.event_id,
                item.encoded_payload,
                milliseconds,
                UNSET if item.type is None else item.type,
                item.content_type,
                UNSET if item.encoded_metadata is None else item.encoded_metadata,
                self.stream_id,
                version,
            )
            yield statement, values
            statement = prepared.rest

    def read_answer(self, page: Page) -> Answer:
        """
        Return what the server's rows say.

        Cassandra answers with one row, ScyllaDB with one for each statement: the verdict stands in
        the first, the facts in whichever row is of the plan's first version.
        """
        if page.rows[0][page.columns.index("[applied]")]:
            return _APPLIED
        rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
        actual = next((row["max_version"] for row in rows if row.get("max_version")), 0)
        holder = next(
            (row["event_id"] for row in rows if row.get("version") == self.expected + 1), None
        )
        return Answer(False, actual, None if holder is None else UUID(holder))

    def said_by(self, answer: Answer, *, doubtful: bool) -> AttemptOutcome:
        """Return the word for an answer; *doubtful* where an earlier attempt's fate is unknown."""
        if answer.applied:
            return "applied"
        if answer.event_id == self.encoded.event_ids[0]:
            return "found"
        return "behind" if doubtful and answer.actual_version < self.expected else "conflict"

    def persisted(self) -> Persisted:
        """Return the result of the plan having been stored."""
        events = []
        version = self.expected
        for item in self.encoded.items:
            version += 1
            events.append(item.recorded(self.stream_id, version, self.timestamp))
        return persisted(self.stream_id, self.last, tuple(events))
