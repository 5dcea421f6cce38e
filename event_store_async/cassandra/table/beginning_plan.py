"""Beginning: where a truncated stream begins, restored before its events are."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from ...errors import RestoreOutcomeUnknown
from ...versions import MAX_VERSION
from ..append.plan import Plan, Verdict
from ..driver.answer import Answer
from ..driver.port import UNSET, Prepared, Sparse
from ..schema.statements import EraseStatements

NO_VERSION: Final = -1
"""What a plan expects whose conditions are its own: no stream is ever at it."""


class BeginningPlan(Plan):
    """
    A batch that begins a stream of which the first events are gone, or all, or that is closed.

    Args:
        prepared: The statements to send it with.
        stream_id: The stream.
        kept_from: The version of its first event, or of the next one.
        timestamp: When it is restored, in milliseconds since the epoch.
        category: The category that it gets; None for none.
        closed: Whether it is closed.
    """

    __slots__ = ("_closed", "_kept_from", "_new_category", "_prepared", "_timestamp")

    def __init__(
        self,
        prepared: EraseStatements,
        stream_id: UUID,
        kept_from: int,
        timestamp: int,
        category: str | None,
        *,
        closed: bool,
    ) -> None:
        super().__init__(stream_id, NO_VERSION)
        self._prepared = prepared
        self._kept_from = kept_from
        self._timestamp = timestamp
        self._new_category = category
        self._closed = closed

    @property
    def doing(self) -> str:
        """What is being done, for error messages."""
        return f"restoring stream {self.stream_id}"

    def statements(self) -> Iterator[tuple[Prepared, Sequence[Any]]]:
        """Yield the batch's statements with their values."""
        prepared, last = self._prepared, self._kept_from - 1
        head = MAX_VERSION if self._closed else last
        category = UNSET if self._new_category is None else self._new_category
        yield prepared.begin, Sparse((head, self._kept_from, category, self.stream_id))
        yield prepared.mark, (self._timestamp, self.stream_id)
        if last:
            yield prepared.place, (self._timestamp, self.stream_id, last)

    def verdict(self, answer: Answer, *, doubtful: bool) -> Verdict:
        """Return what the server's answer proves: whether the stream is there already."""
        name: Any = "applied" if answer.applied else "conflict"
        return Verdict(name, answer.cell("max_version") or 0, doubtful)

    def unknown(self) -> RestoreOutcomeUnknown:
        """Return the error that names the version whose outcome is unknown."""
        return RestoreOutcomeUnknown(self.stream_id, self._kept_from, self._kept_from)
