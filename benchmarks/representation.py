"""The representation of an event: the time and memory that each Python type costs."""

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import msgspec
from anyio import to_thread

from event_store_async import RecordedEvent
from event_store_async.events import recorded_events

from .bench import Bench
from .results import Key

PAGE: Final = 2_000
OURS_AS_DRAFTS: Final = "frozen dataclass with slots, filled as drafts, a page at a time (ours)"

Row = tuple[UUID, int, dict[str, Any], datetime, UUID, str | None, None]


class _Named(NamedTuple):
    stream_id: UUID
    version: int
    payload: Any
    timestamp: datetime
    event_id: UUID | None = None
    type: str | None = None
    metadata: Any = None


class _Struct(msgspec.Struct, frozen=True):
    stream_id: UUID
    version: int
    payload: Any
    timestamp: datetime
    event_id: UUID | None = None
    type: str | None = None
    metadata: Any = None


class _Untracked(msgspec.Struct, frozen=True, gc=False):
    stream_id: UUID
    version: int
    payload: Any
    timestamp: datetime
    event_id: UUID | None = None
    type: str | None = None
    metadata: Any = None


@dataclass(slots=True)
class _Mutable:
    stream_id: UUID
    version: int
    payload: Any
    timestamp: datetime
    event_id: UUID | None = None
    type: str | None = None
    metadata: Any = None


class _Slots:
    __slots__ = ("event_id", "metadata", "payload", "stream_id", "timestamp", "type", "version")


class _Frozen(_Slots):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(name)


class _Twin(_Slots):
    """The same slots, but mutable: the class of an event only while it is being made."""

    __slots__ = ()
    stream_id: Any
    version: Any
    payload: Any
    timestamp: Any
    event_id: Any
    type: Any
    metadata: Any


_new: Final = object.__new__
"""All of a row but the stream."""


def _by_twin(
    stream_id: UUID,
    version: int,
    payload: Any,
    timestamp: datetime,
    event_id: UUID | None,
    type_: str | None,
    metadata: Any,
) -> Any:
    event: Any = _new(_Twin)
    event.stream_id = stream_id
    event.version = version
    event.payload = payload
    event.timestamp = timestamp
    event.event_id = event_id
    event.type = type_
    event.metadata = metadata
    event.__class__ = _Frozen
    return event


_MAKERS: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "frozen dataclass with slots, its own `__init__`": (
        RecordedEvent,
        "immutable; equal only to the same type; new fields are safe",
    ),
    "frozen class with slots, filled as a mutable twin of its": (
        _by_twin,
        "the same; both classes must have the same layout",
    ),
    "dataclass with slots, not frozen": (_Mutable, "mutable"),
    "`NamedTuple`": (
        _Named,
        "immutable; equal to any tuple; unpacked by position: a new field breaks callers",
    ),
    "`msgspec.Struct`, frozen": (_Struct, "immutable; would make msgspec a core dependency"),
    "`msgspec.Struct`, frozen, `gc=False`": (
        _Untracked,
        "the same; a payload that refers to its event is never freed",
    ),
    "plain tuple": (
        lambda *fields: fields,
        "no field names: the limit, a call that only returns its arguments",
    ),
}
REMARKS: Final = {OURS_AS_DRAFTS: "as with its own `__init__`"} | {
    name: remark for name, (_, remark) in _MAKERS.items()
}
LABELS: Final = {name: name for name in REMARKS} | {
    "frozen class with slots, filled as a mutable twin of its": (
        "frozen class with slots, filled through a mutable twin class"
    ),
}
"""How the names in recorded results are shown."""


async def representation(bench: Bench) -> None:
    """Make pages of events of each type, in turns, as a reader does; then read their fields."""
    rows = [_row(version) for version in range(1, PAGE + 1)]
    gc.collect()
    gc.freeze()  # collections must not traverse what else this process holds
    try:
        for number in range(bench.size.rounds):
            await _round(bench, rows, number)
    finally:
        gc.unfreeze()


async def _round(bench: Bench, rows: list[Row], number: int) -> None:
    names = list(REMARKS)
    shift = number % len(names)
    for done, name in enumerate([*names[shift:], *names[:shift]]):
        share = (number + done / len(names)) / bench.size.rounds
        bench.say(f"representation: {name}", share)
        pages = 20 if bench.size.quick else 100
        numbers = await to_thread.run_sync(_measured, _page_maker(name), rows, pages)
        bench.results.add(Key("representation", name, "an event", 0), numbers)


def _row(version: int) -> Row:
    return uuid4(), version, {"number": version}, datetime.now(UTC), uuid4(), "deposited", None


def _page_maker(name: str) -> Callable[[list[Row]], list[Any]]:
    if name == OURS_AS_DRAFTS:
        return recorded_events
    make = _MAKERS[name][0]
    return lambda rows: [make(*row) for row in rows]


def _measured(
    make: Callable[[list[Row]], list[Any]], rows: list[Row], pages: int
) -> dict[str, float]:
    (first,) = make(rows[:1])
    plain = not hasattr(first, "version")
    making = using = 0.0  # CPU seconds, so that other processes do not count
    page: list[Any] = []
    for _ in range(pages):
        begin = time.thread_time()
        page = make(rows)
        made = time.thread_time()
        if plain:
            for event in page:
                _ = event[1], event[2], event[5]
        else:
            for event in page:
                _ = event.version, event.payload, event.type
        making += made - begin
        using += time.thread_time() - made
    count = len(rows) * pages
    return {
        "made_ns": round(making / count * 1e9, 1),
        "used_ns": round(using / count * 1e9, 1),
        "bytes": sys.getsizeof(page[0]),
    }
