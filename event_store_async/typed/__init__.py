"""
Events of an application's own types, over any store.

    shapes      how one type becomes plain data and comes back
    types       the registry: stored names, revisions, upcasters
    store       a store that takes and gives events of those types

It needs msgspec (the extra ``typed``) for dataclasses, TypedDicts and msgspec's own structs, and
pydantic (the extra ``pydantic``) for models.
"""

from .store import TypedEventStore
from .types import EventType, EventTypes, UnknownEvent

__all__ = ["EventType", "EventTypes", "TypedEventStore", "UnknownEvent"]
