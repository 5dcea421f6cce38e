"""
Events of an application's own types, in any store.

    types       the registry: stored names, revisions, upcasters
    store       a store whose payloads are of those types
    feed        a feed whose payloads are of those types
    snapshots   stored snapshots whose aggregates are of those types
    payload     a stored payload as an event of those types
    shapes      converts events of one type to plain data and back
    marks       the personal fields of a type, in its plain data
    difference  finds what an event lost when it was stored

Dataclasses, TypedDicts and msgspec structs need msgspec (the extra ``typed``). Pydantic models need
pydantic (the extra ``pydantic``).
"""

from .feed import typed_feed
from .snapshots import typed_snapshots
from .store import TypedEventStore
from .types import EventType, EventTypes, UnknownEvent

__all__ = [
    "EventType",
    "EventTypes",
    "TypedEventStore",
    "UnknownEvent",
    "typed_feed",
    "typed_snapshots",
]
