"""Printers that several commands share: of events, and of findings."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final

import orjson

from ..cassandra import FeedFinding
from ..escape import escape
from ..events import RecordedEvent
from ..maintenance import Earlier, StreamFinding
from .output import LineWriter, console, is_terminal, write_json, write_rendered
from .rendering import json_line, show

_BATCH: Final = 200


class Printer:
    """
    Prints events in batches.

    Args:
        as_json: Whether to print JSON lines; None for a readable form on a terminal and JSON lines
            elsewhere.
    """

    def __init__(self, as_json: bool | None) -> None:
        self._as_json = not is_terminal() if as_json is None else as_json
        self._waiting: list[RecordedEvent] = []
        self._console = console()

    async def print(self, event: RecordedEvent) -> None:
        """Print an event, now or with those that follow."""
        self._waiting.append(event)
        if len(self._waiting) >= _BATCH:
            await self.flush()

    async def flush(self) -> None:
        """Print the events that wait; raises `BrokenPipeError` if the reader has gone."""
        events, self._waiting = self._waiting, []
        if self._as_json:
            if events:
                await write_json(map(json_line, events))
            return
        with self._console.capture() as captured:
            for event in events:
                show(event, self._console)
        if text := captured.get():
            await write_rendered(text)


def earlier_lines(earlier: Earlier | None) -> list[str]:
    """Return the line of a report about what its counts take from a checkpoint, if anything."""
    if earlier is None:
        return []
    counts = ", ".join(f"{name} {count:,}" for name, count in asdict(earlier).items())
    return [f"resumed   the counts include an earlier run's, as its checkpoint says: {counts}"]


def finding_printer(
    as_json: bool, *, to_stderr: bool = False
) -> Callable[[StreamFinding | FeedFinding], Awaitable[None]]:
    """Return a callback that prints each finding as a line of text or JSON."""
    lines = LineWriter(as_json=as_json, to_stderr=to_stderr)

    async def print_finding(finding: StreamFinding | FeedFinding) -> None:
        await lines.write(orjson.dumps(finding).decode() if as_json else escape(str(finding)))

    return print_finding
