"""Correlation: ids that say what events belong to and what caused them, set for a whole block."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from .checks import check_instance
from .errors import InvalidArgument
from .events import RecordedEvent
from .excerpt import excerpt
from .plain import plain_str, plain_uuid

CORRELATION_ID: Final = "correlation_id"
"""The metadata key for the id of the business transaction that an event belongs to."""

CAUSATION_ID: Final = "causation_id"
"""The metadata key for the id of the message that caused an event."""

_NOTHING: Final[Mapping[str, str]] = {}
CURRENT: Final[ContextVar[Mapping[str, str]]] = ContextVar(
    "event_store_correlation", default=_NOTHING
)
"""The ids set for the current block; empty outside any block."""


@contextmanager
def correlated(
    correlation_id: UUID | str | None = None, causation_id: UUID | str | None = None
) -> Iterator[None]:
    """
    Write these ids into the metadata of every event that is appended inside the ``with`` block.

    This includes appends by tasks that are started inside it: the ids are in a context variable.
    An id that is left out keeps the value of the surrounding block, if there is one. An id that an
    event's own metadata contains is kept.

    Args:
        correlation_id: The id of the transaction: of a request, a process or a trace, for example.
        causation_id: The id of the message that is being handled: a command or an event.

    Raises:
        InvalidArgument: an id is neither a str nor a UUID, or is an empty str.
    """
    ids = dict(CURRENT.get())
    for key, given in ((CORRELATION_ID, correlation_id), (CAUSATION_ID, causation_id)):
        if given is not None:
            ids[key] = _as_str(key, given)
    before = CURRENT.get()
    CURRENT.set(ids)
    try:
        yield
    finally:
        # Not by a token: a generator that is left half-way may be closed in another context, where
        # the ids were never set. A token raises there; and there is nothing to take back.
        if CURRENT.get() is ids:
            CURRENT.set(before)


@contextmanager
def caused_by(event: RecordedEvent) -> Iterator[None]:
    """
    Mark every event that is appended inside the ``with`` block as caused by this one.

    Their causation id is its id. Their correlation id is its correlation id, or its id if it has
    none.

    Args:
        event: The event that is being handled.

    Raises:
        InvalidArgument: it is not a recorded event, or it has no id, since the Clojure original
            wrote it.
    """
    check_instance("event", event, RecordedEvent, "a RecordedEvent")
    if event.event_id is None:
        raise InvalidArgument(f"event {event.version} of stream {event.stream_id} has no id")
    check_instance("the metadata of event", event.metadata, Mapping, "a mapping", optional=True)
    correlation_id = (event.metadata or {}).get(CORRELATION_ID, event.event_id)
    with correlated(correlation_id, event.event_id):
        yield


def with_correlation(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return an event's metadata with the current ids added; the event's own ids are kept."""
    ids = CURRENT.get()
    return {**ids, **(metadata or {})} if ids else metadata


def _as_str(key: str, given: object) -> str:
    if not isinstance(given, UUID | str) or given == "":
        raise InvalidArgument(
            f"{key} must be a UUID or a str that is not empty, not {excerpt(given)}"
        )
    return str(plain_uuid(given)) if isinstance(given, UUID) else plain_str(given)
