"""What is asked of a store under test: both ports."""

from typing import Protocol

from ..ports import EventReader, EventWriter


class ReadingAndWriting(EventReader, EventWriter, Protocol):
    """A store that reads and appends; what else it can do does not matter here."""
