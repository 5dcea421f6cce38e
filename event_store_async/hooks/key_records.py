"""The record of calls for keys of subjects."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from .source import Source

KeyOperation: TypeAlias = Literal["get", "create", "forget"]
"""What was done with keys of subjects: ``create`` is `KeyStore.key_for`."""

KeyOutcome: TypeAlias = Literal[
    "done",
    "forgotten",
    "unusable",
    "unknown",
    "unavailable",
    "refused",
    "cancelled",
    "invalid",
    "failed",
]
"""How a call for keys ended. With an error: ``forgotten`` is `SubjectForgotten`, ``unusable``
`MasterKeyMissing` or `InvalidKey`, ``unknown`` `KeyOutcomeUnknown`; the others are those of
appends."""


@dataclass(frozen=True, slots=True)
class KeyCallEnded:
    """
    A call for keys of subjects has ended.

    Attributes:
        source: The table of keys.
        operation: What was done.
        started: When it was called, as seconds since the epoch.
        duration: Seconds that it took, those of the key wrapper included.
        outcome: How it ended.
        error: The name of the error's class; None if there was no error.
        subjects: How many subjects it was about.
        subject: The subject that was forgotten; None for other operations.
    """

    source: Source
    operation: KeyOperation
    started: float
    duration: float
    outcome: KeyOutcome
    error: str | None
    subjects: int
    subject: str | None
