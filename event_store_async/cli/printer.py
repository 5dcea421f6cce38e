"""A printer of events: for a person on a terminal, as JSON lines elsewhere."""

from typing import Annotated, Final

import typer

from ..events import RecordedEvent
from .arguments import FLAG
from .output import console, is_terminal, write_lines
from .rendering import json_line, show

_AT_ONCE: Final = 200

Form = Annotated[
    bool | None,
    typer.Option(
        "--json/--pretty",
        metavar=FLAG,
        help="JSON lines, or a form for people (a terminal gets that, a pipe JSON lines).",
        show_default=False,
    ),
]


class Printer:
    """
    Prints events, some at once.

    Args:
        as_json: Whether as JSON lines; None for what fits standard output.
    """

    def __init__(self, as_json: bool | None) -> None:
        self._as_json = not is_terminal() if as_json is None else as_json
        self._waiting: list[RecordedEvent] = []
        self._console = console()

    async def print(self, event: RecordedEvent) -> None:
        """Print an event, now or with those that follow."""
        self._waiting.append(event)
        if len(self._waiting) >= _AT_ONCE:
            await self.flush()

    async def flush(self) -> None:
        """Print all that waits; `BrokenPipeError` where nobody reads any more."""
        events, self._waiting = self._waiting, []
        if self._as_json:
            if events:
                await write_lines(map(json_line, events))
            return
        with self._console.capture() as captured:
            for event in events:
                show(event, self._console)
        if text := captured.get():
            await write_lines([text.removesuffix("\n")])
