"""Lines: deliveries as JSON lines, in the format of format.md. No I/O."""

import sys
from collections.abc import Mapping
from typing import Any

from .deliveries import Delivery, Item, Line, Located, Trouble


def line_of(value: Line) -> dict[str, Any]:
    """Return the line of a delivery, a position, or an error."""
    line: dict[str, Any] = {"at": value.at, "by": value.by}
    match value:
        case Delivery():
            return line | {
                "reader": value.reader,
                "after": value.after,
                "events": [list(item) for item in value.items],
                "position": value.position,
                "head": value.head,
                "types": list(value.types),
                "final": value.final,
            }
        case Located():
            located = [value.stream, value.version, value.ordinal]
            return line | {"located": located}
        case Trouble():
            return line | {"alarm" if value.alarm else "error": value.what}


def parse(line: Mapping[str, Any]) -> Line:
    """Return what a line says."""
    at, by = line["at"], line["by"]
    if "located" in line:
        return Located(at, by, *line["located"])
    if "alarm" in line:
        return Trouble(at, by, True, line["alarm"])
    if "error" in line:
        return Trouble(at, by, False, line["error"])
    return Delivery(
        at,
        by,
        line["reader"],
        line["after"],
        tuple(_item(*each) for each in line["events"]),
        line["position"],
        line["head"],
        tuple(line["types"]),
        line["final"],
    )


def _item(ordinal: int, stream: str, version: int, event: str, kind: str) -> Item:
    return Item(ordinal, sys.intern(stream), version, sys.intern(event), sys.intern(kind))
