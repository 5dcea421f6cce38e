"""
The line protocol of the peers: one JSON command per line on standard input, each answered.

The first line of output tells whether the peer is ready: `Ready` or `NotReady`. Then::

    {"do": "append", "count": 1000, "concurrency": 16, "payload_bytes": 200,
     "manner": "own", "seed": 1}          -> `Appended`
    {"do": "append", …, "manner": "hot", "stream": "<uuid>"}  the same stream in several peers
    {"do": "append", …, "manner": "locked", "stream": "<uuid>"}  with an expected version
    {"do": "append", …, "manner": "exact", "stream": "<uuid>"}  the same, one attempt each
    {"do": "batches", "count": 100, "members": 64, "payload_bytes": 200, "seed": 1,
     "before": false, "every_column": false}  by one caller, one after another   -> `Appended`
    {"do": "fill", "stream": "<uuid>", "count": 1000, "payload_bytes": 200}      -> `Filled`
    {"do": "read", "stream": "<uuid>", "page_size": null}                        -> `Counted`
    {"do": "read", …, "every": 100000}   with the memory after every 100,000 events; some peers
    {"do": "fill_streams", "streams": 1000, "events": 10, "seed": 1}             -> `Filled`
    {"do": "read_streams", "streams": 1000, "seed": 1, "concurrency": 32}        -> `Counted`
    {"do": "read_feed", "every": 40000}     the whole feed, in its order         -> `Counted`
    {"do": "subscribe", "slices": 16}       a new subscription catches up        -> `Counted`
    {"do": "project", "how": "projection", "slices": 1, "postgres": 5432,
     "count": 2000}                         into a new view in PostgreSQL        -> `Counted`
    {"do": "deliver", "count": 60, "pause_ms": 50, "seed": 1}                    -> `Delivered`
    {"do": "usage"}     what this process has used, and the end of the feed      -> `Used`
    {"do": "quit"}

Some peers know only some of the commands. A command that fails is answered with
``{"error": "…"}``, and the peer continues.
"""

import argparse
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args
from uuid import UUID

import orjson

LARGEST_COUNT = 10_000_000

Manner = Literal["own", "hot", "locked", "exact"]
"""
How callers append: ``own``, each to a stream of its own at its current version; and all to one
stream: ``hot``, without an expected version; ``locked``, with one, and again after each conflict;
``exact``, with one, in one attempt each: a conflict is an answer, too.
"""

_MANNERS: Final[tuple[Manner, ...]] = get_args(Manner)


@dataclass(frozen=True, slots=True)
class Options:
    """
    The address of the server; a peer that starts its own server ignores it.

    Attributes:
        contact: The address of a Cassandra node.
        port: Its native port.
        keyspace: The keyspace to create and use.
    """

    contact: str
    port: int
    keyspace: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A peer's name, version and promises."""

    name: str
    version: str
    guarantees: str
    notes: str
    ready: Literal[True] = True


@dataclass(frozen=True, slots=True)
class NotReady:
    """The reason why a peer cannot take part here, and what would help."""

    name: str
    reason: str
    hint: str
    ready: Literal[False] = False


class Unavailable(Exception):
    """A peer cannot take part on this machine; raised while it starts."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint


class CommandRefused(ValueError):
    """A line is not a command of the protocol."""


@dataclass(frozen=True, slots=True)
class Append:
    """
    Append events one by one, from several concurrent tasks or threads.

    Attributes:
        count: The total number of events.
        concurrency: The number of tasks or threads.
        payload_bytes: The size of each payload.
        manner: How they append.
        seed: The seed of the payloads.
        stream: The one stream of all; None for a new one.
    """

    count: int
    concurrency: int
    payload_bytes: int
    manner: Manner
    seed: int
    stream: UUID | None = None


@dataclass(frozen=True, slots=True)
class Batches:
    """
    Append batches of many events to a new stream, one after another.

    Attributes:
        count: The number of batches.
        members: The number of events in each.
        payload_bytes: The size of each payload.
        seed: The seed of the payloads.
        before: Whether all are encoded and bound before the clock starts.
        every_column: Whether each event also has a type and metadata.
    """

    count: int
    members: int
    payload_bytes: int
    seed: int
    before: bool = False
    every_column: bool = False


@dataclass(frozen=True, slots=True)
class Fill:
    """Write a stream to be read later."""

    stream: UUID
    count: int
    payload_bytes: int


@dataclass(frozen=True, slots=True)
class Read:
    """
    Read a whole stream.

    Attributes:
        stream: The stream.
        page_size: Events per page; None for the peer's default.
        every: Note the memory after every *every* events; None for never.
    """

    stream: UUID
    page_size: int | None
    every: int | None = None


@dataclass(frozen=True, slots=True)
class FillStreams:
    """
    Write many short streams, in two appends each.

    Attributes:
        streams: How many streams; `payloads.stream_ids` makes their ids from the seed.
        events: How many events each gets, at least 2.
        seed: The seed of the ids and the payloads.
    """

    streams: int
    events: int
    seed: int


@dataclass(frozen=True, slots=True)
class ReadStreams:
    """Read the streams of a `FillStreams`, some of them side by side."""

    streams: int
    seed: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """Read the feed from its beginning to its end."""

    every: int | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Handle the whole feed with a new subscription whose handler is empty."""

    slices: int


@dataclass(frozen=True, slots=True)
class Project:
    """
    Keep a new view of events in PostgreSQL.

    Attributes:
        how: ``"projection"`` with the peer's own projection, ``"hand"`` with pages of the feed and
            statements by hand, ``"rows"`` with the rows alone, made here.
        slices: The slices of the projection.
        port: The port of PostgreSQL.
        count: How many events; a projection, and pages by hand, take the whole feed.
    """

    how: Literal["projection", "hand", "rows"]
    slices: int
    port: int
    count: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """
    Append events one by one, each of which a follower in another process handles.

    Attributes:
        count: How many events.
        pause_ms: The mean pause between two appends, in milliseconds. Pauses differ, so that the
            appends do not fall into step with a poll.
        seed: The seed of the payloads and pauses.
    """

    count: int
    pause_ms: int
    seed: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tell what this process has used."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the process."""


FeedCommand = FillStreams | ReadStreams | ReadFeed | Subscribe | Project | Deliver | Usage
Command = Append | Batches | Fill | Read | FeedCommand | Quit


@dataclass(frozen=True, slots=True)
class Appended:
    """
    The result of an `Append` or of `Batches`.

    Attributes:
        seconds: From the first append's start to the last one's end.
        cpu_seconds: User and system time of this process in between.
        count: The number of events appended.
        latencies_us: The time of each append, or of each batch, in microseconds, including the
            wait for its turn.
        conflicts: Attempts that were refused and repeated.
        loop_seconds: The event loop thread's part of the CPU time; 0 if there is no event loop.
    """

    seconds: float
    cpu_seconds: float
    count: int
    latencies_us: list[int]
    conflicts: int
    loop_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Filled:
    """The result of a `Fill`."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Counted:
    """
    The result of a `Read`.

    Attributes:
        seconds: From the first page's start to the last event.
        cpu_seconds: As in `Appended`.
        count: The number of events read and decoded.
        loop_seconds: As in `Appended`.
        resident_mib: The memory of the process, before the first event and after every *every*.
    """

    seconds: float
    cpu_seconds: float
    count: int
    loop_seconds: float = 0.0
    resident_mib: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    The result of a `Deliver`.

    Attributes:
        latencies_us: For each event, from the call of its append to its handler in the follower's
            process, in order.
        count: The number of events.
    """

    latencies_us: list[int]
    count: int


@dataclass(frozen=True, slots=True)
class Used:
    """
    The answer to `Usage`.

    Attributes:
        cpu_seconds: The CPU time of this process, since it began.
        events: How many events the feed holds.
    """

    cpu_seconds: float
    events: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The error of a command that failed."""

    error: str


Answer = Ready | NotReady | Appended | Filled | Counted | Delivered | Used | Failed


def parse_options() -> Options:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="A peer of the benchmark.")
    parser.add_argument("--contact", default="127.0.0.1", help="a Cassandra node")
    parser.add_argument("--port", type=int, default=9042, help="its native port")
    parser.add_argument("--keyspace", default="bench_peer", help="the keyspace to create and use")
    given = parser.parse_args()
    return Options(given.contact, given.port, given.keyspace)


def parse_command(line: str) -> Command:
    """
    Return the command on a line.

    Raises:
        CommandRefused: The line is not a command.
    """
    try:
        fields = orjson.loads(line)
    except ValueError as error:
        raise CommandRefused(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise CommandRefused("a command must be a JSON object")
    match fields.get("do"):
        case "append":
            return Append(
                count=_number(fields, "count"),
                concurrency=_number(fields, "concurrency"),
                payload_bytes=_number(fields, "payload_bytes", 200),
                manner=_manner(fields),
                seed=_number(fields, "seed", 0, least=0),
                stream=_stream(fields) if "stream" in fields else None,
            )
        case "batches":
            return Batches(
                count=_number(fields, "count"),
                members=_number(fields, "members"),
                payload_bytes=_number(fields, "payload_bytes", 200),
                seed=_number(fields, "seed", 0, least=0),
                before=fields.get("before") is True,
                every_column=fields.get("every_column") is True,
            )
        case "fill":
            return Fill(
                _stream(fields), _number(fields, "count"), _number(fields, "payload_bytes", 200)
            )
        case "read":
            page_size = fields.get("page_size")
            return Read(
                _stream(fields),
                None if page_size is None else _number(fields, "page_size"),
                _number(fields, "every") if "every" in fields else None,
            )
        case "quit":
            return Quit()
        case other:
            return _parse_feed_command(fields, other)


def _parse_feed_command(fields: dict[str, Any], name: object) -> Command:
    seed = _number(fields, "seed", 0, least=0)
    match name:
        case "fill_streams":
            return FillStreams(_number(fields, "streams"), _number(fields, "events", least=2), seed)
        case "read_streams":
            return ReadStreams(_number(fields, "streams"), seed, _number(fields, "concurrency"))
        case "read_feed":
            return ReadFeed(_number(fields, "every") if "every" in fields else None)
        case "subscribe" | "project":
            return _parse_subscription_command(fields)
        case "deliver":
            return Deliver(_number(fields, "count"), _number(fields, "pause_ms"), seed)
        case "usage":
            return Usage()
    raise CommandRefused(
        "do must be append, fill, read, batches, fill_streams, read_streams, read_feed, subscribe, "
        f"project, deliver, usage or quit, not {name!r}"
    )


def _parse_subscription_command(fields: dict[str, Any]) -> Command:
    slices = _number(fields, "slices")
    if fields["do"] == "subscribe":
        return Subscribe(slices)
    how = fields.get("how")
    if how not in {"projection", "hand", "rows"}:
        raise CommandRefused(f"how must be projection, hand or rows, not {how!r}")
    return Project(how, slices, _number(fields, "postgres"), _number(fields, "count"))


def encode(answer: Answer) -> str:
    """Return the line of an answer."""
    return orjson.dumps(answer).decode() + "\n"


def failure(error: BaseException) -> Failed:
    """Return the answer to a command that raised; of an exception group, the first error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Failed(str(error) if isinstance(error, CommandRefused) else _named(error))


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _number(fields: dict[str, Any], name: str, default: int | None = None, least: int = 1) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST_COUNT:
        raise CommandRefused(f"{name} must be from {least} to {LARGEST_COUNT}, not {value!r}")
    return value


def _manner(fields: dict[str, Any]) -> Manner:
    given = fields.get("manner", "own")
    for manner in _MANNERS:
        if manner == given:
            return manner
    raise CommandRefused(f"manner must be one of {', '.join(_MANNERS)}, not {given!r}")


def _stream(fields: dict[str, Any]) -> UUID:
    try:
        return UUID(fields.get("stream"))
    except (TypeError, ValueError, AttributeError) as error:
        raise CommandRefused(f"stream must be a UUID, not {fields.get('stream')!r}") from error
