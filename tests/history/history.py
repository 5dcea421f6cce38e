"""History: the lines of all processes of a run, as operations on streams."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .lines import parse_mark, parse_operation
from .operations import Mark, Operation
from .stalls import Stall


@dataclass(slots=True)
class History:
    """
    A run.

    Attributes:
        streams: The operations on each stream, in the order they began.
        marks: What else happened, in order.
        cut: The number of last lines cut short because their process was killed while writing.
    """

    streams: dict[str, list[Operation]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    cut: int = 0

    @property
    def operations(self) -> Iterator[Operation]:
        """All operations, stream by stream."""
        for operations in self.streams.values():
            yield from operations

    @property
    def killed(self) -> frozenset[str]:
        """The processes that were killed, whose calls have no answer."""
        return frozenset(mark.on for mark in self.marks if mark.name == "killed")

    @property
    def stalls(self) -> Mapping[str, Sequence[Stall]]:
        """When each process stood still, by process name."""
        found: dict[str, list[Stall]] = {}
        for mark in self.marks:
            if mark.name == "stalled":
                length = int(dict(mark.facts)["nanoseconds"])
                found.setdefault(mark.on, []).append((mark.at - length, mark.at))
        return found


def of_operations(operations: Iterable[Operation], marks: Iterable[Mark] = ()) -> History:
    """Return the history of these operations."""
    history = History(marks=sorted(marks, key=lambda mark: mark.at))
    for operation in sorted(operations, key=lambda operation: operation.span.began):
        history.streams.setdefault(operation.stream, []).append(operation)
    return history


def of_lines(lines: Iterable[Mapping[str, Any]]) -> History:
    """
    Return the history of these lines.

    Raises:
        ValueError: an answer without a call, a second answer, or two calls of the same name.
    """
    calls: dict[tuple[str, int], Mapping[str, Any]] = {}
    operations: list[Operation] = []
    marks: list[Mark] = []
    seen: set[tuple[str, int]] = set()
    for line in lines:
        if "mark" in line:
            marks.append(parse_mark(line))
            continue
        name = (line["by"], line["op"])
        if "call" in line:
            if name in seen:
                raise ValueError(f"two calls are {name}")
            seen.add(name)
            calls[name] = line
        elif (call := calls.pop(name, None)) is None:
            raise ValueError(f"an answer without a call, or a second one: {name}")
        else:
            operations.append(parse_operation(call, line))
    operations += [parse_operation(call, None) for call in calls.values()]
    return of_operations(operations, marks)


def load_all(directory: Path) -> History:
    """Read a run from all the files of its directory."""
    return load(*sorted(directory.glob("*.jsonl")))


def load(*paths: Path) -> History:
    """
    Read a run from its files.

    Raises:
        ValueError: a line, other than a file's last, is not as format.md describes.
    """
    cut = 0

    def lines() -> Iterator[Mapping[str, Any]]:
        nonlocal cut
        for path in paths:
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield json.loads(line)
                    else:
                        cut += 1

    history = of_lines(lines())
    history.cut = cut
    return history
