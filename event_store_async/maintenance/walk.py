"""A walk over all streams of a store: ranges of the ring, several at a time."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from ..cassandra import Storage
from ..checks import check_int
from ..ring import LARGEST, RING, SMALLEST, ScanPosition, TokenRange
from ..stored import StreamSummary
from ..tasks import task_group
from .checkpoint import checked_bool, checked_int

RANGES: Final = 256
"""How many ranges the ring is split into: enough that all workers are busy until near the end."""

WORKERS: Final = 8
"""How many ranges are walked at once."""


@dataclass(slots=True)
class Span:
    """
    A range of the ring, and how much of it is done.

    Attributes:
        tokens: The range.
        position: The last stream that is done; None before the first.
        done: Whether all of it is.
    """

    tokens: TokenRange
    position: ScanPosition | None = None
    done: bool = False

    @property
    def passed(self) -> int:
        """How many tokens are done."""
        if self.done:
            return self.tokens.size
        return 0 if self.position is None else self.position.token - self.tokens.after


class Visitor(Protocol):
    """The callbacks of a walk. Those of one range are called one after the other."""

    async def enter(self, index: int) -> ScanPosition | None:
        """Start or resume a range; return the stream to continue after, None for the start."""

    async def visit(self, index: int, summary: StreamSummary) -> None:
        """Handle the next stream of a range."""

    async def leave(self, index: int) -> None:
        """Finish a range: all its streams have been visited."""


class Walk:
    """
    A walk over all streams, and how much of it is done.

    Args:
        spans: Ranges that together are the whole ring.
    """

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    @classmethod
    def begin(cls, ranges: int = RANGES) -> "Walk":
        """Return a new walk; raises `InvalidArgument` if *ranges* is not 1 or more."""
        return cls([Span(tokens) for tokens in RING.split(ranges)])

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1: streams are spread evenly over the ring."""
        return sum(span.passed for span in self.spans) / RING.size

    async def run(self, storage: Storage, visitor: Visitor, workers: int = WORKERS) -> None:
        """
        Visit the streams of every range that is not done, with several workers at once.

        The visitor, not the walk, updates the spans: it knows when a stream or range is done. The
        first error ends the walk.

        Raises:
            InvalidArgument: there is not at least one worker.
            StoreUnavailable, MisuseError, SchemaError, and what the visitor raises
        """
        check_workers(workers)
        # One iterator for all workers: each takes the next range that no other has taken.
        indices = iter([index for index, span in enumerate(self.spans) if not span.done])
        async with task_group() as group:
            for _ in range(workers):
                group.start_soon(self._work, storage, visitor, indices)

    async def _work(self, storage: Storage, visitor: Visitor, indices: Iterator[int]) -> None:
        for index in indices:
            after = await visitor.enter(index)
            tokens = self.spans[index].tokens
            async with aclosing(storage.scan_streams(tokens, after=after)) as scan:
                async for summary in scan:
                    await visitor.visit(index, summary)
            await visitor.leave(index)

    def to_json(self) -> list[Any]:
        """Return the walk for a checkpoint."""
        return [
            [
                span.tokens.after,
                span.tokens.up_to,
                span.done,
                None if span.position is None else span.position.token,
                None if span.position is None else str(span.position.stream_id),
            ]
            for span in self.spans
        ]

    @classmethod
    def from_json(cls, data: list[Any]) -> "Walk":
        """Return the walk of a checkpoint; raises TypeError, ValueError, AttributeError."""
        spans = []
        for after, up_to, done, token, stream_id in data:
            tokens = TokenRange(after, up_to)
            position = None if token is None else saved_position(token, stream_id)
            if position is not None and position.token not in tokens:
                raise ValueError("a position is outside its range")
            spans.append(Span(tokens, position, checked_bool(done)))
        edges = [SMALLEST, *(span.tokens.up_to for span in spans)]
        if edges != [*(span.tokens.after for span in spans), LARGEST]:
            raise ValueError("the ranges are not the whole ring")
        return cls(spans)


def saved_position(token: object, stream_id: str) -> ScanPosition:
    """Return a position of a checkpoint; raises TypeError, ValueError, AttributeError."""
    return ScanPosition(checked_int(token, SMALLEST, LARGEST), UUID(stream_id))


def check_workers(workers: object) -> None:
    """Raise `InvalidArgument` unless there is at least one worker."""
    check_int("workers", workers, at_least=1)
