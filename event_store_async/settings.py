"""Settings: the limits, deadlines, hooks, and sources of time and ids of a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final
from uuid import UUID

from .checks import check_bool, check_callable, check_instance, check_int, check_positive
from .codec import compression
from .errors import InvalidArgument
from .hooks import Hook
from .ids import random_uuid
from .moments import utc_now
from .retry import Backoff

_MAX_IN_FLIGHT: Final = 4096


class _DefaultTimeout(float):
    """
    A `request_timeout` that the caller did not choose: 3 seconds, or `timeout` if that is shorter.

    The value itself says so, because `dataclasses.replace` passes it on as an argument: with a
    longer `timeout`, the copy has 3 seconds again.
    """

    @classmethod
    def within(cls, timeout: float) -> "_DefaultTimeout":
        """Return the default for a `timeout`, in seconds."""
        return cls(min(_REQUEST_TIMEOUT, timeout))


_REQUEST_TIMEOUT: Final = _DefaultTimeout(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The tunable parameters of a store. The defaults suit most applications.

    Numbers must be positive and finite.

    Attributes:
        timeout: Seconds before an append, or one page of a read, must be answered. Until then the
            request is repeated until its outcome is known.
        request_timeout: Seconds that one attempt may take. Keep it above the server's own limits
            (write_request_timeout 2 s, cas_contention_timeout 1.8 s): below them, the client gives
            up before the server's answer arrives. It must not be above `timeout`; its default is
            lowered to that, also in a copy that `dataclasses.replace` makes.
        close_timeout: Seconds that `close` waits for appends and restores in progress.
        max_append_bytes: The most bytes of payload and metadata in one append. A conditional batch
            goes through Paxos as one blob; the server's own limit is 16 MiB.
        max_append_events: The most events in one append.
        max_batch_events: The most events in one batch. Queued appends to one stream that expect
            `ANY` are stored together, by one conditional batch; 1 stores each append by itself.
        max_batch_bytes: The most bytes of payload and metadata in such a batch.
        compress_above: Payloads of more bytes than this are stored compressed with zstd; None
            disables compression. It needs the extra ``zstd``. So does reading compressed events,
            whatever this setting is.
        max_payload_bytes: The most bytes that a compressed payload may decompress to when it is
            read; one that does not fit is an `UndecodableEvent`. Payloads of more bytes are not
            compressed. It bounds the memory that a few stored bytes can demand.
        look_back: How many of the last versions of a stream are searched for the event ids that
            a caller gave, before they are appended.
        max_in_flight: The most requests in flight, 4,096 at most; further requests wait. Far below
            the size of the driver's queue (8,192), which therefore never overflows.
        max_waiting: The most appends queued for one stream, in this process; further appends fail
            with `StoreOverloaded`.
        max_pending: The most appends in progress or queued, to all streams, in this process;
            further appends fail with `StoreOverloaded`. Appends that share a batch count as one
            while it is in progress. Each takes some 16 KB of memory.
        known_heads: The number of streams whose last known version is kept. It spares an append
            without an exact expected version its first read.
        page_bytes: The target size of a page, in bytes, if the caller gives no page size.
        sequences: Whether the store also sequences the feed of its table, if it has one and no
            other store does. False leaves it to others: one of them must run.
        backoff: The pauses between attempts.
        clock: Returns the timestamps of events, as aware datetimes. Subclasses of datetime, such as
            freezegun's, are recorded as plain ones. A call for which it returns anything else
            raises `InvalidArgument`.
        new_event_id: Returns an id for an event that has none.
        hooks: Callables that receive the records of the store: see `event_store_async.hooks`, and
            the adapters in `event_store_async.telemetry`.

    Raises:
        InvalidArgument: a value is not valid.
    """

    timeout: float = 10.0
    request_timeout: float = _REQUEST_TIMEOUT
    close_timeout: float = 15.0
    max_append_bytes: int = 1024 * 1024
    max_append_events: int = 1000
    max_batch_events: int = 500
    max_batch_bytes: int = 256 * 1024
    compress_above: int | None = None
    max_payload_bytes: int = 64 * 1024 * 1024
    look_back: int = 100
    max_in_flight: int = 128
    max_waiting: int = 10_000
    max_pending: int = 20_000
    known_heads: int = 10_000
    page_bytes: int = 1024 * 1024
    sequences: bool = True
    backoff: Backoff = field(default_factory=Backoff)
    clock: Callable[[], datetime] = field(default=utc_now, repr=False)
    new_event_id: Callable[[], UUID] = field(default=random_uuid, repr=False)
    hooks: Sequence[Hook] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Check that numbers are in range, zstd is there if asked for, and hooks are callables."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.type is int:
                at_most = _MAX_IN_FLIGHT if item.name == "max_in_flight" else None
                check_int(item.name, value, at_least=1, at_most=at_most)
            elif item.type is bool:
                check_bool(item.name, value)
            elif item.type is float:
                check_positive(item.name, value, finite=True)
        if self.compress_above is not None:
            check_int("compress_above", self.compress_above, at_least=1)
            if not compression.available():
                raise InvalidArgument("zstd is not installed", hint=compression.HINT)
        check_instance("backoff", self.backoff, Backoff, "a Backoff")
        check_callable("clock", self.clock)
        check_callable("new_event_id", self.new_event_id)
        if isinstance(self.request_timeout, _DefaultTimeout):
            object.__setattr__(self, "request_timeout", _DefaultTimeout.within(self.timeout))
        elif self.request_timeout > self.timeout:
            raise InvalidArgument(
                f"request_timeout ({self.request_timeout}) must not be above timeout "
                f"({self.timeout}): one request cannot take longer than its call"
            )
        if isinstance(self.hooks, str) or not isinstance(self.hooks, Sequence):
            raise InvalidArgument(
                f"hooks must be a tuple of callables, not {type(self.hooks).__name__}",
                hint="for a single hook: hooks=(hook,)",
            )
        for hook in self.hooks:
            if not callable(hook):
                raise InvalidArgument(f"a hook must be callable, not {type(hook).__name__}")


def checked_settings(settings: Settings | None) -> Settings:
    """Return a store's settings, the defaults for None; raises `InvalidArgument`."""
    check_instance("settings", settings, Settings, "a Settings", optional=True)
    return settings or Settings()
