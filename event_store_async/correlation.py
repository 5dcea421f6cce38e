"""Correlation: what an append belongs to and what caused it, told once for all that is below."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from .errors import InvalidArgument
from .events import RecordedEvent

CORRELATION_ID: Final = "correlation_id"
"""The key in an event's metadata: what business transaction it belongs to."""

CAUSATION_ID: Final = "causation_id"
"""The key in an event's metadata: the id of the message that made it happen."""

_NOTHING: Final[Mapping[str, str]] = {}
_current: ContextVar[Mapping[str, str]] = ContextVar("event_store_correlation", default=_NOTHING)


@contextmanager
def correlated(
    correlation_id: UUID | str | None = None, causation_id: UUID | str | None = None
) -> Iterator[None]:
    """
    Write these ids into the metadata of every event appended inside, by tasks begun there too.

    They are carried by a context variable. What is left out stays as it was outside; what an
    event's own metadata says is kept.

    Args:
        correlation_id: The transaction: a request's id, a process's, a trace's.
        causation_id: The message that is being handled: a command's id, an event's.

    Raises:
        InvalidArgument: an id is neither a text nor a UUID, or is empty.
    """
    ids = dict(_current.get())
    for key, given in ((CORRELATION_ID, correlation_id), (CAUSATION_ID, causation_id)):
        if given is not None:
            ids[key] = _text(key, given)
    token = _current.set(ids)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def caused_by(event: RecordedEvent) -> Iterator[None]:
    """
    Write into the metadata of every event appended inside that this one caused it.

    Its id is their causation id. Its correlation id is theirs; where it has none, its own id is.

    Args:
        event: The event that is being handled.

    Raises:
        InvalidArgument: the event has no id: the Clojure original wrote it.
    """
    if event.event_id is None:
        raise InvalidArgument(f"event {event.version} of stream {event.stream_id} has no id")
    correlation_id = (event.metadata or {}).get(CORRELATION_ID, event.event_id)
    with correlated(correlation_id, event.event_id):
        yield


def with_correlation(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return an event's metadata with the ids that are in force here; its own come first."""
    ids = _current.get()
    return {**ids, **(metadata or {})} if ids else metadata


def _text(key: str, given: object) -> str:
    if not isinstance(given, UUID | str) or not str(given):
        raise InvalidArgument(f"a {key} is a text or a UUID, not {given!r}")
    return str(given)
