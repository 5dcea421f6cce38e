"""
Every error that the library raises.

    EventStoreError
    ├── ConcurrentModification          the stream is at another version; nothing was stored
    ├── WrongCategory                   the stream is not of the view's category; nothing was stored
    ├── StreamClosed                    the stream is closed for ever; nothing was stored
    ├── AppendOutcomeUnknown            the events may be stored; append them again
    ├── RestoreOutcomeUnknown           the events may be stored; restore them again
    ├── CategoryOutcomeUnknown          the stream may have the category; categorise it again
    ├── ErasureOutcomeUnknown           the events may be gone; erase them again
    ├── StoreUnavailable                no quorum could be reached; nothing was stored
    ├── StoreOverloaded                 too many appends are queued; nothing was stored
    ├── RequestRefused                  refused for good; nothing was stored
    ├── InvalidArgument (ValueError)    an argument is not valid; nothing was sent
    │   ├── InvalidStreamId             not a UUID
    │   ├── ForeignPosition             a position in another feed
    │   ├── InvalidExpectedVersion      not an expected version
    │   ├── InvalidEvent                cannot be stored
    │   │   └── PayloadNotEncodable     the codec refuses its payload or metadata
    │   │       └── LossyPayload        its type does not store all of it
    │   ├── InvalidSnapshot             a snapshot cannot be stored
    │   ├── AppendTooLarge              too many bytes or events
    │   └── InvalidIdentifier           not a keyspace, table or datacenter name
    ├── MisuseError (RuntimeError)      the store cannot be used here; nothing was sent
    │   ├── StoreClosed                 it is closed
    │   ├── WrongEventLoop              it belongs to another event loop
    │   ├── WrongProcess                it was opened before a fork
    │   ├── SubscriptionRunning         the subscription runs already
    │   ├── ViewOutlived                the view is that of a forgotten subscription
    │   └── WaitedInsideHandler         a handler waits for its own subscription
    ├── ConnectionFailed                no node can be reached
    │   ├── AuthenticationFailed        the credentials were refused
    │   └── TlsFailed                   the TLS connection is not trusted
    ├── StreamError                     a stored stream or event is not valid
    │   ├── StreamHole                  events are missing
    │   ├── StreamTruncated             it was truncated while it was read
    │   ├── StreamInconsistent          an event has a version above the stream's
    │   ├── UndecodableEvent            no codec can decode it
    │   ├── UndecodableSnapshot         no codec can decode a stored snapshot
    │   ├── MistypedEvent               its payload does not fit its type
    │   └── UnknownEventType            its type, or its revision of it, is not registered
    ├── InvalidArchive                  a file of exported events is not valid
    ├── InvalidCheckpoint               a checkpoint file is not valid
    ├── FeedError                       something is wrong with a feed
    │   ├── AlreadyPublished            it is too late for a stream to get a category
    │   ├── NotPublished                an event was not in the feed in time
    │   └── FeedInconsistent            its tables contradict each other
    ├── SubscriptionError               something is wrong with a subscription
    │   ├── SubscriptionUnknown         it is not registered
    │   ├── SubscriptionMismatch        it is registered with another number of slices
    │   ├── LeaseLost                   another member or generation has the slice
    │   ├── NotParked                   an event is not the first parked one of its stream
    │   ├── ResliceRefused              the number of slices was changed too often in a row
    │   ├── SliceHeld                   a slice stays at an event that fails
    │   ├── HandlerTimedOut             a handler took too long
    │   ├── HandlerCancelled            a handler ended as if it was cancelled
    │   ├── RolledBack                  the transaction of a view was rolled back in silence
    │   └── CommandNotHandled           a command of a reaction was not carried out
    ├── PrivacyError                    something is wrong with a key or an encrypted field
    │   ├── SubjectForgotten            a subject is forgotten; nothing was stored
    │   ├── KeyOutcomeUnknown           the key may have been changed; repeat the call
    │   ├── MasterKeyMissing            a key is wrapped with a master key that is not given
    │   ├── InvalidKey                  a stored key cannot be unwrapped
    │   └── UndecryptableField          a field was changed, or moved from elsewhere
    └── SchemaError                     the table is not as the store needs it
        ├── SchemaMissing               it does not exist
        ├── FeedDisabled                it has no feed
        ├── SchemaOutdated              its schema version is too old
        │   ├── CategoriesMissing       it has no column for categories
        │   └── TruncationMissing       it has no column for truncated streams
        ├── SchemaTooNew                its schema version is too new
        ├── SchemaMismatch              its columns are not those of an event store
        ├── TimeToLiveRefused           its rows would expire
        └── SchemaChangeFailed          the change failed, or the nodes did not agree in time

All of them can be pickled and have their facts as attributes. ``message`` says what is wrong;
``hint`` says what to do about it, or is None. If there is an exception of the driver, it is the
``__cause__``.

    base         the base class
    argument     InvalidArgument and its subclasses
    misuse       MisuseError and its subclasses
    connection   ConnectionFailed and its subclasses
    outcome      how appends, restores, erasures and reads end without success
    stream       StreamError and its subclasses
    feed         FeedError and its subclasses
    subscription   SubscriptionError and its subclasses
    privacy      PrivacyError and its subclasses
    schema       SchemaError and its subclasses
    archive      InvalidArchive
    checkpoint   InvalidCheckpoint
"""

from .archive import InvalidArchive
from .argument import (
    AppendTooLarge,
    ForeignPosition,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidSnapshot,
    InvalidStreamId,
    LossyPayload,
    PayloadNotEncodable,
)
from .base import EventStoreError
from .checkpoint import InvalidCheckpoint
from .connection import AuthenticationFailed, ConnectionFailed, TlsFailed
from .feed import AlreadyPublished, FeedError, FeedInconsistent, NotPublished
from .misuse import (
    MisuseError,
    StoreClosed,
    SubscriptionRunning,
    ViewOutlived,
    WaitedInsideHandler,
    WrongEventLoop,
    WrongProcess,
)
from .outcome import (
    AppendOutcomeUnknown,
    CategoryOutcomeUnknown,
    ConcurrentModification,
    ErasureOutcomeUnknown,
    RequestRefused,
    RestoreOutcomeUnknown,
    StoreOverloaded,
    StoreUnavailable,
    StreamClosed,
    WrongCategory,
)
from .privacy import (
    InvalidKey,
    KeyOutcomeUnknown,
    MasterKeyMissing,
    PrivacyError,
    SubjectForgotten,
    UndecryptableField,
)
from .schema import (
    CategoriesMissing,
    FeedDisabled,
    SchemaChangeFailed,
    SchemaError,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    TimeToLiveRefused,
    TruncationMissing,
)
from .stream import (
    MistypedEvent,
    StreamError,
    StreamHole,
    StreamInconsistent,
    StreamTruncated,
    UndecodableEvent,
    UndecodableSnapshot,
    UnknownEventType,
)
from .subscription import (
    CommandNotHandled,
    HandlerCancelled,
    HandlerTimedOut,
    LeaseLost,
    NotParked,
    ResliceRefused,
    RolledBack,
    SliceHeld,
    SubscriptionError,
    SubscriptionMismatch,
    SubscriptionUnknown,
)

__all__ = [
    "AlreadyPublished",
    "AppendOutcomeUnknown",
    "AppendTooLarge",
    "AuthenticationFailed",
    "CategoriesMissing",
    "CategoryOutcomeUnknown",
    "CommandNotHandled",
    "ConcurrentModification",
    "ConnectionFailed",
    "ErasureOutcomeUnknown",
    "EventStoreError",
    "FeedDisabled",
    "FeedError",
    "FeedInconsistent",
    "ForeignPosition",
    "HandlerCancelled",
    "HandlerTimedOut",
    "InvalidArchive",
    "InvalidArgument",
    "InvalidCheckpoint",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidKey",
    "InvalidSnapshot",
    "InvalidStreamId",
    "KeyOutcomeUnknown",
    "LeaseLost",
    "LossyPayload",
    "MasterKeyMissing",
    "MistypedEvent",
    "MisuseError",
    "NotParked",
    "NotPublished",
    "PayloadNotEncodable",
    "PrivacyError",
    "RequestRefused",
    "ResliceRefused",
    "RestoreOutcomeUnknown",
    "RolledBack",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaTooNew",
    "SliceHeld",
    "StoreClosed",
    "StoreOverloaded",
    "StoreUnavailable",
    "StreamClosed",
    "StreamError",
    "StreamHole",
    "StreamInconsistent",
    "StreamTruncated",
    "SubjectForgotten",
    "SubscriptionError",
    "SubscriptionMismatch",
    "SubscriptionRunning",
    "SubscriptionUnknown",
    "TimeToLiveRefused",
    "TlsFailed",
    "TruncationMissing",
    "UndecodableEvent",
    "UndecodableSnapshot",
    "UndecryptableField",
    "UnknownEventType",
    "ViewOutlived",
    "WaitedInsideHandler",
    "WrongCategory",
    "WrongEventLoop",
    "WrongProcess",
]
