"""What goes wrong with the keys of subjects, and with the fields that are encrypted with them."""

from uuid import UUID

from .base import EventStoreError
from .stream import StreamError


class PrivacyError(EventStoreError):
    """Something is wrong with the key of a subject, or with a field that is encrypted."""


class SubjectForgotten(PrivacyError):
    """
    A subject is forgotten, so it gets no new key. Nothing was stored.

    Attributes:
        subject: The subject.
    """

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"subject {subject!r} is forgotten",
            hint="key_for(..., renew=True) gives a new key to a person who comes back",
        )
        self.subject = subject


class KeyOutcomeUnknown(PrivacyError):
    """
    No quorum answered in time: the key may have been changed. Repeating the call settles it.

    Attributes:
        subject: The subject.
        action: What was tried: ``"create"``, ``"forget"`` or ``"rewrap"``.
    """

    def __init__(self, subject: str, action: str) -> None:
        super().__init__(
            f"the outcome is unknown: {action} the key of subject {subject!r}",
            hint="repeat the call; it is safe",
        )
        self.subject = subject
        self.action = action


class MasterKeyMissing(PrivacyError):
    """
    The key of a subject is wrapped with a master key that the wrapper does not have.

    Attributes:
        subject: The subject.
        master: The name of the master key.
    """

    def __init__(self, subject: str, master: str) -> None:
        super().__init__(
            f"the key of subject {subject!r} is wrapped with master key {master!r}, which is not "
            "given",
            hint="give all master keys that are in use; remove one only after re-wrapping",
        )
        self.subject = subject
        self.master = master


class InvalidKey(PrivacyError):
    """
    A stored key of a subject cannot be unwrapped: it was changed, or its master key was.

    Attributes:
        subject: The subject.
        reason: What is wrong.
    """

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"the key of subject {subject!r} is not valid: {reason}")
        self.subject = subject
        self.reason = reason


class UndecryptableField(PrivacyError, StreamError):
    """
    An encrypted field does not decrypt: it was changed, or moved from another event or field.

    Attributes:
        stream_id: The stream.
        version: The version of the event; that of the snapshot if it is in a snapshot.
        path: Where the field is in the payload, as a JSON pointer (RFC 6901).
        reason: What is wrong.
    """

    def __init__(self, stream_id: UUID, version: int, path: str, reason: str) -> None:
        super().__init__(
            f"field {path!r} of version {version} of stream {stream_id} does not decrypt: {reason}"
        )
        self.stream_id = stream_id
        self.version = version
        self.path = path
        self.reason = reason
