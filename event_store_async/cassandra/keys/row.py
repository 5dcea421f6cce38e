"""A row of the table of keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ...errors import InvalidKey
from ...moments import MAX_TIMESTAMP, MIN_TIMESTAMP, from_milliseconds
from ...ports.keys import WrappedKey
from ...subject_key import ForgottenSubject
from ..driver.port import Row
from .reports import KeyStatus

COLUMNS: Final = (
    "subject",
    "revision",
    "key_id",
    "master",
    "wrapped",
    "created_at",
    "forgotten_at",
)
"""The columns, in the order in which the statements read them."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """
    A row of the table of keys, as it is stored.

    Attributes:
        subject: The subject.
        revision: Grows with every change.
        key_id: The id of its last key; None if it never had one.
        master: The name of the master key.
        wrapped: The wrapped key; of no bytes, or None, once it is destroyed.
        created_at: When the last key was created, in milliseconds since the epoch.
        forgotten_at: When a key was last destroyed, in milliseconds since the epoch.
    """

    subject: str
    revision: int | None
    key_id: UUID | None
    master: str | None
    wrapped: bytes | None = field(repr=False)
    created_at: int | None
    forgotten_at: int | None

    @classmethod
    def of(cls, row: Row) -> "KeyRow":
        """Return a row that a statement has read."""
        subject, revision, key_id, *rest = row
        return cls(subject, revision, None if key_id is None else UUID(key_id), *rest)

    @classmethod
    def of_answer(cls, cells: Mapping[str, Any]) -> "KeyRow | None":
        """Return the row that kept another from being inserted; None if the answer has none."""
        if cells.get("subject") is None:
            return None
        return cls.of(tuple([cells.get(name) for name in COLUMNS]))

    @property
    def is_forgotten(self) -> bool:
        """Whether there is no key, and the subject gets none unless it is renewed."""
        return not self.wrapped

    @property
    def tells_when(self) -> bool:
        """Whether it has a valid time at which a key was last destroyed."""
        return _moment(self.forgotten_at) is not None

    @property
    def forgotten(self) -> ForgottenSubject:
        """When a key was last destroyed; raises `InvalidKey` if the row does not tell."""
        moment = _moment(self.forgotten_at)
        if moment is None:
            raise self.invalid("its row has no valid time of forgetting")
        return ForgottenSubject(self.subject, moment)

    @property
    def wrapped_key(self) -> tuple[UUID, WrappedKey]:
        """The id of the key, and the key; raises `InvalidKey` if a cell is missing."""
        if self.key_id is None or not self.master or not self.wrapped:
            raise self.invalid("its row lacks cells")
        return self.key_id, WrappedKey(self.master, self.wrapped)

    @property
    def status(self) -> KeyStatus:
        """What is known of the key."""
        master = None if self.is_forgotten else self.master
        moments = (_moment(self.created_at), _moment(self.forgotten_at))
        return KeyStatus(self.subject, self.is_forgotten, self.key_id, master, *moments)

    def invalid(self, reason: str) -> InvalidKey:
        """Return the error that says that the row cannot be used."""
        return InvalidKey(self.subject, reason)


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None or not MIN_TIMESTAMP <= milliseconds <= MAX_TIMESTAMP:
        return None
    return from_milliseconds(milliseconds)
