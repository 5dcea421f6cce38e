"""Lines: operations as JSON lines, in the format of format.md. No I/O."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from .operations import NEVER, Append, Erase, Mark, Operation, Placed, Read, Span, Version


def call_of(operation: Operation) -> dict[str, Any]:
    """Return the line of an operation's call."""
    span = operation.span
    line: dict[str, Any] = {"at": span.began, "by": span.by, "op": span.op}
    line |= {"stream": operation.stream, "within": span.within}
    match operation:
        case Append():
            line |= {
                "call": "append",
                "expected": operation.expected,
                "events": list(operation.events),
            }
        case Read():
            line |= {
                "call": "read",
                "from": operation.first,
                "count": operation.count,
                "backward": operation.backward,
                "serial": operation.serial,
                "final": operation.final,
            }
        case Version():
            line |= {"call": "version"}
        case Erase():
            line |= {"call": "erase", "what": operation.what, "before": operation.before}
    return line


def end_of(operation: Operation) -> dict[str, Any]:
    """Return the line of an operation's answer."""
    span = operation.span
    line: dict[str, Any] = {"at": span.ended, "by": span.by, "op": span.op, "end": operation.end}
    if operation.why:
        line["why"] = operation.why
    match operation:
        case Append(end="stored"):
            line |= {
                "version": operation.version,
                "events": [list(pair) for pair in operation.placed],
                "earlier": operation.earlier,
            }
        case Append(end="conflict"):
            line["actual"] = operation.version
        case Read(end="events"):
            line["events"] = [list(pair) for pair in operation.placed]
        case Version(end="version"):
            line["version"] = operation.version
        case Erase(end="erased"):
            line |= {"kept": operation.kept, "version": operation.version}
        case Erase(end="conflict"):
            line["actual"] = operation.version
        case _:
            pass
    return line


def mark_line(mark: Mark) -> dict[str, Any]:
    """Return the line of a mark."""
    line: dict[str, Any] = {"at": mark.at, "mark": mark.name, "on": mark.on, "phase": mark.phase}
    return line | dict(mark.facts)


def lines_of(operations: "list[Operation]") -> Iterator[dict[str, Any]]:
    """Return the lines of operations, in the order of their moments."""
    lines = [call_of(operation) for operation in operations]
    lines += [end_of(operation) for operation in operations if operation.end is not None]
    yield from sorted(lines, key=lambda line: (line["at"], "end" in line))


def parse_mark(line: Mapping[str, Any]) -> Mark:
    """Return the mark of a line that has the field "mark"."""
    known = {"at", "mark", "on", "phase"}
    facts = tuple((name, str(value)) for name, value in line.items() if name not in known)
    return Mark(line["at"], line["mark"], line.get("on", ""), line.get("phase", "once"), facts)


def parse_operation(call: Mapping[str, Any], end: Mapping[str, Any] | None) -> Operation:
    """Return the operation of a call's line and its answer's, if there is one."""
    ended = NEVER if end is None else end["at"]
    span = Span(call["by"], call["op"], call["at"], ended, call["within"])
    end = end or {}
    stream, why = call["stream"], end.get("why", "")
    match call["call"]:
        case "append":
            return Append(
                span,
                stream,
                call["expected"],
                tuple(map(sys.intern, call["events"])),
                end.get("end"),
                _placed(end),
                end.get("version", end.get("actual", 0)),
                end.get("earlier", False),
                why,
            )
        case "read":
            return Read(
                span,
                stream,
                call["from"],
                call["count"],
                call["backward"],
                call["serial"],
                call["final"],
                end.get("end"),
                _placed(end),
                why,
            )
        case "version":
            return Version(span, stream, end.get("end"), end.get("version", 0), why)
        case "erase":
            return Erase(
                span,
                stream,
                call["what"],
                call["before"],
                end.get("end"),
                end.get("kept", 0),
                end.get("version", end.get("actual", 0)),
                why,
            )
        case unknown:
            raise ValueError(f"no such call: {unknown!r}")


def _placed(end: Mapping[str, Any]) -> Placed:
    return tuple((version, sys.intern(event)) for version, event in end.get("events", ()))
