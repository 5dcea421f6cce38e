"""Trace links: from the correlation ids of events to the traces that they name."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from opentelemetry.trace import Link, SpanContext, TraceFlags

from ..correlation import CORRELATION_ID

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_ANY_SPAN: Final = 1
"""The id of a span, for a link to a trace of which no span is known. None would be no link."""
_MOST: Final = 128
"""How many links a span can have, unless the limits of the SDK are changed."""


def links_of(metadata: Iterable[Mapping[str, Any] | None]) -> list[Link]:
    """
    Return links to the traces of events, each once, at most 128.

    A correlation id may be a ``traceparent``, as the header of W3C; then the link leads to that
    span. A UUID, or 32 hexadecimal digits, is taken for the id of a trace. Any other leads nowhere.

    Args:
        metadata: The metadata of each event.
    """
    ids = dict.fromkeys(
        each[CORRELATION_ID]
        for each in metadata
        if isinstance(each, Mapping) and isinstance(each.get(CORRELATION_ID), str)
    )
    found: list[Link] = []
    for text in ids:
        place = _context(text)
        if place is not None and place.is_valid:
            found.append(Link(place))
        if len(found) == _MOST:
            break
    return found


def _context(text: str) -> SpanContext | None:
    if parent := _TRACEPARENT.fullmatch(text):
        trace, span, flags = (int(each, 16) for each in parent.groups())
        return SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
    try:
        return SpanContext(UUID(text).int, _ANY_SPAN, is_remote=True)
    except ValueError:
        return None
