"""Recorder: writes what a process saw of a feed, and what its library complained of."""

import json
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from event_store_async import FeedEvent, Position

from ..recorder import now
from .deliveries import Delivery, Item, Line, Located, Trouble
from .lines import line_of

_LIBRARY: Final = logging.getLogger("event_store_async")


def item_of(event: FeedEvent) -> Item:
    """Return an event as it is recorded."""
    return Item(
        event.position.ordinal,
        str(event.stream_id),
        event.version,
        str(event.event_id),
        event.type or "",
    )


class FeedRecorder(logging.Handler):
    """
    Appends lines to one process's file; while it is entered, errors of the library's log, too.

    Args:
        path: The file; its folder must exist.
        by: The name of the process.
        reader: The reader that the process is; none if it does not read the feed.
    """

    def __init__(self, path: Path, by: str, reader: str = "") -> None:
        super().__init__(logging.ERROR)
        self._file = path.open("ab", buffering=0)
        self._by, self._reader = by, reader
        self._writing = threading.Lock()

    def delivered(
        self,
        after: Position | None,
        items: Iterable[Item],
        position: Position,
        *,
        head: Position | None = None,
        types: tuple[str, ...] = (),
        final: bool = False,
    ) -> None:
        """Record events that were received now."""
        self._write(
            Delivery(
                now(),
                self._by,
                self._reader,
                0 if after is None else after.ordinal,
                tuple(items),
                position.ordinal,
                None if head is None else head.ordinal,
                types,
                final,
            )
        )

    def located(self, stream: str, version: int, position: Position) -> None:
        """Record the position that was given for an event."""
        self._write(Located(now(), self._by, stream, version, position.ordinal))

    def trouble(self, what: str) -> None:
        """Record an error that a call raised."""
        self._write(Trouble(now(), self._by, False, what[:500]))

    def emit(self, record: logging.LogRecord) -> None:
        """Record an error of the library's log."""
        what = record.getMessage()
        if record.exc_info is not None:
            what += f" {record.exc_info[1]!r}"
        self._write(Trouble(now(), self._by, True, what[:500]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def __enter__(self) -> Self:
        _LIBRARY.addHandler(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _LIBRARY.removeHandler(self)
        self.close()

    def _write(self, value: Line) -> None:
        data = json.dumps(line_of(value), separators=(",", ":")).encode() + b"\n"
        with self._writing:
            self._file.write(data)
