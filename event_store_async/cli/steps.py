"""Steps: an input in parts, each of which is one append."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from ..events import NewEvent
from ..settings import Settings
from .documents import Input
from .drafts import Draft, Drafts


@dataclass(frozen=True, slots=True)
class AppendStep:
    """
    The events of one append.

    Attributes:
        events: The events, with ids.
        first: The place of the first one in the input, from 1.
        alone: Whether the input has no other events.
    """

    events: tuple[NewEvent, ...]
    first: int
    alone: bool


async def steps_of(
    source: Input, drafts: Drafts, settings: Settings, stream: UUID
) -> AsyncGenerator[AppendStep, None]:
    """
    Iterate over the steps of an input: each has as many events as one append may have.

    An input of one step keeps its random ids, so that appending it twice stores it twice. In an
    input of several, an event without an id gets one that is derived: from the stream, the content
    of the whole first step, and the event's place. The same input has the same ids again.

    Args:
        source: The input.
        drafts: Makes events of its documents.
        settings: The store's: its limits.
        stream: The stream to append to.

    Raises:
        CommandFailed: see `Input.batches` and `Drafts`.
    """
    key = hashlib.sha256(b"event-store append" + stream.bytes)
    waiting: list[Draft] = []
    size = 0
    namespace: UUID | None = None
    async for documents in source.batches():
        for document in documents:
            draft = drafts.add(document)
            if (
                len(waiting) == settings.max_append_events
                or size + draft.size > settings.max_append_bytes
            ):
                namespace = namespace or UUID(bytes=key.digest()[:16])
                yield _step(waiting, namespace)
                waiting, size = [], 0
            if namespace is None:
                _add(key, draft)
            waiting.append(draft)
            size += draft.size
    drafts.end()
    yield _step(waiting, namespace)


def _step(drafts: list[Draft], namespace: UUID | None) -> AppendStep:
    first = drafts[0].number if drafts else 1
    if namespace is None:
        return AppendStep(tuple(draft.event for draft in drafts), first, alone=True)
    events = tuple(
        draft.event
        if draft.identified
        else replace(draft.event, event_id=uuid5(namespace, str(draft.number)))
        for draft in drafts
    )
    return AppendStep(events, first, alone=False)


def _add(key: "hashlib._Hash", draft: Draft) -> None:
    encoded = draft.encoded
    for part in (
        (encoded.type or "").encode(),
        encoded.encoded_metadata or b"",
        encoded.encoded_payload,
    ):
        key.update(b"%d:" % len(part) + part)
