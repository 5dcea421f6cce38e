"""Checkpoints: files that say how far a job has come."""

from .base import EventStoreError


class InvalidCheckpoint(EventStoreError):
    """
    A checkpoint file cannot be read, written or resumed from. The file is left as it is.

    Attributes:
        path: The file.
        reason: What is wrong, in words.
    """

    def __init__(self, path: object, reason: str, *, hint: str | None = None) -> None:
        super().__init__(f"{path}: {reason}", hint=hint)
        self.path = str(path)
        self.reason = reason
