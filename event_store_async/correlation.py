"""Correlation: ids that say what events belong to and what caused them, set for a whole block."""

import functools
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

from .checks import check_callable, check_instance
from .errors import InvalidArgument
from .events import RecordedEvent
from .excerpt import excerpt
from .plain import plain_str, plain_uuid

P = ParamSpec("P")
R = TypeVar("R")

CORRELATION_ID: Final = "correlation_id"
"""The metadata key for the id of the business transaction that an event belongs to."""

CAUSATION_ID: Final = "causation_id"
"""The metadata key for the id of the message that caused an event."""

_NOTHING: Final[Mapping[str, str]] = {}
CURRENT: Final[ContextVar[Mapping[str, str]]] = ContextVar(
    "event_store_correlation", default=_NOTHING
)
"""The ids set for the current block; empty outside any block."""


class _Ids(dict[str, str]):
    """The ids of a block, the block, and what the context held before it."""

    __slots__ = ("before", "block")

    def __init__(self, block: "CorrelationBlock", ids: Mapping[str, str]) -> None:
        self.block = block
        self.before = CURRENT.get()
        super().__init__({**self.before, **ids})


class CorrelationBlock:
    """
    A block whose events get ids into their metadata: what `correlated` and `caused_by` return.

    It can be entered again, also by several tasks at once. As a decorator, it surrounds each call
    of a function, or of a coroutine function.
    """

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        CURRENT.set(_Ids(self, self._ids))

    def __exit__(self, *_: object) -> None:
        # Not by a token: a generator that is left half-way may be closed in another context, where
        # the ids were never set. A token raises there; and there is nothing to take back.
        ids = CURRENT.get()
        if isinstance(ids, _Ids) and ids.block is self:
            CURRENT.set(ids.before)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """
        Return the function, with each call inside the block.

        Raises:
            InvalidArgument: it is a generator function, which shares the context of its caller; or
                it is not callable.
        """
        check_callable("function", function)
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise InvalidArgument(
                "a generator function cannot be decorated: its caller would get the ids, too",
                hint="enter the block where the generator is used",
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def around(*args: P.args, **kwargs: P.kwargs) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", around)

        @functools.wraps(function)
        def in_block(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return in_block


def correlated(
    correlation_id: UUID | str | None = None, causation_id: UUID | str | None = None
) -> CorrelationBlock:
    """
    Write these ids into the metadata of every event that is appended inside the ``with`` block.

    This includes appends by tasks that are started inside it: the ids are in a context variable.
    An id that is left out keeps the value of the surrounding block, if there is one. An id that an
    event's own metadata contains is kept. It is a decorator, too: of functions and of coroutine
    functions.

    Args:
        correlation_id: The id of the transaction: of a request, a process or a trace, for example.
        causation_id: The id of the message that is being handled: a command or an event.

    Raises:
        InvalidArgument: an id is neither a str nor a UUID, or is an empty str.
    """
    given = ((CORRELATION_ID, correlation_id), (CAUSATION_ID, causation_id))
    return CorrelationBlock({key: _as_str(key, it) for key, it in given if it is not None})


def caused_by(event: RecordedEvent) -> CorrelationBlock:
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
    return correlated(correlation_id, event.event_id)


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
