"""
Ports: what an application asks of an event store, whichever one it is.

    events        read streams, append to them
    monitoring    ask a store for its health
"""

from .events import E, EventReader, EventReaderWriter, EventWriter, ReadConsistency
from .monitoring import HealthCheck

__all__ = [
    "E",
    "EventReader",
    "EventReaderWriter",
    "EventWriter",
    "HealthCheck",
    "ReadConsistency",
]
