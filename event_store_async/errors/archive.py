"""Archives: files of exported events."""

from .base import EventStoreError


class InvalidArchive(EventStoreError):
    """
    A file of exported events cannot be read or written, or its content is wrong.

    Attributes:
        path: The file.
        line: The line that is wrong, counted from 1; None if it is the file as a whole.
        reason: What is wrong, in words.
    """

    def __init__(
        self, path: object, line: int | None, reason: str, *, hint: str | None = None
    ) -> None:
        place = str(path) if line is None else f"{path}, line {line:,}"
        super().__init__(f"{place}: {reason}", hint=hint)
        self.path = str(path)
        self.line = line
        self.reason = reason
