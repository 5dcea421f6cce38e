"""Events in JSON, as the command receives them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import orjson

from ..events import NewEvent
from .exit_codes import ExitCode
from .failures import CommandFailed
from .json_input import InexactJson, read_json

_MAX_BYTES: Final = 16 * 1024 * 1024
_ENVELOPE_KEYS: Final = {"payload", "type", "metadata", "event_id"}
_RECORDED_KEYS: Final = {"stream_id", "version", "timestamp"}
_HOW_TO_GIVE: Final = (
    "give events as arguments, with --file, or on standard input: "
    """echo '{"amount": 50}' | event-store append …"""
)

_QUOTE: Final = "in a shell, put the whole JSON in single quotes: '{\"amount\": 50}'"
_CORRECT: Final = "nothing was appended: correct the JSON and repeat the command"


def from_arguments(texts: Sequence[str]) -> list[Any]:
    """Parse each argument as JSON; raises `CommandFailed` if one is not."""
    return [_parse(text, f"argument {number}", _QUOTE) for number, text in enumerate(texts, 1)]


def from_file(path: Path | None) -> list[Any]:
    """
    Return a file's JSON documents: the items of an array, one document, or one per line.

    Args:
        path: The file; ``-`` or None for standard input.

    Raises:
        CommandFailed: the file cannot be read or is too long, or a line is not JSON.
    """
    if path is None and sys.stdin.isatty():
        raise _refusal("no events are given", _HOW_TO_GIVE)
    name = "standard input" if path is None or str(path) == "-" else str(path)
    try:
        if name == "standard input":
            data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _refusal(f"{name} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise _refusal(
            f"{name} is larger than {_MAX_BYTES // 1024 // 1024} MiB",
            "one append takes 1 MiB at most: split it into several",
        )
    return _documents(data, name)


def events_of(
    documents: Sequence[Any],
    *,
    types: Sequence[str],
    metadata: str | None,
    event_ids: Sequence[UUID],
) -> list[NewEvent]:
    """
    Return events whose payloads are the documents.

    Args:
        documents: The payloads.
        types: Empty, one type for all, or one for each.
        metadata: A JSON object for all of them; None for no metadata.
        event_ids: Empty, or one for each.

    Raises:
        CommandFailed: the counts do not match, or the metadata is not a JSON object.
    """
    count = len(documents)
    if len(types) not in {0, 1, count}:
        raise _refusal(
            f"the number of --type options ({len(types)}) is not that of events ({count})",
            "give one, or one for each event",
        )
    _check_count(event_ids, count)
    about = None if metadata is None else _parse(metadata, "--metadata", _QUOTE)
    if about is not None and not isinstance(about, dict):
        raise _refusal("--metadata must be a JSON object")
    names = [None] * count if not types else [*types] * (count if len(types) == 1 else 1)
    ids = event_ids or [uuid4() for _ in range(count)]
    return [
        NewEvent(payload, name, about, event_id)
        for payload, name, event_id in zip(documents, names, ids, strict=True)
    ]


def events_in(envelopes: Sequence[Any], event_ids: Sequence[UUID]) -> list[NewEvent]:
    """
    Return the events in envelopes, as `event-store read` prints them.

    Args:
        envelopes: The envelopes.
        event_ids: Empty, or one for each: the id for an envelope without one; an envelope that
            has an id must have the same.

    Raises:
        CommandFailed: one is not an envelope or has a different id, or the counts do not match.
    """
    _check_count(event_ids, len(envelopes))
    given: Sequence[UUID | None] = event_ids or [None] * len(envelopes)
    return [
        _opened(envelope, f"event {number}", event_id)
        for number, (envelope, event_id) in enumerate(zip(envelopes, given, strict=True), 1)
    ]


def _check_count(event_ids: Sequence[UUID], count: int) -> None:
    if event_ids and len(event_ids) != count:
        raise _refusal(
            f"the number of --event-id options ({len(event_ids)}) is not that of events ({count})",
            "give one for each event",
        )


def _opened(envelope: Any, name: str, given: UUID | None) -> NewEvent:
    if not isinstance(envelope, Mapping) or "payload" not in envelope:
        raise _refusal(
            f"{name} is not an envelope, which is a JSON object with a payload",
            'for example: {"type": "deposited", "payload": {"amount": 50}}',
        )
    if unknown := sorted(envelope.keys() - _ENVELOPE_KEYS - _RECORDED_KEYS):
        raise _refusal(f"{name} has unknown keys: {', '.join(unknown)}")
    event_id = _id_of(envelope, name)
    if event_id is not None and given not in {None, event_id}:
        raise _refusal(
            f"{name} has the event id {event_id}, but --event-id is {given}",
            "give the ids in the order of the events, or none if each event has its own",
        )
    return NewEvent(
        envelope["payload"],
        envelope.get("type"),
        envelope.get("metadata"),
        event_id or given or uuid4(),
    )


def _id_of(envelope: Mapping[str, Any], name: str) -> UUID | None:
    text = envelope.get("event_id")
    try:
        return None if text is None else UUID(text)
    except (ValueError, AttributeError, TypeError):
        raise _refusal(f"{name}: {text!r} is not a UUID") from None


def _documents(data: bytes, name: str) -> list[Any]:
    if not data.strip():
        raise _refusal(f"{name} is empty", _HOW_TO_GIVE)
    try:
        whole = read_json(data)
    except InexactJson as error:
        raise _inexact(name, error) from None
    except orjson.JSONDecodeError as error:
        lines = list(_lines(data))
        if len(lines) == 1 or not _is_json(lines[0][1]):
            # Then it is not one document per line, but one invalid document over many lines.
            raise _refusal(
                f"{name}, line {error.lineno}: not valid JSON: {error.msg}", _CORRECT
            ) from None
        return [_parse(line, f"{name}, line {number}", _CORRECT) for number, line in lines]
    return whole if isinstance(whole, list) else [whole]


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            yield number, line


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _parse(text: str | bytes, name: str, hint: str) -> Any:
    try:
        return read_json(text)
    except InexactJson as error:
        raise _inexact(name, error) from None
    except orjson.JSONDecodeError as error:
        raise _refusal(
            f"{name} is not valid JSON: {error.msg}, at character {error.colno}",
            "a JSON string needs double quotes: '\"text\"'"
            if isinstance(text, str) and text[:1].isalpha()
            else hint,
        ) from None


def _inexact(name: str, error: InexactJson) -> CommandFailed:
    return _refusal(
        f"{name}: {error}, and would be stored with another value",
        "nothing was appended: write a number as a string, and each key once",
    )


def _refusal(message: str, hint: str | None = None) -> CommandFailed:
    return CommandFailed(message, hint=hint, code=ExitCode.USAGE)
