"""
Private. What an application asks of any event store: `event_store_async` exports the ports.

    events        read streams, append to them
    monitoring    ask a store for its health
"""

from .events import EventReader, EventReaderWriter, EventWriter
from .monitoring import HealthCheck

__all__ = ["EventReader", "EventReaderWriter", "EventWriter", "HealthCheck"]
