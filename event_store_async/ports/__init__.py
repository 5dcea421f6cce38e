"""
Private. What an application asks of any event store: `event_store_async` exports the ports.

    events        read and follow streams, append to them
    categories    the category of a stream: a view that appends with it
    streams       list the streams
    erasure       truncate, delete and close streams
    feeds         read the feed of all streams
    keys          keep the keys that personal fields are encrypted with
    snapshots     keep snapshots of aggregates
    slices        what a store keeps of a subscription
    lag           how far a subscription is behind
    changes       changes of subscriptions that every store makes in the same way
    subscriptions  work on the feed in a group, and operate such groups
    transactions  keep a view and its checkpoint together
    monitoring    ask a store for its health
    wrapped_store  what stores around another one pass on
"""

from .categories import CategorisedStore, CategoryStore
from .erasure import StreamEraser
from .events import EventReader, EventReaderWriter, EventWriter, StreamFollower
from .feeds import FeedStore
from .keys import KeyStore, KeyWrapper, WrappedKey
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
    "KeyStore",
    "KeyWrapper",
    "SnapshotConversion",
    "SnapshotStore",
    "StreamEraser",
    "StreamFollower",
    "StreamLister",
    "WrappedKey",
]
