"""
Private. What an application asks of any event store: `event_store_async` exports the ports.

    events        read and follow streams, append to them
    categories    the category of a stream: a view that appends with it
    streams       list the streams
    erasure       truncate, delete and close streams
    feeds         read the feed of all streams
    snapshots     keep snapshots of aggregates
    monitoring    ask a store for its health
"""

from .categories import CategorisedStore, CategoryStore
from .erasure import StreamEraser
from .events import EventReader, EventReaderWriter, EventWriter, StreamFollower
from .feeds import FeedStore
from .monitoring import HealthCheck
from .snapshots import SnapshotConversion, SnapshotStore
from .streams import StreamLister

__all__ = [
    "CategorisedStore",
    "CategoryStore",
    "EventReader",
    "EventReaderWriter",
    "EventWriter",
    "FeedStore",
    "HealthCheck",
    "SnapshotConversion",
    "SnapshotStore",
    "StreamEraser",
    "StreamFollower",
    "StreamLister",
]
