"""The erasure watch: the facts of one call that erases events."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

from ..errors import (
    ConcurrentModification,
    ErasureOutcomeUnknown,
    InvalidArgument,
    RequestRefused,
    StoreOverloaded,
    StoreUnavailable,
)
from ..results import Closed, Deleted, Truncated
from .observer import Observer, Stopwatch, word_for
from .records import ErasureEnded, ErasureOperation, ErasureOutcome

_R = TypeVar("_R", bound=Truncated | Deleted | Closed | ConcurrentModification)

_OUTCOMES: Final[tuple[tuple[type[BaseException], ErasureOutcome], ...]] = (
    (ErasureOutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
    (StoreOverloaded, "overloaded"),
    (RequestRefused, "refused"),
    (InvalidArgument, "invalid"),
    (asyncio.CancelledError, "cancelled"),
)


async def watched(
    observer: Observer | None,
    operation: ErasureOperation,
    stream_id: object,
    erase: Callable[[], Awaitable[_R]],
) -> _R:
    """
    Carry out an erasure and report how it ended; return or raise that.

    Args:
        observer: Receives the record; None for a store without hooks.
        operation: What is done.
        stream_id: The stream id that the caller gave, not checked yet.
        erase: Does it.
    """
    if observer is None:
        return await erase()
    stopwatch = Stopwatch()

    def report(
        outcome: ErasureOutcome, error: str | None, kept_from: int | None, version: int | None
    ) -> None:
        observer.report(
            ErasureEnded(
                source=observer.source,
                stream_id=stream_id if isinstance(stream_id, UUID) else None,
                operation=operation,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                outcome=outcome,
                error=error,
                kept_from=kept_from,
                version=version,
            )
        )

    try:
        result = await erase()
    except BaseException as error:
        outcome: ErasureOutcome = word_for(error, _OUTCOMES, "failed")
        report(outcome, type(error).__name__, None, None)
        raise
    if isinstance(result, ConcurrentModification):
        report("conflict", type(result).__name__, None, result.actual_version)
    elif isinstance(result, Truncated):
        report("erased", None, result.kept_from, result.version)
    else:
        report("erased", None, result.version + 1, result.version)
    return result
