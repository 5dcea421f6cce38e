"""Correlation: sets, for a block of code, which ids its appends carry in their metadata."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from .errors import InvalidArgument
from .events import RecordedEvent

CORRELATION_ID: Final = "correlation_id"
"""The key in metadata for the business transaction that an event belongs to."""

CAUSATION_ID: Final = "causation_id"
"""The key in metadata for the id of the message that caused an event."""

_NOTHING: Final[Mapping[str, str]] = {}
_current: ContextVar[Mapping[str, str]] = ContextVar("event_store_correlation", default=_NOTHING)


@contextmanager
def correlated(
    correlation_id: UUID | str | None = None, causation_id: UUID | str | None = None
) -> Iterator[None]:
    """
    Write these ids into the metadata of every event appended in the block.

    They are kept in a context variable, so tasks started in the block have them too. An id that is
    left out stays as it is outside the block. An id in the event's own metadata takes precedence.

    Args:
        correlation_id: The transaction: the id of a request, a process or a trace.
        causation_id: The message that is being handled: the id of a command or an event.

    Raises:
        InvalidArgument: an id is neither a UUID nor a str, or it is empty.
    """
    ids = dict(_current.get())
    for key, given in ((CORRELATION_ID, correlation_id), (CAUSATION_ID, causation_id)):
        if given is not None:
            ids[key] = _as_str(key, given)
    token = _current.set(ids)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def caused_by(event: RecordedEvent) -> Iterator[None]:
    """
    Mark every event appended in the block as caused by this event.

    Its id becomes their causation id. Its correlation id becomes theirs; if it has none, its own id
    does.

    Args:
        event: The event that is being handled.

    Raises:
        InvalidArgument: the event has no id, since the Clojure original wrote it.
    """
    if event.event_id is None:
        raise InvalidArgument(f"event {event.version} of stream {event.stream_id} has no id")
    correlation_id = (event.metadata or {}).get(CORRELATION_ID, event.event_id)
    with correlated(correlation_id, event.event_id):
        yield


def with_correlation(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return metadata with the ids set for this block; ids that it has itself are kept."""
    ids = _current.get()
    return {**ids, **(metadata or {})} if ids else metadata


def _as_str(key: str, given: object) -> str:
    if not isinstance(given, UUID | str) or not str(given):
        raise InvalidArgument(f"{key} must be a UUID or a str that is not empty, not {given!r}")
    return str(given)
