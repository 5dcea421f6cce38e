"""Walking: all streams of a store, in ranges of the ring that are gone through side by side."""

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import anyio

from ..cassandra import Storage
from ..checks import check_int
from ..ring import RING, ScanPosition, TokenRange
from ..stored import StreamSummary
from ..tasks import first_error

RANGES: Final = 256
"""Into how many ranges the ring is cut: enough that the last ones do not keep one worker alone."""

WORKERS: Final = 8
"""How many ranges are gone through at once."""


@dataclass(slots=True)
class Span:
    """
    A range, and how far it has been gone through.

    Attributes:
        tokens: The range.
        position: The last stream that is done; None before the first.
        done: All of it is.
    """

    tokens: TokenRange
    position: ScanPosition | None = None
    done: bool = False

    @property
    def passed(self) -> int:
        """How many tokens are behind it."""
        if self.done:
            return self.tokens.size
        return 0 if self.position is None else self.position.token - self.tokens.after


class Walk:
    """
    The ring, and how far it has been gone through.

    Args:
        spans: Its ranges; together they are the whole ring.
    """

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans

    @classmethod
    def begin(cls, ranges: int = RANGES) -> "Walk":
        """Return the whole ring, of which nothing is done."""
        return cls([Span(tokens) for tokens in RING.split(ranges)])

    @property
    def fraction(self) -> float:
        """How much of the ring is done, from 0 to 1: tokens are spread evenly."""
        return sum(span.passed for span in self.spans) / RING.size

    def to_json(self) -> list[Any]:
        """Return the state, for a checkpoint."""
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
        """Return the state of a checkpoint; raises TypeError, ValueError."""
        spans = []
        for after, up_to, done, token, stream_id in data:
            position = None if token is None else ScanPosition(token, UUID(stream_id))
            spans.append(Span(TokenRange(after, up_to), position, done))
        if sum(span.tokens.size for span in spans) != RING.size:
            raise ValueError("the ranges are not the whole ring")
        return cls(spans)


class Visitor(Protocol):
    """What is done on a walk. The methods of one range are called one behind the other."""

    async def enter(self, index: int) -> ScanPosition | None:
        """Begin, or go on with, the range of an index; returns behind which stream."""

    async def visit(self, index: int, summary: StreamSummary) -> None:
        """Meet the next stream of a range."""

    async def leave(self, index: int) -> None:
        """End a range: all its streams were met."""


async def walk(storage: Storage, ring: Walk, visitor: Visitor, workers: int = WORKERS) -> None:
    """
    Go through all that is not done of the ring, with so many workers side by side.

    Whether something is done is for the visitor to say, in the spans. The first error ends all.

    Raises:
        InvalidArgument: no worker at all.
        StoreUnavailable, MisuseError, SchemaError, and what the visitor raises
    """
    check_workers(workers)
    indices = iter([index for index, span in enumerate(ring.spans) if not span.done])
    try:
        async with anyio.create_task_group() as group:
            for _ in range(workers):
                group.start_soon(_work, storage, ring, visitor, indices)
    except BaseExceptionGroup as errors:
        error = first_error(errors)
        raise error from error.__cause__


async def _work(storage: Storage, ring: Walk, visitor: Visitor, indices: Iterator[int]) -> None:
    for index in indices:
        span = ring.spans[index]
        after = await visitor.enter(index)
        async with aclosing(storage.scan_streams(span.tokens, after=after)) as scan:
            async for summary in scan:
                await visitor.visit(index, summary)
        await visitor.leave(index)


def check_workers(workers: object) -> None:
    """Refuse a count of workers that would do nothing; raises `InvalidArgument`."""
    check_int("workers", workers, at_least=1)
