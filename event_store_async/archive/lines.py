"""The lines of an archive, as values and as JSON. No I/O."""

import base64
from collections.abc import Callable
from typing import Any, Final, TypeAlias
from uuid import UUID

import orjson

from ..checks import check_category, is_int
from ..json_input import read_own_json
from ..moments import MAX_TIMESTAMP, MIN_TIMESTAMP
from ..stored import StoredEvent
from ..values import value
from ..versions import MAX_VERSION

FORMAT: Final = "event-store-archive"
FORMAT_VERSION: Final = 1


@value
class Header:
    """
    The first line.

    Attributes:
        archive_id: Identifies this export.
        table: The table that was exported, as ``keyspace.table``.
        begun: When the export began, ISO 8601.
    """

    archive_id: UUID
    table: str
    begun: str


@value
class FirstEvent:
    """
    The line of the first event of a stream that has a category.

    The category is beside the event, since the first batch of an import sets it. Digests are over
    events, so they do not cover it.

    Attributes:
        event: The event, of version 1.
        category: The category of the stream.
    """

    event: StoredEvent
    category: str


@value
class StreamStart:
    """
    The line before the first event of a stream of which earlier ones, or all, are gone for good.

    Releases that do not know such streams do not know this line, and refuse it.

    Attributes:
        stream_id: The stream.
        kept_from: The version of its first event; if there is none, of the next one.
        closed: Whether it is closed for ever.
        category: Its category; None if it has none.
    """

    stream_id: UUID
    kept_from: int
    closed: bool
    category: str | None


@value
class StreamEnd:
    """
    The line after a stream's last event.

    Attributes:
        stream_id: The stream.
        events: How many of its events the file holds, from its first version on.
        digest: The digest over them, as `StreamDigest.value`, in hex.
    """

    stream_id: UUID
    events: int
    digest: str


@value
class ArchiveEnd:
    """
    The last line.

    Attributes:
        streams: How many streams the file holds.
        events: How many events.
        digest: The digest over all of them (`StoreDigest`).
    """

    streams: int
    events: int
    digest: str


Line: TypeAlias = Header | StoredEvent | FirstEvent | StreamStart | StreamEnd | ArchiveEnd
"""The value of a line."""


def write_line(line: Line) -> bytes:
    """Return a line as JSON, with its line ending."""
    return orjson.dumps(_object(line), option=orjson.OPT_APPEND_NEWLINE)


def _object(line: Line) -> dict[str, Any]:
    match line:
        case Header(archive_id=archive_id, table=table, begun=begun):
            return {
                "format": FORMAT,
                "format_version": FORMAT_VERSION,
                "archive": archive_id,
                "table": table,
                "begun": begun,
            }
        case FirstEvent(event=event, category=category):
            return {**_event_object(event), "category": category}
        case StreamStart(stream_id=stream_id, kept_from=kept_from, closed=closed):
            start = {"stream": stream_id, "kept_from": kept_from, "closed": closed}
            return start if line.category is None else {**start, "category": line.category}
        case StreamEnd(stream_id=stream_id, events=events, digest=digest):
            return {"stream": stream_id, "events": events, "digest": digest}
        case ArchiveEnd(streams=streams, events=events, digest=digest):
            return {"streams": streams, "events": events, "digest": digest}
        case _:
            return _event_object(line)


def _event_object(event: StoredEvent) -> dict[str, Any]:
    found: dict[str, Any] = {"stream": event.stream_id, "version": event.version}
    if event.timestamp is not None:
        found["timestamp"] = event.timestamp
    if event.event_id is not None:
        found["id"] = event.event_id
    if event.type is not None:
        found["type"] = event.type
    if event.content_type is not None:
        found["content_type"] = event.content_type
    for name, data in (("metadata", event.metadata), ("payload", event.payload)):
        if data is not None:
            # As a string, even if it is JSON: a string comes back bit for bit, whereas a JSON
            # library may change numbers, spaces and the order of keys.
            try:
                found[name] = data.decode()
            except UnicodeDecodeError:
                found[f"{name}_base64"] = base64.b64encode(data).decode()
    return found


def read_line(data: bytes) -> Line:
    """
    Return the value of a line.

    Raises:
        ValueError: it is not a line of an archive, or has a field twice; the message says why.
    """
    try:
        found = read_own_json(data)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - it is the line that is wrong
    fields = _Fields(found)
    if "format" in found:
        return _header(fields)
    if "version" in found:
        event = _event(fields)
        line: Line = event
        if "category" in found:
            if event.version != 1:
                raise ValueError(f"'category' is in the line of version {event.version}, not of 1")
            line = FirstEvent(event, fields.take("category", check_category))
    elif "kept_from" in found:
        line = StreamStart(
            fields.take("stream", UUID),
            fields.integer("kept_from", 1, MAX_VERSION),
            fields.boolean("closed"),
            fields.optional("category", check_category),
        )
    elif "streams" in found:
        line = ArchiveEnd(
            fields.integer("streams", 0),
            fields.integer("events", 0),
            fields.take("digest", _digest),
        )
    else:
        line = StreamEnd(
            fields.take("stream", UUID),
            fields.integer("events", 0),
            fields.take("digest", _digest),
        )
    fields.check_empty()
    return line


def _header(fields: "_Fields") -> Header:
    if fields.take("format", str) != FORMAT:
        raise ValueError("it is not a file of exported events")
    version = fields.integer("format_version", 1)
    if version > FORMAT_VERSION:
        raise ValueError(f"format version {version} is newer than this program knows")
    header = Header(
        fields.take("archive", UUID), fields.take("table", str), fields.take("begun", str)
    )
    fields.check_empty()
    return header


def _event(fields: "_Fields") -> StoredEvent:
    return StoredEvent(
        fields.take("stream", UUID),
        fields.integer("version", 1, MAX_VERSION),
        fields.binary("payload"),
        fields.integer("timestamp", MIN_TIMESTAMP, MAX_TIMESTAMP)
        if "timestamp" in fields.found
        else None,
        fields.optional("id", UUID),
        fields.optional("type", str),
        fields.optional("content_type", str),
        fields.binary("metadata"),
    )


def _digest(text: str) -> str:
    if len(text) != 64 or len(bytes.fromhex(text)) != 32:
        raise ValueError("not a digest")
    return text


class _Fields:
    """The fields of a line's object, taken one by one; a field that is left is an error."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def take(self, name: str, make: Callable[[str], Any]) -> Any:
        """Return a field that is a string, converted by *make*."""
        given = self.found.pop(name, None)
        try:
            if isinstance(given, str):
                return make(given)
        except ValueError:
            pass
        raise ValueError(f"{name!r} is missing or wrong: {given!r:.100}")

    def optional(self, name: str, make: Callable[[str], Any]) -> Any:
        """Return a field as `take` does; None if it is missing."""
        return self.take(name, make) if name in self.found else None

    def integer(self, name: str, smallest: int, largest: int = 2**63 - 1) -> int:
        """Return a field that is a whole number."""
        given = self.found.pop(name, None)
        if not is_int(given):
            raise ValueError(f"{name!r} must be a whole number, not {given!r:.100}")
        if not smallest <= given <= largest:
            raise ValueError(f"{name!r} must be {smallest} to {largest}, not {given}")
        return given

    def boolean(self, name: str) -> bool:
        """Return a field that is true or false."""
        given = self.found.pop(name, None)
        if not isinstance(given, bool):
            raise ValueError(f"{name!r} must be true or false, not {given!r:.100}")  # noqa: TRY004
        return given

    def binary(self, name: str) -> bytes | None:
        """Return a field that is bytes, as a string or in base64; None if it is missing."""
        coded = f"{name}_base64"
        if name in self.found and coded in self.found:
            raise ValueError(f"{name!r} is there twice, as text and in base64")
        if coded in self.found:
            data: bytes = self.take(coded, _from_base64)
            return data
        text = self.optional(name, str.encode)
        return text if text is None else bytes(text)

    def check_empty(self) -> None:
        """Raise ValueError if a field is left that was not taken."""
        if self.found:
            raise ValueError(f"unknown fields: {', '.join(sorted(self.found))}")


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
