"""The outcome of an append: in words, and as JSON."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from ..counts import counted
from ..events import RecordedEvent
from ..versions import ExpectedVersion, StreamState
from .output import write_json, write_lines


def outcome_json(outcome: str, stream: UUID, **more: Any) -> str:
    """Return an outcome as a line of JSON."""
    return orjson.dumps({"outcome": outcome, "stream_id": stream, **more}).decode()


async def write_stored(
    stream: UUID,
    events: Sequence[RecordedEvent],
    version: int,
    *,
    stored_earlier: bool,
    as_json: bool,
) -> None:
    """
    Write which events are stored: the version of each, or a line of JSON.

    Raises:
        BrokenPipeError, OutputLost: as `output.write_lines`.
    """
    if not as_json:
        await write_lines(str(event.version) for event in events)
        return
    line = outcome_json(
        "stored",
        stream,
        version=version,
        stored_earlier=stored_earlier,
        events=[{"version": event.version, "event_id": event.event_id} for event in events],
    )
    await write_json([line])


def conflict_words(stream: UUID, expected: ExpectedVersion, actual: int, stored: int = 0) -> str:
    """Return what a conflict means, after *stored* events of the input were stored."""
    wanted = expected.value if isinstance(expected, StreamState) else f"version {expected}"
    done = f"{stored_words(stored)}, the rest is not" if stored else "nothing was stored"
    return f"conflict: stream {stream} is at version {actual}, not at {wanted}; {done}"


def stored_words(count: int) -> str:
    """Return how many events of an input are stored, as a clause."""
    return f"{counted(count, 'event')} of the input {'is' if count == 1 else 'are'} stored"


def after_conflict(stream: UUID, expected: ExpectedVersion, actual: int) -> str:
    """Return what to do after a conflict in which nothing was stored."""
    if isinstance(expected, int) and expected < actual:
        return (
            f"see the newer events with `event-store read {stream} --from {expected + 1}` (none "
            f"if they were erased); to append after them, use --expected-version {actual}"
        )
    there = counted(actual, "event") if actual else "no events"
    return f"the stream has {there}; see `event-store head {stream}`"
