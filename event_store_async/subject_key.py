"""The keys of subjects: what fields about one person are encrypted with."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from .checks import check_instance, listed
from .errors import InvalidArgument
from .excerpt import excerpt

KEY_BYTES: Final = 32
"""The length of a subject's key in bytes: AES-256."""

_LONGEST_SUBJECT: Final = 200
_MOST_SUBJECTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """
    The key of a subject. Its secret is not in its ``repr``.

    Attributes:
        subject: The subject.
        id: Tells the key from later ones of the same subject; each ciphertext names it.
        secret: 32 random bytes.

    Raises:
        InvalidArgument: the subject is not one, or another argument is of the wrong kind.
    """

    subject: str
    id: UUID
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Check the arguments; raises `InvalidArgument`, without the secret."""
        check_subject(self.subject)
        check_instance("id", self.id, UUID, "a uuid.UUID")
        check_bytes("secret", self.secret)


@dataclass(frozen=True, slots=True)
class ForgottenSubject:
    """
    A subject whose key is destroyed.

    Attributes:
        subject: The subject.
        forgotten_at: When its key was destroyed: aware, in UTC, in whole milliseconds.

    Raises:
        InvalidArgument: the subject is not one, or *forgotten_at* is not a datetime.
    """

    subject: str
    forgotten_at: datetime

    def __post_init__(self) -> None:
        """Check the arguments; raises `InvalidArgument`."""
        check_subject(self.subject)
        check_instance("forgotten_at", self.forgotten_at, datetime, "a datetime")


def check_bytes(name: str, given: object) -> None:
    """Refuse what are no bytes, without showing it: it may be a key; raises `InvalidArgument`."""
    if not isinstance(given, bytes):
        raise InvalidArgument(f"{name} must be bytes, not {type(given).__name__}")


def check_subject(subject: object) -> str:
    """
    Return a subject as a plain str.

    Raises:
        InvalidArgument: it is not a str of 1 to 200 printable characters.
    """
    hint = "an identifier such as 'customer-17'; it is stored in plain text, so not a name"
    if not isinstance(subject, str):
        raise InvalidArgument(f"a subject must be a str, not {excerpt(subject)}", hint=hint)
    text = str.__str__(subject)
    if not text or len(text) > _LONGEST_SUBJECT or not text.isprintable():
        raise InvalidArgument(
            f"a subject must be 1 to {_LONGEST_SUBJECT} printable characters, not {excerpt(text)}",
            hint=hint,
        )
    return text


def check_subjects(subjects: object) -> tuple[str, ...]:
    """
    Return subjects as plain strs, each once, in the order in which they came.

    Raises:
        InvalidArgument: it is not an iterable of at most 100,000 subjects, or changes while it is
            read. A str is one subject, not several.
    """
    if isinstance(subjects, str | bytes) or not isinstance(subjects, Iterable):
        raise InvalidArgument(
            f"subjects must be a list of subjects, not {excerpt(subjects)}",
            hint="for a single subject: [subject]",
        )
    found = listed("subjects", subjects, _MOST_SUBJECTS)
    return tuple(dict.fromkeys(map(check_subject, found)))
