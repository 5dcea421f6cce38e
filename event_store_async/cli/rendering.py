"""Renders events: as JSON lines for programs, or in a readable form."""

import base64
import json
from typing import Any, Final

import orjson
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from ..events import RecordedEvent

_INDENT: Final = 4


def json_line(event: RecordedEvent) -> str:
    """Return an event as a line of JSON; a payload of bytes becomes ``payload_base64``."""
    fields: dict[str, Any] = {
        "stream_id": event.stream_id,
        "version": event.version,
        "timestamp": _moment(event),
        "event_id": event.event_id,
        "type": event.type,
        "metadata": event.metadata,
    }
    if isinstance(event.payload, bytes):
        fields["payload_base64"] = base64.b64encode(event.payload).decode()
    else:
        fields["payload"] = event.payload
    try:
        return orjson.dumps(fields).decode()
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, which another program has written
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=str)


def show(event: RecordedEvent, console: Console) -> None:
    """Print an event in a readable form: a heading, and the payload below it."""
    head = Text.assemble(
        (f"{event.version:>{_INDENT - 1}} ", "bold"),
        (_safe(event.type or "(no type)"), "cyan" if event.type else "dim"),
        (f"  {_moment(event)}", "dim"),
    )
    console.print(head)
    if isinstance(event.payload, bytes):
        console.print(Text(f"{' ' * _INDENT}{len(event.payload)} bytes that are not JSON", "dim"))
    else:
        console.print(_payload(event.payload, console.width))
    if event.metadata:
        console.print(Text(f"{' ' * _INDENT}metadata {_compact(event.metadata)}", "dim"))


def _payload(payload: Any, width: int) -> Text:
    text = _compact(payload)
    if len(text) > width - _INDENT:
        text = _safe(json.dumps(payload, ensure_ascii=False, indent=2))
    indented = "\n".join(f"{' ' * _INDENT}{line}" for line in text.splitlines())
    shown = Text(indented)
    JSONHighlighter().highlight(shown)
    return shown


def _compact(value: Any) -> str:
    return _safe(json.dumps(value, ensure_ascii=False))


def _safe(text: str) -> str:
    """Return a text with control characters escaped, so that it cannot control the terminal."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\u{ord(letter):04x}"
        for letter in text
    )


def _moment(event: RecordedEvent) -> str:
    return event.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
