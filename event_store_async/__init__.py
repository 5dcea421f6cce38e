"""
An asyncio-native event store on Apache Cassandra.

Import from here, and from these packages; everything else is private and may change in any release:

    event_store_async.aggregates     reducers, repositories and commands
    event_store_async.feeds          one log of all streams: positions, pages, selections
    event_store_async.subscriptions  code that handles the feed's events, in groups of processes
    event_store_async.typed          events of an application's own types
    event_store_async.privacy        personal data that can be made unreadable: forgetting a person
    event_store_async.testing        the contract of every store, a hostile store, given-when-then
    event_store_async.hooks          what a store reports of itself
    event_store_async.telemetry      hooks for OpenTelemetry, Prometheus and logs
    event_store_async.console        streams, feed and subscriptions in a browser
    event_store_async.embedded       a real Cassandra on this machine
    event_store_async.maintenance    count and verify whole stores
    event_store_async.archive        export and import whole stores
    event_store_async.cassandra      types for those who run a cluster

The layers, each of which imports only those above it:

    _typevars versions values          type variables; expected versions; frozen values
    plain moments extras counts        plain values; timestamps; install hints; counts
    tasks futures                      tasks side by side; futures that are answered at once
    cql_files excerpt json_input       the files of ``cql/``; values in messages; exact JSON
    iteration                          async generators whose steps may be cancelled
    escape                             text that nobody can hide anything in
    events                             what an application appends and reads
    errors                             every error, in one tree
    checks environment                 arguments checked; the variables ``EVENT_STORE_…``
    personal subject_key               what is personal; the keys of those whom it is about
    type_arguments                     the fields of generic types
    marked_fields                      which of them are personal
    marked_objects                     objects that hold some
    results retry codec correlation    outcomes; backoff; payloads as bytes; who caused what
    text_file                          small files, and pipes
    ring ids health                    the ring of tokens; fast UUIDs; what a probe sees
    stored stream_head cursor          events as they are stored; lists of streams
    snapshot                           aggregates at a version
    follower feeds                     a stream as it grows; the log of all streams
    hooks                              records for hooks
    settings statistics ports          limits and deadlines; how busy a store is; the ports
    encoding snapshots                 events encoded; snapshots stored
    memory_feed                        the log of a store in memory
    memory_groups memory_subscriptions   who works on it, and how far they are
    memory_row memory_stream           an event and a stream as a store in memory keeps them
    memory_table                       all that it keeps
    cassandra memory                   the store on Cassandra; the same promises in memory
    privacy                            personal data encrypted, on the ports alone
    typed aggregates                   on the ports alone
    subscriptions sql                  who handles which event, and how far; databases of views
    maintenance archive telemetry      whole stores; adapters for hooks
    embedded testing console cli       opt-in: a server, a test kit, pages, the command
"""

from importlib.metadata import version as _version

from .cassandra import (
    ConsistencyChoice,
    EventStore,
    SchemaReport,
    SchemaState,
    Tls,
)
from .codec import Codec, JsonCodec, RawCodec
from .correlation import CorrelationBlock, caused_by, correlated
from .errors import (
    AlreadyPublished,
    AppendOutcomeUnknown,
    AppendTooLarge,
    AuthenticationFailed,
    CategoriesMissing,
    CategoryOutcomeUnknown,
    CommandNotHandled,
    ConcurrentModification,
    ConnectionFailed,
    ErasureOutcomeUnknown,
    EventStoreError,
    FeedDisabled,
    FeedError,
    FeedInconsistent,
    ForeignPosition,
    HandlerCancelled,
    HandlerTimedOut,
    InvalidArchive,
    InvalidArgument,
    InvalidCheckpoint,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidKey,
    InvalidSnapshot,
    InvalidStreamId,
    KeyOutcomeUnknown,
    LeaseLost,
    LossyPayload,
    MasterKeyMissing,
    MistypedEvent,
    MisuseError,
    NotParked,
    NotPublished,
    PayloadNotEncodable,
    PrivacyError,
    RequestRefused,
    ResliceRefused,
    RestoreOutcomeUnknown,
    RolledBack,
    SchemaChangeFailed,
    SchemaError,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    SliceHeld,
    StoreClosed,
    StoreOverloaded,
    StoreUnavailable,
    StreamClosed,
    StreamError,
    StreamHole,
    StreamInconsistent,
    StreamTruncated,
    SubjectForgotten,
    SubscriptionError,
    SubscriptionMismatch,
    SubscriptionRunning,
    SubscriptionUnknown,
    TimeToLiveRefused,
    TlsFailed,
    TruncationMissing,
    UndecodableEvent,
    UndecodableSnapshot,
    UndecryptableField,
    UnknownEventType,
    ViewOutlived,
    WaitedInsideHandler,
    WrongCategory,
    WrongEventLoop,
    WrongProcess,
)
from .events import NewEvent, RecordedEvent, UnidentifiedEvent
from .feeds import BrokenEvent, Feed, FeedEvent, FeedPage, Position
from .follower import Polling
from .health import Health
from .hooks import Hook
from .memory import MemoryEventStore
from .ports import (
    CategorisedStore,
    CategoryStore,
    EventReader,
    EventReaderWriter,
    EventWriter,
    StreamFollower,
)
from .ports.erasure import StreamEraser
from .ports.feeds import FeedStore
from .ports.monitoring import HealthCheck
from .ports.snapshots import SnapshotStore
from .ports.streams import StreamLister
from .results import (
    AppendResult,
    Closed,
    Deleted,
    DeleteResult,
    Persisted,
    Truncated,
    TruncateResult,
)
from .retry import Backoff
from .settings import Settings
from .statistics import (
    DriverMetrics,
    FeedStatistics,
    SliceStatistics,
    Statistics,
    SubscriptionStatistics,
)
from .stream_head import StreamHead
from .versions import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    ExpectedVersion,
    StreamState,
)

__version__ = _version("event_store_async")

__all__ = [
    "ANY",
    "NO_STREAM",
    "STREAM_EXISTS",
    "AlreadyPublished",
    "AppendOutcomeUnknown",
    "AppendResult",
    "AppendTooLarge",
    "AuthenticationFailed",
    "Backoff",
    "BrokenEvent",
    "CategoriesMissing",
    "CategorisedStore",
    "CategoryOutcomeUnknown",
    "CategoryStore",
    "Closed",
    "Codec",
    "CommandNotHandled",
    "ConcurrentModification",
    "ConnectionFailed",
    "ConsistencyChoice",
    "CorrelationBlock",
    "DeleteResult",
    "Deleted",
    "DriverMetrics",
    "ErasureOutcomeUnknown",
    "EventReader",
    "EventReaderWriter",
    "EventStore",
    "EventStoreError",
    "EventWriter",
    "ExpectedVersion",
    "Feed",
    "FeedDisabled",
    "FeedError",
    "FeedEvent",
    "FeedInconsistent",
    "FeedPage",
    "FeedStatistics",
    "FeedStore",
    "ForeignPosition",
    "HandlerCancelled",
    "HandlerTimedOut",
    "Health",
    "HealthCheck",
    "Hook",
    "InvalidArchive",
    "InvalidArgument",
    "InvalidCheckpoint",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidKey",
    "InvalidSnapshot",
    "InvalidStreamId",
    "JsonCodec",
    "KeyOutcomeUnknown",
    "LeaseLost",
    "LossyPayload",
    "MasterKeyMissing",
    "MemoryEventStore",
    "MistypedEvent",
    "MisuseError",
    "NewEvent",
    "NotParked",
    "NotPublished",
    "PayloadNotEncodable",
    "Persisted",
    "Polling",
    "Position",
    "PrivacyError",
    "RawCodec",
    "RecordedEvent",
    "RequestRefused",
    "ResliceRefused",
    "RestoreOutcomeUnknown",
    "RolledBack",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaReport",
    "SchemaState",
    "SchemaTooNew",
    "Settings",
    "SliceHeld",
    "SliceStatistics",
    "SnapshotStore",
    "Statistics",
    "StoreClosed",
    "StoreOverloaded",
    "StoreUnavailable",
    "StreamClosed",
    "StreamEraser",
    "StreamError",
    "StreamFollower",
    "StreamHead",
    "StreamHole",
    "StreamInconsistent",
    "StreamLister",
    "StreamState",
    "StreamTruncated",
    "SubjectForgotten",
    "SubscriptionError",
    "SubscriptionMismatch",
    "SubscriptionRunning",
    "SubscriptionStatistics",
    "SubscriptionUnknown",
    "TimeToLiveRefused",
    "Tls",
    "TlsFailed",
    "TruncateResult",
    "Truncated",
    "TruncationMissing",
    "UndecodableEvent",
    "UndecodableSnapshot",
    "UndecryptableField",
    "UnidentifiedEvent",
    "UnknownEventType",
    "ViewOutlived",
    "WaitedInsideHandler",
    "WrongCategory",
    "WrongEventLoop",
    "WrongProcess",
    "__version__",
    "caused_by",
    "correlated",
]
