"""
Private. What an application asks of any event store: `event_store_async` exports the ports.

    events        read and follow streams, append to them
    streams       list the streams
    monitoring    ask a store for its health
"""

from .events import EventReader, EventReaderWriter, EventWriter, StreamFollower
from .monitoring import HealthCheck
from .streams import StreamLister

__all__ = [
    "EventReader",
    "EventReaderWriter",
    "EventWriter",
    "HealthCheck",
    "StreamFollower",
    "StreamLister",
]
