"""A builder of histories made by hand, with moments in seconds."""

from typing import Self

from .operations import NEVER, Append, Erase, Erasing, Expected, Operation, Read, Span, Version

STREAM = "s"
SECOND = 1_000_000_000


class HistoryBuilder:
    """Builds operations on one stream; moments are seconds, events are single words."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def _span(self, began: float, ended: float | None, by: str, within: float) -> Span:
        end = NEVER if ended is None else int(ended * SECOND)
        return Span(by, len(self.operations) + 1, int(began * SECOND), end, within)

    def append(
        self,
        began: float,
        ended: float | None,
        events: str,
        expected: Expected = "any",
        *,
        end: str | None = "stored",
        first: int | None = None,
        version: int | None = None,
        earlier: bool = False,
        by: str = "w",
        within: float = 10.0,
    ) -> Self:
        """Add an append; *first* is the reported version of its first event."""
        ids = tuple(events.split())
        placed = tuple((first + index, event) for index, event in enumerate(ids)) if first else ()
        last = placed[-1][0] if placed else 0
        self.operations.append(
            Append(
                self._span(began, ended, by, within),
                STREAM,
                expected,
                ids,
                end,
                placed,
                last if version is None else version,
                earlier,
            )
        )
        return self

    def read(
        self,
        began: float,
        ended: float | None,
        events: str,
        first: int | None = None,
        *,
        at: list[int] | None = None,
        count: int | None = None,
        backward: bool = False,
        serial: bool = False,
        final: bool = False,
        end: str | None = "events",
    ) -> Self:
        """Add a read; *at* are the reported versions, by default those from *first* on."""
        ids = events.split()
        if at is None:
            start = len(ids) if backward else first or 1
            at = [start - i if backward else start + i for i in range(len(ids))]
        placed = tuple(zip(at, ids, strict=True))
        span = self._span(began, ended, "r", 10.0)
        self.operations.append(
            Read(span, STREAM, first, count, backward, serial or final, final, end, placed)
        )
        return self

    def erase(
        self,
        began: float,
        ended: float | None,
        before: int,
        what: Erasing = "truncate",
        *,
        end: str | None = "erased",
        kept: int | None = None,
        version: int = 5,
    ) -> Self:
        """Add an erasure; *kept* is where the stream is reported to begin."""
        kept = (before if kept is None else kept) if end == "erased" else 0
        span = self._span(began, ended, "e", 10.0)
        self.operations.append(Erase(span, STREAM, what, before, end, kept, version))
        return self

    def version(self, began: float, ended: float, version: int) -> Self:
        """Add a query for the version."""
        span = self._span(began, ended, "r", 10.0)
        self.operations.append(Version(span, STREAM, "version", version))
        return self
