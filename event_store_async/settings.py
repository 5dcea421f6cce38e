"""Settings: limits, deadlines and sources of time and ids of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from .codec import compression
from .errors import InvalidArgument
from .hooks import Hook
from .ids import random_uuid
from .moments import utc_now
from .retry import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    What can be tuned in a store. Every default is meant to be right for most.

    Attributes:
        timeout: Seconds until an append, or one page of a read, must have an answer. Within it
            the request is repeated until its outcome is known.
        request_timeout: Seconds that one attempt may take. More than the server's own limits
            (write_request_timeout 2 s, cas_contention_timeout 1.8 s), or the server's answer
            would come too late to be heard.
        close_timeout: Seconds that `close` waits for what is in flight.
        max_append_bytes: Bytes of payload and metadata in one append. A conditional batch goes
            through Paxos as one blob; the server's own walls are at 16 MiB.
        max_append_events: Events in one append.
        max_batch_events: Events that several appends to one stream which expect `ANY` may have
            together, to be stored by one conditional batch; 1 stores each by one of its own.
        max_batch_bytes: Bytes of payload and metadata that they may have together.
        compress_above: Payloads of more bytes than this are stored compressed, by zstd; None is
            never. It needs the extra ``zstd``, as does reading them, which needs no setting.
        look_back: How many of a stream's last versions are searched for the event ids of an
            append that expects no exact version.
        max_in_flight: Requests at the server at once; the others wait their turn. Far below the
            driver's queue (8,192), so that this one never overflows.
        max_waiting: Appends that may wait for one stream at once, in this process.
        known_heads: Streams whose version is remembered, to spare an append without an exact
            expected version its first read.
        page_bytes: The size that pages of a read aim at, where the caller names no page size.
        backoff: The pauses between attempts.
        clock: Gives the events' timestamps: aware datetimes.
        new_event_id: Gives the ids of events that come without one.
        hooks: Who is told what happens in the store, record by record: see
            `event_store_async.hooks`, and the adapters in `event_store_async.telemetry`.
    """

    timeout: float = 10.0
    request_timeout: float = 3.0
    close_timeout: float = 15.0
    max_append_bytes: int = 1024 * 1024
    max_append_events: int = 1000
    max_batch_events: int = 500
    max_batch_bytes: int = 256 * 1024
    compress_above: int | None = None
    look_back: int = 100
    max_in_flight: int = 128
    max_waiting: int = 10_000
    known_heads: int = 10_000
    page_bytes: int = 1024 * 1024
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], datetime] = field(default=utc_now, repr=False)
    new_event_id: Callable[[], UUID] = field(default=random_uuid, repr=False)
    hooks: Sequence[Hook] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse numbers that are not positive, compression where there is none, and no hooks."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.type in {float, int}:
                _check_number(item.name, value, whole=item.type is int)
        if self.compress_above is not None:
            _check_number("compress_above", self.compress_above, whole=True)
            if not compression.available():
                raise InvalidArgument("zstd is not installed", hint=compression.HINT)
        if isinstance(self.hooks, str) or not isinstance(self.hooks, Sequence):
            raise InvalidArgument(
                f"hooks must be a tuple of callables, not {type(self.hooks).__name__}",
                hint="(hook,) is one",
            )
        for hook in self.hooks:
            if not callable(hook):
                raise InvalidArgument(f"a hook must be callable, not {type(hook).__name__}")


_MAX_IN_FLIGHT: Final = 4096


def _check_number(name: str, value: object, *, whole: bool) -> None:
    numeric = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, numeric):
        raise InvalidArgument(f"{name} must be a number, not {value!r}")
    if not 0 < value < float("inf"):
        raise InvalidArgument(f"{name} must be above 0 and finite, not {value!r}")
    if name == "max_in_flight" and value > _MAX_IN_FLIGHT:
        raise InvalidArgument(f"max_in_flight must be {_MAX_IN_FLIGHT} at most, not {value!r}")
