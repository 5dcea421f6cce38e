"""Payload: a stored payload as an event of an application's own types."""

from collections.abc import Mapping
from typing import Any, Final

from ..checks import is_int
from ..errors import MistypedEvent, UnknownEventType
from ..events import RecordedEvent
from .types import EventTypes, UnknownEvent

REVISION: Final = "$revision"
"""The key in stored metadata for the revision of a payload, if it is not the first."""


def typed_payload(types: EventTypes[Any], event: RecordedEvent, *, raw: bool = False) -> Any:
    """
    Return the payload of a stored event as one of the types.

    Args:
        types: The types.
        event: The event as the other store gives it.
        raw: Return an `UnknownEvent` if its type or revision is not registered.

    Raises:
        UnknownEventType: its type or revision is not registered.
        MistypedEvent: the payload does not fit its type, or an upcaster failed.
    """
    name, revision = event.type, (event.metadata or {}).get(REVISION, 1)
    known = types.revision(name)
    if name is not None and is_int(revision) and 1 <= revision <= known:
        try:
            return types.event(name, revision, event.payload)
        except Exception as error:
            raise MistypedEvent(
                event.stream_id, event.version, name, revision, event.payload, str(error)
            ) from error
    if raw:
        return UnknownEvent(name, revision, event.payload)
    raise UnknownEventType(event.stream_id, event.version, name, revision, known)


def own_metadata(metadata: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return metadata without the revision, which the store of typed events added to it."""
    if metadata is None or REVISION not in metadata:
        return metadata
    return {key: item for key, item in metadata.items() if key != REVISION} or None
