"""Recorder: writes a history during a run."""

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from .lines import call_of, end_of, mark_line
from .operations import NEVER, Append, Erase, Mark, Operation, Read, Span, Version
from .stalls import Stall

_T = TypeVar("_T", Append, Read, Version, Erase)


def now() -> int:
    """Return nanoseconds of the monotonic clock that all processes of this machine share."""
    return time.monotonic_ns()


class Recorder:
    """
    Appends lines to one process's file.

    A call is written before it is made, so that nothing that a killed process sent is missing; its
    answer is written when it is known.

    Args:
        path: The file; created if it does not exist.
        by: The name of the process.
    """

    def __init__(self, path: Path, by: str) -> None:
        self._file = path.open("ab", buffering=0)
        self._by = by
        self._next = 0
        self._lock = threading.Lock()

    def span(self, within: float) -> Span:
        """Return the span of a call that begins now."""
        self._next += 1
        return Span(self._by, self._next, now(), NEVER, within)

    def begin(self, operation: _T) -> _T:
        """Record a call, before it is made."""
        self._write(call_of(operation))
        return operation

    def end(self, operation: _T, end: str, **facts: object) -> _T:
        """Record an answer, as of now, and return the complete operation."""
        span = replace(operation.span, ended=now())
        ended: _T = replace(operation, span=span, end=end, **facts)  # type: ignore[arg-type]
        self._write(end_of(ended))
        return ended

    def mark(self, name: str, on: str = "", phase: str = "once", **facts: object) -> None:
        """Record something that happened now."""
        pairs = tuple((key, str(value)) for key, value in facts.items())
        self._write(mark_line(Mark(now(), name, on, phase, pairs)))

    def stalled(self, stall: Stall) -> None:
        """Record that this process stood still."""
        began, ended = stall
        facts = (("nanoseconds", str(ended - began)),)
        self._write(mark_line(Mark(ended, "stalled", self._by, "once", facts)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, line: dict[str, object]) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(data)


__all__ = ["Operation", "Recorder", "now"]
