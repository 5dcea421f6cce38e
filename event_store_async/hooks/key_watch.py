"""The key watch: the facts of one call for keys of subjects."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import (
    InvalidArgument,
    InvalidKey,
    KeyOutcomeUnknown,
    MasterKeyMissing,
    RequestRefused,
    StoreUnavailable,
    SubjectForgotten,
)
from .key_records import KeyCallEnded, KeyOperation, KeyOutcome
from .observer import Observer, Stopwatch, word_for

_OUTCOMES: Final[tuple[tuple[type[BaseException], KeyOutcome], ...]] = (
    (SubjectForgotten, "forgotten"),
    (MasterKeyMissing, "unusable"),
    (InvalidKey, "unusable"),
    (KeyOutcomeUnknown, "unknown"),
    (StoreUnavailable, "unavailable"),
    (RequestRefused, "refused"),
    (InvalidArgument, "invalid"),
    (asyncio.CancelledError, "cancelled"),
)


@contextmanager
def watched_keys(
    observer: Observer | None,
    operation: KeyOperation,
    subjects: int,
    subject: str | None = None,
) -> Iterator[None]:
    """
    Report how the block ends.

    Args:
        observer: Receives the record; None for a store without hooks.
        operation: What is done.
        subjects: How many subjects it is about.
        subject: The subject that is forgotten.
    """
    if observer is None:
        yield
        return
    stopwatch = Stopwatch()

    def report(outcome: KeyOutcome, error: str | None) -> None:
        observer.report(
            KeyCallEnded(
                source=observer.source,
                operation=operation,
                started=stopwatch.started,
                duration=stopwatch.seconds,
                outcome=outcome,
                error=error,
                subjects=subjects,
                subject=subject,
            )
        )

    try:
        yield
    except BaseException as error:
        outcome: KeyOutcome = word_for(error, _OUTCOMES, "failed")
        report(outcome, type(error).__name__)
        raise
    report("done", None)
