"""Renders events: as JSON lines for programs, or in a readable form."""

import base64
import json
from typing import Any, Final

import orjson
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from ..counts import counted
from ..escape import escape
from ..events import RecordedEvent
from ..feeds import FeedEvent
from ..moments import moment_text

_INDENT: Final = 4


def json_line(event: RecordedEvent) -> str:
    """Return an event as a line of JSON; a payload of bytes becomes ``payload_base64``."""
    fields: dict[str, Any] = {}
    if isinstance(event, FeedEvent):
        fields["position"] = str(event.position)
        fields["ordinal"] = event.position.ordinal
        fields["category"] = event.category
    fields |= {
        "stream_id": event.stream_id,
        "version": event.version,
        "timestamp": moment_text(event.timestamp),
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
    if isinstance(event, FeedEvent):
        category = f"  {escape(event.category)}" if event.category else ""
        console.print(Text(f"{event.position.ordinal} {event.stream_id}{category}", "dim"))
    head = Text.assemble(
        (f"{event.version:>{_INDENT - 1}} ", "bold"),
        (escape(event.type or "(no type)"), "cyan" if event.type else "dim"),
        (f"  {moment_text(event.timestamp)}", "dim"),
    )
    console.print(head)
    if isinstance(event.payload, bytes):
        console.print(Text(f"{' ' * _INDENT}{_size(event.payload)} not JSON", "dim"))
    else:
        console.print(_payload(event.payload, console.width))
    if event.metadata:
        console.print(Text(f"{' ' * _INDENT}metadata {_compact(event.metadata)}", "dim"))


def _payload(payload: Any, width: int) -> Text:
    text = _compact(payload)
    if len(text) > width - _INDENT:
        text = escape(json.dumps(payload, ensure_ascii=False, indent=2), keep="\n")
    indented = "\n".join(f"{' ' * _INDENT}{line}" for line in text.split("\n"))
    shown = Text(indented)
    JSONHighlighter().highlight(shown)
    return shown


def _size(data: bytes) -> str:
    return f"{counted(len(data), 'byte')} that {'is' if len(data) == 1 else 'are'}"


def _compact(value: Any) -> str:
    return escape(json.dumps(value, ensure_ascii=False))
