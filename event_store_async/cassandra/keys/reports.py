"""What callers learn of the keys of a table, and of their re-wrapping."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """
    What is known of the key of a subject, without the key.

    Attributes:
        subject: The subject.
        is_forgotten: Whether its key is destroyed.
        key_id: The id of its last key, destroyed or not; None if it never had one.
        master: The name of the master key that the key is wrapped with; None if it is destroyed.
        created_at: When its last key was created; None if it never had one.
        forgotten_at: When a key of it was last destroyed, also if it has come back since; None if
            it was never forgotten.
    """

    subject: str
    is_forgotten: bool
    key_id: UUID | None
    master: str | None
    created_at: datetime | None
    forgotten_at: datetime | None


@dataclass(frozen=True, slots=True)
class RewrapProgress:
    """
    How far the re-wrapping of a table is.

    Attributes:
        subjects: How many subjects were looked at.
        rewrapped: How many keys were re-wrapped.
    """

    subjects: int
    rewrapped: int


@dataclass(frozen=True, slots=True)
class RewrapReport:
    """
    What the re-wrapping of a table has done.

    Attributes:
        subjects: How many subjects were looked at.
        rewrapped: How many keys were re-wrapped.
        forgotten: How many subjects are forgotten: they have no key.
        failed: How many keys could not be unwrapped; they are as they were.
        masters: How many keys are wrapped with each master key now, by its name.
    """

    subjects: int
    rewrapped: int
    forgotten: int
    failed: int
    masters: Mapping[str, int]
