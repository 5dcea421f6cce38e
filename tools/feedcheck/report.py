"""`Report`: results as lines, and the progress of a run that takes longer."""

import time
from collections.abc import Iterator
from typing import TextIO

from .promises import MEANINGS, Promise
from .run import Result, Run
from .search import Found

HEADER = f"{'run':<22} {'states':>11} {'depth':>5}  result"
QUIET = 2.0
"""Seconds before the first word about a run's progress."""
PAUSE = 10.0
"""Seconds between two lines of progress that are not overwritten."""


def line(result: Result) -> str:
    """Return the result of a run as one line."""
    verdict = ", ".join(
        f"{trace.promise.name} in {len(trace.steps)} steps" for trace in result.traces
    )
    if not verdict:
        extent = "all states searched" if result.is_complete else "not all states searched"
        verdict = f"no violation, {extent}"
    expected = "UNEXPECTED: " + "; ".join(result.faults) if result.faults else "as expected"
    text = f"{result.run.name:<22} {result.states:>11,} {result.depth:>5}  {verdict}"
    return f"{text} [{expected}]"


def trace_lines(result: Result) -> Iterator[str]:
    """Give the traces of a run, a line for each step."""
    for trace in result.traces:
        yield f"  {trace.promise.name} ({result.run.about}):"
        for number, step in enumerate(trace.steps, 1):
            yield f"  {number:>3} {step}"
        yield f"   => {MEANINGS[Promise(trace.promise)]}"
        yield f"      {trace.end}"


class Progress:
    """Tells now and then how far a run has come."""

    def __init__(self, run: Run, stream: TextIO) -> None:
        self._run = run
        self._stream = stream
        self._overwrites = stream.isatty()
        self._due = time.monotonic() + QUIET
        self._has_told = False

    def told(self, found: Found) -> None:
        """Print a line, if it is time for one."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + (0.5 if self._overwrites else PAUSE)
        text = f"{self._run.name}: {found.states:,} states, depth {found.depth}"
        text += f", {found.seconds:.0f} s"
        self._has_told = True
        print(
            f"\r{text:<70}" if self._overwrites else text,
            end="" if self._overwrites else "\n",
            file=self._stream,
            flush=True,
        )

    def end(self) -> None:
        """Remove what is to be overwritten."""
        if self._overwrites and self._has_told:
            print(f"\r{'':<70}\r", end="", file=self._stream, flush=True)
